package builder

import (
	"fmt"
	"strconv"

	"example.com/minikit/frontend/dockerfile/dockerfile2llb"
)

// argDisableFileOp once asked for copies by commands.
const argDisableFileOp = "BUILDKIT_DISABLE_FILEOP"

func options(opts map[string]string) (dockerfile2llb.Opt, error) {
	opt := dockerfile2llb.Opt{Target: opts[keyTarget], BuildArgs: buildArgs(opts)}
	if v, ok := opt.BuildArgs[argDisableFileOp]; ok {
		if disable, err := strconv.ParseBool(v); err != nil || disable {
			return opt, fmt.Errorf("support for %q build-arg was removed in MiniKit 0.3", argDisableFileOp)
		}
	}
	return opt, nil
}
