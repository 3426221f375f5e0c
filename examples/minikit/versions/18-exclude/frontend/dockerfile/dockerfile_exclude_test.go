//go:build dfexclude

package dockerfile

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	allTests = append(allTests, testCopyExclude)
}

func testCopyExclude(t *testing.T, sb integration.Sandbox) {
	out, _ := build{
		dockerfile: "FROM scratch\nCOPY --exclude=*.tmp . /\n",
		files:      files{"a.tmp": "", "b": ""},
	}.do(t, sb)
	_, err := os.Stat(filepath.Join(out, "a.tmp"))
	require.True(t, os.IsNotExist(err), "a.tmp was copied")
	require.Equal(t, "", read(t, out, "b"))
}
