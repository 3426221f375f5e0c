package fscopy

import (
	"io/fs"
	"os"
	"path/filepath"
)

// copyEntry copies one file or link, or makes one folder.
func copyEntry(src, dest string, d fs.DirEntry) error {
	if d.IsDir() {
		return os.MkdirAll(dest, 0o755)
	}
	if d.Type()&fs.ModeSymlink == 0 {
		return copyFile(src, dest)
	}
	target, err := os.Readlink(src)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, dest)
}
