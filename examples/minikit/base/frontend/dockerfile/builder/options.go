package builder

import (
	"strconv"

	"example.com/minikit/frontend/dockerfile/dockerfile2llb"
)

// argDisableFileOp is a build argument that asks for copies by commands.
const argDisableFileOp = "BUILDKIT_DISABLE_FILEOP"

func options(opts map[string]string) (dockerfile2llb.Opt, error) {
	opt := dockerfile2llb.Opt{Target: opts[keyTarget], BuildArgs: buildArgs(opts)}
	if v, ok := opt.BuildArgs[argDisableFileOp]; ok {
		disable, err := strconv.ParseBool(v)
		if err != nil {
			return opt, err
		}
		opt.NoFileOp = disable
	}
	return opt, nil
}
