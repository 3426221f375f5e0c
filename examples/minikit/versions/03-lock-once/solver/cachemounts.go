package solver

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"example.com/minikit/solver/pb"
)

// CacheMounts hands out the folders of cache mounts, each to one command at a time.
type CacheMounts struct {
	Dir string

	mu    sync.Mutex
	locks map[string]*sync.Mutex
}

func (c *CacheMounts) lock(id string) *sync.Mutex {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.locks == nil {
		c.locks = map[string]*sync.Mutex{}
	}
	if c.locks[id] == nil {
		c.locks[id] = &sync.Mutex{}
	}
	return c.locks[id]
}

// acquire locks the caches among mounts and returns their folders by the mount's position.
func (c *CacheMounts) acquire(mounts []pb.Mount) (map[int]string, func(), error) {
	var held []*sync.Mutex
	release := func() {
		for _, l := range held {
			l.Unlock()
		}
	}
	dirs := map[int]string{}
	mine := map[string]bool{}
	for i, m := range mounts {
		if m.Type != pb.MountCache {
			continue
		}
		if l := c.lock(m.ID); !mine[m.ID] {
			l.Lock()
			held = append(held, l)
			mine[m.ID] = true
		}
		dirs[i] = filepath.Join(c.Dir, fmt.Sprintf("%x", m.ID))
		if err := os.MkdirAll(dirs[i], 0o755); err != nil {
			release()
			return nil, nil, err
		}
	}
	return dirs, release, nil
}
