//go:build dfrunmount
// +build dfrunmount

package dockerfile2llb

import (
	"fmt"
	"strings"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

func init() {
	runFlags["mount"] = mountFlag
}

func mountFlag(c *converter, s *stage, i parser.Instruction, op *pb.ExecOp) ([]string, error) {
	var caps []string
	for _, flag := range i.FlagValues("mount") {
		m, err := c.parseMount(s, i, flag)
		if err != nil {
			return nil, err
		}
		caps = append(caps, mountCaps(m)...)
		op.Mounts = addMount(op.Mounts, m)
	}
	return caps, nil
}

func (c *converter) parseMount(s *stage, i parser.Instruction, flag string) (pb.Mount, error) {
	m := pb.Mount{Type: pb.MountBind}
	for _, field := range strings.Split(flag, ",") {
		kv := strings.SplitN(field, "=", 2)
		value := ""
		if len(kv) == 2 {
			value = kv[1]
		}
		if err := c.setField(s, &m, kv[0], value); err != nil {
			return m, fmt.Errorf("dockerfile parse error line %d: %w", i.Line, err)
		}
	}
	if len(m.Targets) == 0 {
		return m, fmt.Errorf("dockerfile parse error line %d: target is required", i.Line)
	}
	switch m.Type {
	case pb.MountBind:
		m.Readonly = true
	case pb.MountCache:
		if m.ID == "" {
			m.ID = m.Targets[0]
		}
	case pb.MountTmpfs:
	default:
		return m, fmt.Errorf("dockerfile parse error line %d: unsupported mount type %q", i.Line, m.Type)
	}
	return m, nil
}

func (c *converter) setField(s *stage, m *pb.Mount, key, value string) error {
	switch key {
	case "type":
		m.Type = value
	case "id":
		m.ID = value
	case "source", "src":
		m.Source = value
	case "target", "dst", "destination":
		m.Targets = []string{s.abs(value)}
	case "from":
		n, ok := c.find(value)
		if !ok {
			return fmt.Errorf("invalid from value %s", value)
		}
		m.From = &n
	default:
		return fmt.Errorf("unexpected key '%s' in '%s=%s'", key, key, value)
	}
	return nil
}
