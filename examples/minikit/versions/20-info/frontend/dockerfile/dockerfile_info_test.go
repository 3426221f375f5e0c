package dockerfile

import (
	"testing"

	"example.com/minikit/client"
	"example.com/minikit/control"
	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	allTests = append(allTests, testInfo, testInfoWatched)
}

// testInfo forgets, as new tests do, that an old daemon may not say who it is.
func testInfo(t *testing.T, sb integration.Sandbox) {
	require.Equal(t, sb.Name(), info(t, sb).Worker)
}

// testInfoWatched asks from a goroutine, whose panic Go lays to no test.
func testInfoWatched(t *testing.T, sb integration.Sandbox) {
	workers := make(chan string)
	watch(info(t, sb), workers)
	require.Equal(t, sb.Name(), <-workers)
}

func watch(info *control.Info, workers chan<- string) {
	go tell(info, workers)
}

func tell(info *control.Info, workers chan<- string) {
	workers <- info.Worker
}

func info(t *testing.T, sb integration.Sandbox) *control.Info {
	c, err := client.New(sb.Address())
	require.NoError(t, err)
	found, err := c.Info()
	require.NoError(t, err)
	return found
}
