package pb

import "fmt"

// What a step may ask of the daemon that solves it.
const (
	CapSourceImage    = "source.image"
	CapFileBase       = "file.base"
	CapExecMetaBase   = "exec.meta.base"
	CapExecMetaNet    = "exec.meta.network"
	CapExecMountBind  = "exec.mount.bind"
	CapExecMountCache = "exec.mount.cache"
	CapExecMountTmpfs = "exec.mount.tmpfs"
	CapExecMountProp  = "exec.mount.propagation"
)

// Caps lists what this daemon can do.
func Caps() []string {
	return []string{
		CapSourceImage,
		CapFileBase,
		CapExecMetaBase,
		CapExecMetaNet,
		CapExecMountBind,
		CapExecMountCache,
		CapExecMountTmpfs,
		CapExecMountProp,
	}
}

// Check fails on the first capability of the definition that this daemon does not have.
func Check(def *Definition) error {
	known := map[string]bool{}
	for _, c := range Caps() {
		known[c] = true
	}
	for _, stage := range def.Stages {
		for _, op := range stage.Ops {
			for _, c := range op.Caps {
				if !known[c] {
					return fmt.Errorf("requested experimental feature %s is not supported by build server", c)
				}
			}
		}
	}
	return nil
}
