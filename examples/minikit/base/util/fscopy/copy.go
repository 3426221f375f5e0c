// Package fscopy copies between folders the way COPY does.
package fscopy

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Spec says what goes where; all paths are rooted in their folder.
type Spec struct {
	From     string
	Sources  []string
	Root     string
	Dest     string
	Excludes []string
}

// Inside maps a path of a build to one of the host that cannot leave root by dots.
func Inside(root, name string) string {
	return filepath.Join(root, filepath.Clean("/"+name))
}

// Copy carries out a spec.
func Copy(s Spec) error {
	for _, pattern := range s.Sources {
		found, err := filepath.Glob(Inside(s.From, pattern))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("failed to compute cache key: %q not found: not found", pattern)
		}
		wild := strings.ContainsAny(pattern, "*?[")
		for _, one := range found {
			if err := s.copy(one, wild); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s Spec) copy(one string, wild bool) error {
	st, err := os.Stat(one)
	if err != nil {
		return err
	}
	dest := Inside(s.Root, s.Dest)
	if !st.IsDir() && (strings.HasSuffix(s.Dest, "/") || wild || len(s.Sources) > 1) {
		dest = filepath.Join(dest, filepath.Base(one))
	}
	return filepath.WalkDir(one, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if s.excluded(name) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(one, name)
		if err != nil {
			return err
		}
		return copyEntry(name, filepath.Join(dest, rel), d)
	})
}

func (s Spec) excluded(name string) bool {
	rel, err := filepath.Rel(s.From, name)
	if err != nil {
		return false
	}
	for _, p := range s.Excludes {
		if ok, err := filepath.Match(filepath.Clean(p), rel); err == nil && ok {
			return true
		}
	}
	return false
}

func copyFile(src, dest string) error {
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(dest, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, st.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
