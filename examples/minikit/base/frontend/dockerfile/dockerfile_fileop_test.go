package dockerfile

import (
	"strconv"
	"testing"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

var fileOpTests = []integration.Test{
	testEmptyDestDir,
	testCopyWildcards,
	testWorkdirCopyRelative,
}

// fileOpOpts has every copy done by a file operation, and by a command.
func fileOpOpts() []integration.TestOpt {
	return append(opts, integration.WithMatrix("fileop", map[string]interface{}{
		"true":  true,
		"false": false,
	}))
}

// fileOp is the option that turns file operations off.
func fileOp(sb integration.Sandbox) map[string]string {
	on := sb.Value("fileop").(bool)
	return map[string]string{"build-arg:BUILDKIT_DISABLE_FILEOP": strconv.FormatBool(!on)}
}

func testEmptyDestDir(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nENV empty=\"\"\nCOPY testfile $empty/\n",
		files:      files{"testfile": "content0"},
		attrs:      fileOp(sb),
	}.do(t, sb)
	require.Equal(t, "content0", read(t, out, "testfile"))
}

func testCopyWildcards(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nCOPY *.go /gofiles/\nCOPY sub/dir1 subdest\nCOPY f[o]o1 /one/\n",
		files:      files{"foo.go": "go", "bar.go": "go", "sub/dir1/dir2/foo": "foo", "foo1": "1"},
		attrs:      fileOp(sb),
	}.do(t, sb)
	require.Equal(t, "go", read(t, out, "gofiles", "foo.go"))
	require.Equal(t, "foo", read(t, out, "subdest", "dir2", "foo"))
	require.Equal(t, "1", read(t, out, "one", "foo1"))
}

func testWorkdirCopyRelative(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nWORKDIR /foo\nCOPY Dockerfile2 bar/\nRUN [ -f /foo/bar/Dockerfile2 ]\n",
		files:      files{"Dockerfile2": "FROM scratch"},
		attrs:      fileOp(sb),
	}.do(t, sb)
	require.Equal(t, "FROM scratch", read(t, out, "foo", "bar", "Dockerfile2"))
}
