package dockerfile

import (
	"testing"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	allTests = append(allTests, testRunNetwork)
}

func testRunNetwork(t *testing.T, sb integration.Sandbox) {
	b := build{dockerfile: "FROM scratch\nRUN --network=none true\n"}
	b.do(t, sb)

	b.dockerfile = "FROM scratch\nRUN --network=carrier-pigeon true\n"
	_, _, err := b.try(t, sb)
	require.ErrorContains(t, err, `unsupported network mode "carrier-pigeon"`)
}
