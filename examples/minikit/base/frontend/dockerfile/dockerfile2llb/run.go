package dockerfile2llb

import (
	"strings"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

// runFlag reads one flag of RUN into op and says what it needs of the daemon.
type runFlag func(c *converter, s *stage, i parser.Instruction, op *pb.ExecOp) ([]string, error)

// runFlags are the flags that this build of the frontend has.
var runFlags = map[string]runFlag{}

func run(c *converter, s *stage, i parser.Instruction) error {
	op := &pb.ExecOp{Command: i.Args, Cwd: s.abs("."), Env: s.variables()}
	if words, err := s.words(i); err == nil && strings.HasPrefix(i.Args, `["`) {
		op.Command = strings.Join(words, " ")
	}
	caps := []string{pb.CapExecMetaBase}
	var known []string
	for name, read := range runFlags {
		more, err := read(c, s, i, op)
		if err != nil {
			return err
		}
		caps = append(caps, more...)
		known = append(known, name)
	}
	s.Ops = append(s.Ops, pb.Op{Name: i.Original, Caps: caps, Exec: op})
	return i.Only(known...)
}

// variables are a command's environment. The later one wins: an ENV hides an ARG of its name.
func (s *stage) variables() []string {
	var all []string
	for k, v := range s.args {
		all = append(all, k+"="+v)
	}
	return append(all, s.image.Config.Env...)
}
