package dockerfile2llb

import (
	"encoding/json"
	"fmt"
	"strings"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
)

func env(_ *converter, s *stage, i parser.Instruction) error {
	pairs, err := s.pairs(i)
	if err != nil {
		return err
	}
	list := append([]string{}, s.image.Config.Env...)
	for _, kv := range pairs {
		list = setEnv(list, kv[0], kv[1])
	}
	s.image.Config.Env = list
	return nil
}

func setEnv(list []string, key, value string) []string {
	for n, kv := range list {
		if strings.HasPrefix(kv, key+"=") {
			list[n] = key + "=" + value
			return list
		}
	}
	return append(list, key+"="+value)
}

// pairs reads `key=value …`, or the older `key value with blanks`.
func (s *stage) pairs(i parser.Instruction) ([][2]string, error) {
	words, err := s.words(i)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(words[0], "=") {
		if len(words) < 2 {
			return nil, fmt.Errorf("dockerfile parse error line %d: %s must have two arguments", i.Line, i.Cmd)
		}
		return [][2]string{{words[0], strings.Join(words[1:], " ")}}, nil
	}
	var pairs [][2]string
	for _, w := range words {
		kv := strings.SplitN(w, "=", 2)
		if len(kv) != 2 {
			return nil, fmt.Errorf("dockerfile parse error line %d: can't find = in %q", i.Line, w)
		}
		pairs = append(pairs, [2]string{kv[0], kv[1]})
	}
	return pairs, nil
}

func label(_ *converter, s *stage, i parser.Instruction) error {
	pairs, err := s.pairs(i)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for k, v := range s.image.Config.Labels {
		labels[k] = v
	}
	for _, kv := range pairs {
		labels[kv[0]] = kv[1]
	}
	s.image.Config.Labels = labels
	return nil
}

func workdir(_ *converter, s *stage, i parser.Instruction) error {
	words, err := s.words(i)
	if err != nil {
		return err
	}
	s.image.Config.WorkingDir = s.abs(words[0])
	s.Ops = append(s.Ops, pb.Op{
		Name:  i.Original,
		Caps:  []string{pb.CapFileBase},
		Mkdir: &pb.MkdirOp{Path: s.image.Config.WorkingDir},
	})
	return nil
}

func expose(_ *converter, s *stage, i parser.Instruction) error {
	words, err := s.words(i)
	if err != nil {
		return err
	}
	ports := map[string]struct{}{}
	for port := range s.image.Config.ExposedPorts {
		ports[port] = struct{}{}
	}
	for _, port := range words {
		if !strings.Contains(port, "/") {
			port += "/tcp"
		}
		ports[port] = struct{}{}
	}
	s.image.Config.ExposedPorts = ports
	return nil
}

func user(_ *converter, s *stage, i parser.Instruction) error {
	s.image.Config.User = i.Args
	return nil
}

func cmd(_ *converter, s *stage, i parser.Instruction) error {
	s.image.Config.Cmd = commandLine(i)
	return nil
}

func entrypoint(_ *converter, s *stage, i parser.Instruction) error {
	s.image.Config.Entrypoint = commandLine(i)
	s.image.Config.Cmd = nil
	return nil
}

// commandLine reads a JSON list, or gives the line to a shell.
func commandLine(i parser.Instruction) []string {
	var list []string
	if err := json.Unmarshal([]byte(i.Args), &list); err == nil {
		return list
	}
	return []string{"/bin/sh", "-c", i.Args}
}
