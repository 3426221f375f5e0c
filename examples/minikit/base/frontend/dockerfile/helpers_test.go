package dockerfile

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/minikit/client"
	"example.com/minikit/control"
	"example.com/minikit/frontend/dockerfile/builder"
	"example.com/minikit/solver/pb"
	"example.com/minikit/util/ociarchive"
	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

type frontend interface {
	// Attrs completes the options of a build with the name of the frontend's image.
	Attrs(attrs map[string]string) map[string]string
}

type gatewayFrontend struct {
	image string
}

func (f *gatewayFrontend) Attrs(attrs map[string]string) map[string]string {
	all := map[string]string{"source": f.image}
	for k, v := range attrs {
		all[k] = v
	}
	return all
}

// files are a build context: name to content, a folder if the name ends with a slash.
type files map[string]string

func (f files) write(t *testing.T) string {
	dir := t.TempDir()
	for name, content := range f {
		full := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(content), 0o600))
	}
	return dir
}

// build is a solve whose result can be looked at.
type build struct {
	dockerfile  string
	files       files
	attrs       map[string]string
	exportAttrs map[string]string
}

func (b build) try(t *testing.T, sb integration.Sandbox) (string, *control.Result, error) {
	c, err := client.New(sb.Address())
	require.NoError(t, err)
	out := t.TempDir()
	res, err := c.Solve(control.SolveSpec{
		Frontend: "gateway.v0",
		Attrs:    sb.Value("frontend").(frontend).Attrs(b.attrs),
		Locals: map[string]string{
			builder.LocalContext:    b.files.write(t),
			builder.LocalDockerfile: files{"Dockerfile": b.dockerfile}.write(t),
		},
		ExportAttrs: b.exportAttrs,
		Output:      out,
	}, nil)
	return out, res, err
}

// do builds and fails the test if the build fails.
func (b build) do(t *testing.T, sb integration.Sandbox) (string, *control.Result) {
	out, res, err := b.try(t, sb)
	require.NoError(t, err)
	return out, res
}

func read(t *testing.T, name ...string) string {
	dt, err := os.ReadFile(filepath.Join(name...))
	require.NoError(t, err)
	return string(dt)
}

// pushBase puts an image with one variable into the mirror.
func pushBase(t *testing.T, sb integration.Sandbox, ref, variable string) {
	archive := filepath.Join(t.TempDir(), "base.tar")
	img := pb.Image{Config: pb.ImageConfig{Env: []string{variable}, Labels: map[string]string{}}}
	require.NoError(t, ociarchive.Write(archive, img, map[string][]byte{"etc/base": []byte(variable)}))
	require.NoError(t, sb.Mirror().Push(ref, archive))
}
