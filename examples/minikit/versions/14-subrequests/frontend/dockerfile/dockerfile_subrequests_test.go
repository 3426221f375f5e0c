package dockerfile

import (
	"testing"

	"example.com/minikit/frontend/dockerfile/builder"
	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	allTests = append(allTests, testSubrequests)
}

func testSubrequests(t *testing.T, sb integration.Sandbox) {
	_, res := build{attrs: map[string]string{"requestid": builder.RequestDescribe}}.do(t, sb)
	require.Equal(t, builder.RequestDescribe, res.Meta["result.txt"])

	_, _, err := build{attrs: map[string]string{"requestid": "frontend.nothing"}}.try(t, sb)
	require.ErrorContains(t, err, "unsupported request frontend.nothing")
}
