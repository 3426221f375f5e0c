// Package pb is the conversation between daemon and frontend: JSON on the pipes of the
// frontend's process. The daemon says hello, the frontend asks, the daemon answers.
package pb

import solver "example.com/minikit/solver/pb"

// Hello is the first message: who the daemon is and what the build is to be.
type Hello struct {
	Product string            `json:"product"`
	Version string            `json:"version"`
	Caps    []string          `json:"caps"`
	Opts    map[string]string `json:"opts"`
}

// Methods of a Call.
const (
	MethodReadFile = "readfile"
	MethodResolve  = "resolve"
	MethodConfig   = "config"
	MethodReturn   = "return"
	MethodFail     = "fail"
)

// Call is a message of the frontend.
type Call struct {
	Method string `json:"method"`
	// Local and Path name a file for readfile.
	Local string `json:"local,omitempty"`
	Path  string `json:"path,omitempty"`
	// Ref names an image for resolve and config.
	Ref string `json:"ref,omitempty"`
	// Definition ends the conversation well, Error does not.
	Definition *solver.Definition `json:"definition,omitempty"`
	Error      string             `json:"error,omitempty"`
}

// Answer is the daemon's to a call.
type Answer struct {
	Data     []byte        `json:"data,omitempty"`
	NotFound bool          `json:"notFound,omitempty"`
	Digest   string        `json:"digest,omitempty"`
	Image    *solver.Image `json:"image,omitempty"`
	Error    string        `json:"error,omitempty"`
}
