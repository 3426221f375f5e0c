package dockerfile2llb

import (
	"strings"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/util/shell"
)

// globalArg handles an ARG before the first FROM.
func (c *converter) globalArg(i parser.Instruction) error {
	kv := strings.SplitN(i.Args, "=", 2)
	if v, ok := c.opt.BuildArgs[kv[0]]; ok {
		c.global[kv[0]] = v
		return nil
	}
	if len(kv) == 1 {
		return nil
	}
	v, err := shell.Expand(kv[1], lookup(c.global))
	c.global[kv[0]] = v
	return err
}

// arg handles an ARG of a stage: the build's value, else its own default, else the global one.
func arg(c *converter, s *stage, i parser.Instruction) error {
	kv := strings.SplitN(i.Args, "=", 2)
	if v, ok := c.opt.BuildArgs[kv[0]]; ok {
		s.args[kv[0]] = v
		return nil
	}
	if len(kv) == 1 {
		s.args[kv[0]] = c.global[kv[0]]
		return nil
	}
	v, err := shell.Expand(kv[1], s.lookup)
	s.args[kv[0]] = v
	return err
}
