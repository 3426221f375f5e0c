package dockerfile2llb

import "example.com/minikit/solver/pb"

// Opt is what a build asks of the conversion.
type Opt struct {
	BuildArgs map[string]string
	Target    string
	// Excludes are the patterns of .dockerignore.
	Excludes []string
	// Resolve reads the config of a base image.
	Resolve func(ref string) (*pb.Image, error)
	// Supports tells what the daemon can do.
	Supports func(capability string) bool
}
