package builder

import (
	"fmt"
	"strings"

	"example.com/minikit/frontend/dockerfile/dockerfile2llb"
	"example.com/minikit/frontend/gateway/client"
	"example.com/minikit/solver/pb"
)

// Names of the folders that a build has.
const (
	LocalContext    = "context"
	LocalDockerfile = "dockerfile"
)

const (
	keyFilename  = "filename"
	keyTarget    = "target"
	keyBuildArgs = "build-arg:"
)

// fromDockerfile asks for the Dockerfile and converts it.
func fromDockerfile(c *client.Client) (*pb.Definition, error) {
	opt, err := options(c.Opts)
	if err != nil {
		return nil, err
	}
	filename := c.Opts[keyFilename]
	if filename == "" {
		filename = "Dockerfile"
	}
	dt, err := c.ReadFile(LocalDockerfile, filename)
	if err != nil {
		return nil, err
	}
	if dt == nil {
		return nil, fmt.Errorf("failed to read dockerfile: open %s: no such file or directory", filename)
	}
	ignore, err := c.ReadFile(LocalContext, ".dockerignore")
	if err != nil {
		return nil, err
	}
	opt.Excludes = strings.Fields(string(ignore))
	opt.Supports = c.Supports
	opt.Resolve = func(ref string) (*pb.Image, error) { return resolve(c, ref) }
	return dockerfile2llb.Convert(dt, opt)
}

func buildArgs(opts map[string]string) map[string]string {
	args := map[string]string{}
	for k, v := range opts {
		if strings.HasPrefix(k, keyBuildArgs) {
			args[strings.TrimPrefix(k, keyBuildArgs)] = v
		}
	}
	return args
}
