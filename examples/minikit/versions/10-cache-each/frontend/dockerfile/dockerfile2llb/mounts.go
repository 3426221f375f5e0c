package dockerfile2llb

import "example.com/minikit/solver/pb"

// mountCaps says what a mount needs of the daemon.
func mountCaps(m pb.Mount) []string {
	switch m.Type {
	case pb.MountBind:
		return []string{pb.CapExecMountBind, pb.CapExecMountProp}
	case pb.MountCache:
		return []string{pb.CapExecMountCache}
	}
	return []string{pb.CapExecMountTmpfs}
}

// defaults fills in what the flag left out.
func defaults(m pb.Mount) pb.Mount {
	if m.Type == pb.MountBind {
		m.Propagation = "rprivate"
	}
	return m
}

// addMount adds a mount; each target of a cache is a mount of its own.
func addMount(mounts []pb.Mount, m pb.Mount) []pb.Mount {
	return append(mounts, defaults(m))
}
