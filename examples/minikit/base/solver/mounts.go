package solver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.com/minikit/solver/pb"
	"example.com/minikit/util/fscopy"
)

// place is a mounted folder.
type place struct {
	target   string
	dir      string
	readonly bool
}

// places are what a command sees: the mounts, and the root file system under everything else.
type places []place

// path finds the innermost mount that holds a name.
func (p places) path(name string, writing bool) (string, error) {
	name = filepath.Clean("/" + name)
	best, rest := place{}, ""
	for _, m := range p {
		inner := strings.TrimPrefix(name+"/", strings.TrimSuffix(m.target, "/")+"/")
		if inner != name+"/" && len(m.target) >= len(best.target) {
			best, rest = m, inner
		}
	}
	if writing && best.readonly {
		return "", fmt.Errorf("%s: read-only file system: exit code: 1", name)
	}
	return fscopy.Inside(best.dir, rest), nil
}

// mount makes ready what op's mounts ask for; release gives cache mounts back.
func (b *build) mount(mounts []pb.Mount) (places, func(), error) {
	all := places{{target: "/", dir: b.root()}}
	dirs, release, err := b.Mounts.acquire(mounts)
	if err != nil {
		return nil, nil, err
	}
	for i, m := range mounts {
		dir := dirs[i]
		if m.Type != pb.MountCache {
			if dir, err = b.plain(m); err != nil {
				release()
				return nil, nil, err
			}
		}
		for _, target := range m.Targets {
			all = append(all, place{target: target, dir: dir, readonly: m.Readonly})
		}
	}
	return all, release, nil
}

func (b *build) plain(m pb.Mount) (string, error) {
	switch m.Type {
	case pb.MountBind:
		src, err := b.from(m.From)
		if err != nil {
			return "", err
		}
		return fscopy.Inside(src, m.Source), nil
	case pb.MountTmpfs:
		return os.MkdirTemp(b.work, "tmpfs")
	}
	return "", fmt.Errorf("unsupported mount type %q", m.Type)
}
