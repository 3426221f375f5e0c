// Package mirror is a registry in small: a folder of OCI archives.
package mirror

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"example.com/minikit/util/ociarchive"
)

// Mirror is the folder.
type Mirror string

// Familiar completes a name as people write it: `base` means docker.io/library/base:latest.
func Familiar(ref string) string {
	if !strings.Contains(ref[strings.LastIndex(ref, "/")+1:], ":") {
		ref += ":latest"
	}
	if !strings.Contains(ref, "/") {
		ref = "library/" + ref
	}
	return strings.TrimPrefix(ref, "docker.io/")
}

// Push stores a copy of an archive under a name.
func (m Mirror) Push(ref, archive string) error {
	src, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer src.Close()
	dest := m.path(ref)
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(dest), ".part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if _, err := io.Copy(part, src); err != nil {
		part.Close()
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	return os.Rename(part.Name(), dest)
}

// Remove forgets an image.
func (m Mirror) Remove(ref string) error {
	return os.Remove(m.path(ref))
}

// Pull opens an image.
func (m Mirror) Pull(ref string) (*ociarchive.Archive, error) {
	a, err := ociarchive.Open(m.path(ref))
	if os.IsNotExist(err) {
		return nil, fmt.Errorf("docker.io/%s: not found", Familiar(ref))
	}
	return a, err
}

func (m Mirror) path(ref string) string {
	return filepath.Join(string(m), "minikit", filepath.Clean("/"+strings.ReplaceAll(Familiar(ref), ":", "@"))+".tar")
}
