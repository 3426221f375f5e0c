package pb

// Kinds of mounts.
const (
	MountBind  = "bind"
	MountCache = "cache"
	MountTmpfs = "tmpfs"
)

// Mount makes a folder visible at one or more places while a command runs.
type Mount struct {
	Type     string   `json:"type"`
	ID       string   `json:"id,omitempty"`
	From     *int     `json:"from,omitempty"`
	Source   string   `json:"source,omitempty"`
	Targets  []string `json:"targets"`
	Readonly bool     `json:"readonly,omitempty"`
	// Propagation says whether mounts below this one are seen; private if empty.
	Propagation string `json:"propagation,omitempty"`
}
