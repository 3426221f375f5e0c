// Package solver carries out the steps of a definition, each stage in a folder of its own.
package solver

import (
	"fmt"
	"os"
	"strings"

	"example.com/minikit/solver/pb"
	"example.com/minikit/util/fscopy"
	"example.com/minikit/util/mirror"
	"example.com/minikit/util/shell"
)

// Solver solves definitions; its cache mounts outlive a single one.
type Solver struct {
	Root   string
	Mirror mirror.Mirror
	Mounts *CacheMounts
	Debug  func(format string, args ...interface{})
}

// Solve carries out def and returns the root file system of its last stage.
func (s *Solver) Solve(def *pb.Definition, context string) (string, error) {
	if err := pb.Check(def); err != nil {
		return "", err
	}
	if len(def.Stages) == 0 {
		return "", fmt.Errorf("the definition is empty")
	}
	work, err := os.MkdirTemp(s.Root, "solve")
	if err != nil {
		return "", err
	}
	b := build{Solver: s, context: context, work: work}
	for _, stage := range def.Stages {
		root, err := os.MkdirTemp(work, "stage")
		if err != nil {
			return "", err
		}
		b.stages = append(b.stages, root)
		for _, op := range stage.Ops {
			s.Debug("solving %s", op.Name)
			if err := b.do(op); err != nil {
				return "", err
			}
		}
	}
	return b.root(), nil
}

type build struct {
	*Solver
	context string
	work    string
	stages  []string
}

func (b *build) root() string {
	return b.stages[len(b.stages)-1]
}

// from is the folder that a copy or a bind mount reads.
func (b *build) from(stage *int) (string, error) {
	if stage == nil {
		return b.context, nil
	}
	if *stage < 0 || *stage >= len(b.stages) {
		return "", fmt.Errorf("there is no stage %d", *stage)
	}
	return b.stages[*stage], nil
}

func (b *build) do(op pb.Op) error {
	switch {
	case op.Source != nil:
		return b.source(op.Source)
	case op.Mkdir != nil:
		return os.MkdirAll(fscopy.Inside(b.root(), op.Mkdir.Path), 0o755)
	case op.Copy != nil:
		src, err := b.from(op.Copy.From)
		if err != nil {
			return err
		}
		return fscopy.Copy(fscopy.Spec{
			From:     src,
			Sources:  op.Copy.Sources,
			Root:     b.root(),
			Dest:     op.Copy.Dest,
			Excludes: op.Copy.Excludes,
		})
	case op.Exec != nil:
		if err := b.exec(op.Exec); err != nil {
			return fmt.Errorf("executor failed running [/bin/sh -c %s]: %w", op.Exec.Command, err)
		}
		return nil
	}
	return fmt.Errorf("%s: unknown kind of operation", op.Name)
}

func (b *build) source(op *pb.SourceOp) error {
	if op.Ref == "" {
		return nil
	}
	a, err := b.Mirror.Pull(op.Ref)
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Unpack(b.root())
}

func (b *build) exec(op *pb.ExecOp) error {
	mounted, release, err := b.mount(op.Mounts)
	if err != nil {
		return err
	}
	defer release()
	env := map[string]string{}
	for _, kv := range op.Env {
		if n := strings.Index(kv, "="); n > 0 {
			env[kv[:n]] = kv[n+1:]
		}
	}
	return shell.Run(shell.Root{
		Path: mounted.path,
		Env:  func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Cwd:  op.Cwd,
	}, op.Command)
}
