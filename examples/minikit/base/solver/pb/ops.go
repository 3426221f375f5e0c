// Package pb holds what a frontend hands to the daemon: build steps and an image config.
package pb

// Definition is a whole build. Stages are solved in order, the last one is exported.
type Definition struct {
	Stages []Stage `json:"stages"`
	Image  Image   `json:"image"`
	// Meta answers a request that is no build; there are no stages then.
	Meta map[string]string `json:"meta,omitempty"`
}

// Stage is a list of steps on one root file system.
type Stage struct {
	Name string `json:"name"`
	Ops  []Op   `json:"ops"`
}

// Op is one step; exactly one of its pointers is set.
type Op struct {
	Name   string    `json:"name"`
	Caps   []string  `json:"caps"`
	Source *SourceOp `json:"source,omitempty"`
	Mkdir  *MkdirOp  `json:"mkdir,omitempty"`
	Copy   *CopyOp   `json:"copy,omitempty"`
	Exec   *ExecOp   `json:"exec,omitempty"`
}

// SourceOp fills the root from an image; an empty Ref leaves it empty.
type SourceOp struct {
	Ref string `json:"ref"`
}

// MkdirOp makes a folder and its parents.
type MkdirOp struct {
	Path string `json:"path"`
}

// CopyOp copies from the context, or from an earlier stage if From names one.
type CopyOp struct {
	From     *int     `json:"from,omitempty"`
	Sources  []string `json:"sources"`
	Dest     string   `json:"dest"`
	Excludes []string `json:"excludes,omitempty"`
}

// ExecOp runs a command line in the daemon's built-in shell.
type ExecOp struct {
	Command string   `json:"command"`
	Env     []string `json:"env"`
	Cwd     string   `json:"cwd"`
	Mounts  []Mount  `json:"mounts,omitempty"`
	Network string   `json:"network,omitempty"`
}
