package dockerfile

// Laid over MiniKit's own tests: each of these meets something that no frontend is to blame for.

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"example.com/minikit/util/testutil/integration"
	"example.com/minikit/util/testutil/require"
)

func init() {
	allTests = append(allTests, testStormFull, testStormHungry, testStormSlow, testStormStubborn)
}

// testStormFull writes until there is no space left, in the 64 MiB that a container has there.
func testStormFull(t *testing.T, sb integration.Sandbox) {
	f, err := os.Create("/dev/shm/full")
	require.NoError(t, err)
	defer f.Close()
	for n := 0; n < 128; n++ {
		_, err = f.Write(make([]byte, 1<<20))
		require.NoError(t, err)
	}
}

// testStormHungry runs a program that takes memory without an end.
func testStormHungry(t *testing.T, sb integration.Sandbox) {
	require.NoError(t, exec.Command("tail", "/dev/zero").Run())
}

// testStormSlow is at work when something else happens.
func testStormSlow(t *testing.T, sb integration.Sandbox) {
	t.Log("the storm is here")
	time.Sleep(time.Hour)
}

// testStormStubborn does not want to be ended.
func testStormStubborn(t *testing.T, sb integration.Sandbox) {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	t.Log("the storm is here")
	time.Sleep(time.Hour)
}
