package dockerfile

import (
	"math/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	integration.InitOCIWorker()
	integration.InitContainerdWorker()
}

var allTests = []integration.Test{
	testCmdShell,
	testGlobalArg,
	testQuotedMetaArgs,
	testDockerfileDirs,
	testDockerfileInvalidCommand,
	testDefaultEnvWithArgs,
	testEnvEmptyFormatting,
	testExposeExpansion,
	testLabels,
	testExportLabels,
	testDockerignore,
	testMultiStageCaseInsensitive,
	testTarget,
	testAddWildcard,
	testCopySymlinks,
	testAddWildcard,
	testBaseImageNoParallel,
	testBaseImageMoved,
	testCgroupParent,
}

// mountTests come last, because some of them must not run beside others.
var mountTests []integration.Test

var opts []integration.TestOpt

func init() {
	frontends := map[string]interface{}{}
	if gw := os.Getenv("FRONTEND_GATEWAY_ONLY"); gw != "" {
		name := "buildkit_test/" + newID() + ":latest"
		opts = append(opts, integration.WithMirroredImages(map[string]string{name: gw}))
		frontends["gateway"] = &gatewayFrontend{image: name}
	}
	opts = append(opts, integration.WithMatrix("frontend", frontends))
}

// newID makes a name that no other run has.
func newID() string {
	r := rand.New(rand.NewSource(time.Now().UnixNano()))
	id := make([]byte, 25)
	for n := range id {
		id[n] = "0123456789abcdefghijklmnopqrstuvwxyz"[r.Intn(36)]
	}
	return string(id)
}

func TestIntegration(t *testing.T) {
	if os.Getenv("FRONTEND_GATEWAY_ONLY") == "" {
		t.Skip("FRONTEND_GATEWAY_ONLY names no frontend")
	}
	integration.Run(t, allTests, opts...)
	integration.Run(t, fileOpTests, fileOpOpts()...)
	integration.Run(t, mountTests, opts...)
}

func testCmdShell(t *testing.T, sb integration.Sandbox) {
	_, res := build{dockerfile: `
FROM scratch
CMD hello $WHO
`}.do(t, sb)
	require.Equal(t, []string{"/bin/sh", "-c", "hello $WHO"}, res.Image.Config.Cmd)

	_, res = build{dockerfile: `
FROM scratch
ENTRYPOINT ["hello", "world"]
`}.do(t, sb)
	require.Equal(t, []string{"hello", "world"}, res.Image.Config.Entrypoint)
	require.Equal(t, []string(nil), res.Image.Config.Cmd)
}

func testGlobalArg(t *testing.T, sb integration.Sandbox) {
	b := build{dockerfile: `
ARG base=nothere
FROM $base AS final
ARG base
RUN echo -n $base > out
`, attrs: map[string]string{"build-arg:base": "scratch"}}
	out, _ := b.do(t, sb)
	require.Equal(t, "scratch", read(t, out, "out"))

	b.attrs = nil
	_, _, err := b.try(t, sb)
	require.ErrorContains(t, err, "docker.io/library/nothere:latest: not found")
}

func testQuotedMetaArgs(t *testing.T, sb integration.Sandbox) {
	out, _ := build{dockerfile: `
ARG a1="foo"
ARG a2='bar'
FROM scratch
ARG a1
ARG a2
RUN echo -n $a1 $a2 > out
`}.do(t, sb)
	require.Equal(t, "foo bar", read(t, out, "out"))
}

func testDockerfileDirs(t *testing.T, sb integration.Sandbox) {
	dir := files{
		"Dockerfile": "FROM scratch\nCOPY foo /foo2\nCOPY foo /\nRUN [ -f foo ] && [ -f foo2 ]\n",
		"foo":        "bar",
	}.write(t)
	args := []string{"build", "--local=context=" + dir, "--local=dockerfile=" + dir}
	for k, v := range sb.Value("frontend").(frontend).Attrs(nil) {
		args = append(args, "--opt="+k+"="+v)
	}
	dt, err := sb.Cmd(args...).CombinedOutput()
	require.True(t, err == nil, string(dt))

	dt, err = sb.Cmd("debug", "workers").CombinedOutput()
	require.True(t, err == nil, string(dt))
	require.Equal(t, sb.Name()+"\n", string(dt))
}

func testDockerfileInvalidCommand(t *testing.T, sb integration.Sandbox) {
	for _, x := range []struct{ name, line, message string }{
		{"instruction", "FOO bar", "unknown instruction: FOO"},
		{"flag", "COPY --mode=1 a b", "unknown flag: mode"},
		{"argument", "CMD", "CMD requires an argument"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, _, err := build{dockerfile: "FROM scratch\n" + x.line + "\n"}.try(t, sb)
			require.ErrorContains(t, err, x.message)
		})
	}
}

func testDefaultEnvWithArgs(t *testing.T, sb integration.Sandbox) {
	for _, x := range []struct {
		name     string
		attrs    map[string]string
		expected string
	}{
		{"nil", nil, "my_arg=def_val"},
		{"empty", map[string]string{"build-arg:my_arg": ""}, "my_arg=def_val"},
		{"override", map[string]string{"build-arg:my_arg": "override"}, "my_arg=override"},
	} {
		t.Run(x.name, func(t *testing.T) {
			out, _ := build{attrs: x.attrs, dockerfile: `
FROM scratch AS build
ARG my_arg
ENV my_arg "my_arg=${my_arg:-def_val}"
RUN echo -n $my_arg > out
FROM scratch
COPY --from=build /out /out
`}.do(t, sb)
			require.Equal(t, x.expected, read(t, out, "out"))
		})
	}
}

