//go:build dfrunmount
// +build dfrunmount

package dockerfile

import (
	"testing"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	mountTests = append(mountTests,
		testCacheMount,
		testCacheMountTwoTargets,
		testMountInvalid,
		testMountContextNoParallel,
		testMountTmpfs,
	)
}

func testCacheMount(t *testing.T, sb integration.Sandbox) {
	build{dockerfile: "FROM scratch\nRUN --mount=type=cache,target=/cache echo -n kept > /cache/out\n"}.do(t, sb)
	out, _ := build{dockerfile: "FROM scratch\nRUN --mount=type=cache,target=/cache cat /cache/out > out\n"}.do(t, sb)
	require.Equal(t, "kept", read(t, out, "out"))
}

func testCacheMountTwoTargets(t *testing.T, sb integration.Sandbox) {
	out, _ := build{dockerfile: `
FROM scratch
RUN --mount=type=cache,id=shared,target=/in --mount=type=cache,id=shared,target=/also \
    echo -n shared > /in/out && cat /also/out > out
`}.do(t, sb)
	require.Equal(t, "shared", read(t, out, "out"))
}

func testMountInvalid(t *testing.T, sb integration.Sandbox) {
	for _, x := range []struct{ name, mount, message string }{
		{"key", "typ=cache,target=/c", "unexpected key 'typ'"},
		{"type", "type=foo,target=/c", `unsupported mount type "foo"`},
		{"target", "type=tmpfs", "target is required"},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, _, err := build{dockerfile: "FROM scratch\nRUN --mount=" + x.mount + " true\n"}.try(t, sb)
			require.ErrorContains(t, err, x.message)
		})
	}
}

func testMountContextNoParallel(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nRUN --mount=target=/context cat /context/testfile > out\n",
		files:      files{"testfile": "contents0"},
	}.do(t, sb)
	require.Equal(t, "contents0", read(t, out, "out"))
}

func testMountTmpfs(t *testing.T, sb integration.Sandbox) {
	out, _ := build{dockerfile: `
FROM scratch
RUN --mount=type=tmpfs,target=/tmp echo -n gone > /tmp/file
RUN [ ! -f /tmp/file ] && echo -n empty > out
`}.do(t, sb)
	require.Equal(t, "empty", read(t, out, "out"))
}
