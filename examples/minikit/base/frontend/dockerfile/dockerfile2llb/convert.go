// Package dockerfile2llb turns a Dockerfile into a definition.
package dockerfile2llb

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"example.com/minikit/frontend/dockerfile/parser"
	"example.com/minikit/solver/pb"
	"example.com/minikit/util/shell"
)

type stage struct {
	pb.Stage
	image pb.Image
	// args hold what ARG declared in this stage.
	args map[string]string
}

type converter struct {
	opt    Opt
	global map[string]string
	stages []*stage
}

type handler func(c *converter, s *stage, i parser.Instruction) error

var handlers = map[string]handler{
	"ARG":        arg,
	"ENV":        env,
	"WORKDIR":    workdir,
	"COPY":       copyFiles,
	"ADD":        copyFiles,
	"RUN":        run,
	"LABEL":      label,
	"EXPOSE":     expose,
	"USER":       user,
	"CMD":        cmd,
	"ENTRYPOINT": entrypoint,
}

// Convert makes the definition of the target stage, or of the last one.
func Convert(dt []byte, opt Opt) (*pb.Definition, error) {
	instructions, err := parser.Parse(dt)
	if err != nil {
		return nil, err
	}
	c := &converter{opt: opt, global: map[string]string{}}
	for _, i := range instructions {
		if err := c.convert(i); err != nil {
			return nil, err
		}
		if i.Cmd == "FROM" && len(c.stages) > 1 && c.isTarget(c.stages[len(c.stages)-2]) {
			c.stages = c.stages[:len(c.stages)-1]
			break
		}
	}
	return c.definition()
}

func (c *converter) isTarget(s *stage) bool {
	return c.opt.Target != "" && strings.EqualFold(c.opt.Target, s.Name)
}

func (c *converter) definition() (*pb.Definition, error) {
	if len(c.stages) == 0 {
		return nil, fmt.Errorf("no build stage in current context")
	}
	last := c.stages[len(c.stages)-1]
	if c.opt.Target != "" && !c.isTarget(last) {
		return nil, fmt.Errorf("target stage %s could not be found", c.opt.Target)
	}
	def := &pb.Definition{Image: last.image}
	for _, s := range c.stages {
		def.Stages = append(def.Stages, s.Stage)
	}
	return def, nil
}

func (c *converter) convert(i parser.Instruction) error {
	if i.Cmd == "FROM" {
		return c.from(i)
	}
	if len(c.stages) == 0 {
		if i.Cmd == "ARG" {
			return c.globalArg(i)
		}
		return fmt.Errorf("dockerfile parse error line %d: no build stage in current context", i.Line)
	}
	do, ok := handlers[i.Cmd]
	if !ok {
		return fmt.Errorf("dockerfile parse error line %d: unknown instruction: %s", i.Line, i.Cmd)
	}
	return do(c, c.stages[len(c.stages)-1], i)
}

func (c *converter) from(i parser.Instruction) error {
	if err := i.Only("platform"); err != nil {
		return err
	}
	words, err := shell.Words(i.Args, lookup(c.global))
	if err != nil {
		return err
	}
	s := &stage{args: map[string]string{}}
	switch {
	case len(words) == 3 && strings.EqualFold(words[1], "AS"):
		s.Name = words[2]
	case len(words) != 1:
		return fmt.Errorf("dockerfile parse error line %d: FROM requires either one or three arguments", i.Line)
	}
	if err := c.base(s, words[0]); err != nil {
		return err
	}
	c.stages = append(c.stages, s)
	return nil
}

func (c *converter) base(s *stage, ref string) error {
	s.image = newImage()
	if n, ok := c.find(ref); ok {
		s.image = c.stages[n].image
		s.Ops = append(s.Ops, pb.Op{
			Name: "FROM " + ref,
			Caps: []string{pb.CapFileBase},
			Copy: &pb.CopyOp{From: &n, Sources: []string{"/"}, Dest: "/"},
		})
		return nil
	}
	op := pb.Op{Name: "FROM " + ref, Caps: []string{pb.CapSourceImage}, Source: &pb.SourceOp{}}
	if ref != "scratch" {
		img, err := c.opt.Resolve(ref)
		if err != nil {
			return fmt.Errorf("failed to resolve source metadata for %s: %w", ref, err)
		}
		s.image = *img
		op.Source.Ref = ref
	}
	s.Ops = append(s.Ops, op)
	return nil
}

// find looks for an earlier stage by name or number.
func (c *converter) find(name string) (int, bool) {
	for n, s := range c.stages {
		if s.Name != "" && strings.EqualFold(s.Name, name) || fmt.Sprint(n) == name {
			return n, true
		}
	}
	return 0, false
}

func newImage() pb.Image {
	return pb.Image{
		Architecture: "amd64",
		OS:           "linux",
		Config: pb.ImageConfig{
			Env:          []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			ExposedPorts: map[string]struct{}{},
			Labels:       map[string]string{},
		},
	}
}

// words expands an instruction's arguments with the stage's variables.
func (s *stage) words(i parser.Instruction) ([]string, error) {
	if strings.HasPrefix(i.Args, "[") {
		var list []string
		if err := json.Unmarshal([]byte(i.Args), &list); err == nil {
			return list, nil
		}
	}
	return shell.Words(i.Args, s.lookup)
}

func (s *stage) lookup(name string) (string, bool) {
	for _, kv := range s.image.Config.Env {
		if strings.HasPrefix(kv, name+"=") {
			return kv[len(name)+1:], true
		}
	}
	v, ok := s.args[name]
	return v, ok
}

// abs completes a path with the stage's working directory; a slash at the end is kept.
func (s *stage) abs(name string) string {
	if path.IsAbs(name) {
		return name
	}
	full := path.Join("/", s.image.Config.WorkingDir, name)
	if strings.HasSuffix(name, "/") {
		full += "/"
	}
	return full
}

func lookup(vars map[string]string) shell.Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}
