package ociarchive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Unpack writes all layers into dir.
func (a *Archive) Unpack(dir string) error {
	for _, l := range a.layers {
		r, ok := a.blobs[blob(l.Digest)]
		if !ok {
			return fmt.Errorf("layer %s is missing", l.Digest)
		}
		if err := unpackLayer(r, dir); err != nil {
			return fmt.Errorf("layer %s: %w", l.Digest, err)
		}
	}
	return nil
}

func unpackLayer(r io.Reader, dir string) error {
	b := bufio.NewReader(r)
	r = b
	if magic, err := b.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return err
		}
		r = z
	}
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unpackEntry(t, h, dir); err != nil {
			return err
		}
	}
}

func unpackEntry(r io.Reader, h *tar.Header, dir string) error {
	// Rooted before cleaning, so that no amount of ".." leaves the folder.
	dest := filepath.Join(dir, filepath.Clean("/"+h.Name))
	switch h.Typeflag {
	case tar.TypeDir:
		return os.MkdirAll(dest, 0o755)
	case tar.TypeSymlink:
		return os.Symlink(h.Linkname, dest)
	case tar.TypeReg:
		if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
			return err
		}
		return writeFile(dest, r, h.FileInfo().Mode().Perm())
	}
	return fmt.Errorf("%s is of a kind that cannot be unpacked: %q",
		h.Name, h.Typeflag)
}

func writeFile(dest string, r io.Reader, mode os.FileMode) error {
	f, err := os.OpenFile(dest, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
