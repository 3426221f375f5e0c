// Package control is the daemon's face to clients: JSON over a Unix socket, one request each.
package control

import "example.com/minikit/solver/pb"

// Request is what a client sends.
type Request struct {
	Method string     `json:"method"`
	Solve  *SolveSpec `json:"solve,omitempty"`
}

// SolveSpec describes a build.
type SolveSpec struct {
	Frontend string `json:"frontend"`
	// Attrs are the frontend's options; `source` names its image.
	Attrs map[string]string `json:"attrs"`
	// Locals are the folders `context` and `dockerfile`.
	Locals map[string]string `json:"locals"`
	// ExportAttrs are the exporter's options: `label:NAME`.
	ExportAttrs map[string]string `json:"exportAttrs,omitempty"`
	// Output is the folder that receives the result; empty for none.
	Output string `json:"output,omitempty"`
}

// Response is one message back: any number with a Vertex, then one with a Result or an Error.
type Response struct {
	Vertex string  `json:"vertex,omitempty"`
	Result *Result `json:"result,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// Result is what a request gave.
type Result struct {
	Image pb.Image `json:"image"`
	// Meta is what a frontend answered to a request that is no build.
	Meta    map[string]string `json:"meta,omitempty"`
	Workers []string          `json:"workers,omitempty"`
	Info    *Info             `json:"info,omitempty"`
}

// Info is what a daemon says of itself.
type Info struct {
	Worker string `json:"worker"`
}
