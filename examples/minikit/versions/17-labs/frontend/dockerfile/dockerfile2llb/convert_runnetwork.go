package dockerfile2llb

import (
	"fmt"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

func init() {
	runFlags["network"] = networkFlag
}

func networkFlag(_ *converter, _ *stage, i parser.Instruction, op *pb.ExecOp) ([]string, error) {
	value, ok := i.Flag("network")
	if !ok {
		return nil, nil
	}
	if value != "none" && value != "default" {
		return nil, fmt.Errorf("dockerfile parse error line %d: unsupported network mode %q", i.Line, value)
	}
	op.Network = value
	return []string{pb.CapExecMetaNet}, nil
}
