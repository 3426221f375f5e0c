package dockerfile2llb

import (
	"fmt"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

// copyFlag reads one flag of COPY or ADD into op.
type copyFlag func(c *converter, i parser.Instruction, op *pb.CopyOp) error

// copyFlags are the flags that this build of the frontend has.
var copyFlags = map[string]copyFlag{"from": fromFlag}

func copyFiles(c *converter, s *stage, i parser.Instruction) error {
	words, err := s.words(i)
	if err != nil {
		return err
	}
	if len(words) < 2 {
		return fmt.Errorf("dockerfile parse error line %d: %s requires at least two arguments", i.Line, i.Cmd)
	}
	op := &pb.CopyOp{Sources: words[:len(words)-1], Dest: s.abs(words[len(words)-1])}
	var known []string
	for name, read := range copyFlags {
		if err := read(c, i, op); err != nil {
			return err
		}
		known = append(known, name)
	}
	if err := i.Only(known...); err != nil {
		return err
	}
	if op.From == nil {
		op.Excludes = append(op.Excludes, c.opt.Excludes...)
	}
	s.Ops = append(s.Ops, pb.Op{Name: i.Original, Caps: []string{pb.CapFileBase}, Copy: op})
	return nil
}

func fromFlag(c *converter, i parser.Instruction, op *pb.CopyOp) error {
	name, ok := i.Flag("from")
	if !ok {
		return nil
	}
	n, ok := c.find(name)
	if !ok {
		return fmt.Errorf("dockerfile parse error line %d: invalid from flag value %s", i.Line, name)
	}
	op.From = &n
	return nil
}
