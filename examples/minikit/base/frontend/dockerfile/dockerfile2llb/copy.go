package dockerfile2llb

import (
	"fmt"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
	"example.com/minikit/util/shell"
)

func copyFiles(c *converter, s *stage, i parser.Instruction) error {
	op, err := c.copyOp(s, i)
	if err != nil {
		return err
	}
	if c.opt.NoFileOp {
		return c.copyByCommand(s, i, op)
	}
	s.Ops = append(s.Ops, pb.Op{Name: i.Original, Caps: []string{pb.CapFileBase}, Copy: op})
	return nil
}

func (c *converter) copyOp(s *stage, i parser.Instruction) (*pb.CopyOp, error) {
	if err := i.Only("from"); err != nil {
		return nil, err
	}
	words, err := s.words(i)
	if err != nil {
		return nil, err
	}
	if len(words) < 2 {
		return nil, fmt.Errorf("dockerfile parse error line %d: %s requires at least two arguments", i.Line, i.Cmd)
	}
	op := &pb.CopyOp{Sources: words[:len(words)-1], Dest: s.abs(words[len(words)-1])}
	from, ok := i.Flag("from")
	if !ok {
		op.Excludes = c.opt.Excludes
		return op, nil
	}
	n, ok := c.find(from)
	if !ok {
		return nil, fmt.Errorf("dockerfile parse error line %d: invalid from flag value %s", i.Line, from)
	}
	op.From = &n
	return op, nil
}

// copyByCommand copies with a command in a container, as before there were file operations.
func (c *converter) copyByCommand(s *stage, i parser.Instruction, op *pb.CopyOp) error {
	command := "copy"
	for _, p := range op.Excludes {
		command += " --exclude=" + shell.Quote(p)
	}
	for _, word := range append(append([]string{"/.src"}, op.Sources...), op.Dest) {
		command += " " + shell.Quote(word)
	}
	mount := pb.Mount{Type: pb.MountBind, From: op.From, Source: "/", Targets: []string{"/.src"}, Readonly: true}
	s.Ops = append(s.Ops, pb.Op{
		Name: i.Original,
		Caps: []string{pb.CapExecMetaBase, pb.CapExecMountBind},
		Exec: &pb.ExecOp{Command: command, Cwd: "/", Mounts: []pb.Mount{mount}},
	})
	return nil
}
