package fscopy

import (
	"io/fs"
	"os"
)

// copyEntry copies one file, what a link leads to, or makes one folder.
func copyEntry(src, dest string, d fs.DirEntry) error {
	if d.IsDir() {
		return os.MkdirAll(dest, 0o755)
	}
	return copyFile(src, dest)
}
