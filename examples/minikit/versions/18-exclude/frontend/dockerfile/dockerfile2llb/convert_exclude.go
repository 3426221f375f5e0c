//go:build dfexclude

package dockerfile2llb

import (
	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

func init() {
	copyFlags["exclude"] = excludeFlag
}

func excludeFlag(_ *converter, i parser.Instruction, op *pb.CopyOp) error {
	op.Excludes = append(op.Excludes, i.FlagValues("exclude")...)
	return nil
}
