package control

import (
	"os"
	"path/filepath"
	"strings"

	"example.com/minikit/solver/pb"
)

// export moves the result to where the client wants it and completes the image's config.
func export(spec *SolveSpec, def *pb.Definition, root string) (*Result, error) {
	img := def.Image
	if img.Config.Labels == nil {
		img.Config.Labels = map[string]string{}
	}
	for k, v := range spec.ExportAttrs {
		if strings.HasPrefix(k, "label:") {
			img.Config.Labels[strings.TrimPrefix(k, "label:")] = v
		}
	}
	if spec.Output != "" {
		entries, err := os.ReadDir(root)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if err := os.Rename(filepath.Join(root, e.Name()), filepath.Join(spec.Output, e.Name())); err != nil {
				return nil, err
			}
		}
	}
	return &Result{Image: img}, nil
}