func testEnvEmptyFormatting(t *testing.T, sb integration.Sandbox) {
	build{dockerfile: `
FROM scratch
ENV myenv foo%sbar
RUN [ "$myenv" = 'foo%sbar' ]
`}.do(t, sb)
}

func testExposeExpansion(t *testing.T, sb integration.Sandbox) {
	_, res := build{dockerfile: `
FROM scratch
ARG PORT=3000/udp
EXPOSE 2000 $PORT
EXPOSE 5000
`}.do(t, sb)
	require.Equal(t, map[string]struct{}{
		"2000/tcp": {}, "3000/udp": {}, "5000/tcp": {},
	}, res.Image.Config.ExposedPorts)
}

func testLabels(t *testing.T, sb integration.Sandbox) {
	_, res := build{dockerfile: `
FROM scratch
LABEL foo=bar
LABEL foo="b a z" bar=foo
`}.do(t, sb)
	require.Equal(t, map[string]string{"foo": "b a z", "bar": "foo"}, res.Image.Config.Labels)
}

func testExportLabels(t *testing.T, sb integration.Sandbox) {
	_, res := build{
		dockerfile:  "FROM scratch\nCMD true\n",
		exportAttrs: map[string]string{"label:team": "mini"},
	}.do(t, sb)
	require.Equal(t, map[string]string{"team": "mini"}, res.Image.Config.Labels)
}

func testDockerignore(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nCOPY . .\n",
		files:      files{".dockerignore": "ba*\nqux/*.tmp\n", "foo": "", "bar": "", "baz": "", "qux/a.tmp": "", "qux/b": ""},
	}.do(t, sb)
	for name, there := range map[string]bool{"foo": true, "bar": false, "baz": false, "qux/a.tmp": false, "qux/b": true} {
		_, err := os.Stat(filepath.Join(out, name))
		require.Equal(t, there, err == nil)
	}
}

func testMultiStageCaseInsensitive(t *testing.T, sb integration.Sandbox) {
	out, _ := build{files: files{"foo": "bar"}, dockerfile: `
FROM scratch AS STAge0
COPY foo bar
FROM scratch AS staGE1
COPY --from=staGE0 bar baz
FROM scratch
COPY --from=stage1 baz bax
`}.do(t, sb)
	require.Equal(t, "bar", read(t, out, "bax"))
}

func testTarget(t *testing.T, sb integration.Sandbox) {
	b := build{dockerfile: `
FROM scratch AS first
RUN echo -n first > out
FROM scratch
RUN false
`, attrs: map[string]string{"target": "First"}}
	out, _ := b.do(t, sb)
	require.Equal(t, "first", read(t, out, "out"))

	b.attrs["target"] = "third"
	_, _, err := b.try(t, sb)
	require.ErrorContains(t, err, "target stage third could not be found")
}

func testAddWildcard(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nADD *.txt /dest/\n",
		files:      files{"a.txt": "a", "b.txt": "b", "c": "c"},
	}.do(t, sb)
	entries, err := os.ReadDir(filepath.Join(out, "dest"))
	require.NoError(t, err)
	require.Equal(t, 2, len(entries))
}

func testCopySymlinks(t *testing.T, sb integration.Sandbox) {
	out, _ := build{dockerfile: `
FROM scratch AS build
RUN mkdir sub && echo -n content > sub/target && ln -s target sub/alias
FROM scratch
COPY --from=build /sub /
`}.do(t, sb)
	t.Run("content", func(t *testing.T) {
		require.Equal(t, "content", read(t, out, "alias"))
	})
	t.Run("link", func(t *testing.T) {
		st, err := os.Lstat(filepath.Join(out, "alias"))
		require.NoError(t, err)
		require.True(t, st.Mode()&os.ModeSymlink != 0, "alias is "+st.Mode().String())
	})
}

// testBaseImageNoParallel and testBaseImageMoved use one name for two images, one after the other.
func testBaseImageNoParallel(t *testing.T, sb integration.Sandbox) {
	checkBase(t, sb, "version=1")
}

func testBaseImageMoved(t *testing.T, sb integration.Sandbox) {
	checkBase(t, sb, "version=2")
}

func checkBase(t *testing.T, sb integration.Sandbox, variable string) {
	pushBase(t, sb, "moving", variable)
	out, _ := build{dockerfile: `
FROM moving
RUN [ -f /etc/base ] && echo -n version=$version > out
`}.do(t, sb)
	require.Equal(t, variable, read(t, out, "out"))
}

func testCgroupParent(t *testing.T, sb integration.Sandbox) {
	if sb.Name() != "containerd" {
		t.Skip("test requires containerd worker")
	}
	build{dockerfile: "FROM scratch\nRUN true\n", attrs: map[string]string{"cgroup-parent": "foocgroup"}}.do(t, sb)
}
