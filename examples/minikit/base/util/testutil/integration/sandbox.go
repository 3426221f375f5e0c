package integration

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"sort"
	"testing"

	"example.com/minikit/util/mirror"
)

type sandbox struct {
	address string
	worker  string
	conf    *SandboxConf
	logs    map[string]*bytes.Buffer
}

func (sb *sandbox) Address() string {
	return sb.address
}

func (sb *sandbox) Name() string {
	return sb.worker
}

func (sb *sandbox) Mirror() mirror.Mirror {
	return sb.conf.mirror
}

func (sb *sandbox) Value(key string) interface{} {
	return sb.conf.values[key]
}

// Cmd is a buildctl that talks to this sandbox's daemon.
func (sb *sandbox) Cmd(args ...string) *exec.Cmd {
	cmd := exec.Command("buildctl", args...)
	cmd.Env = append(os.Environ(), "BUILDKIT_HOST="+sb.address)
	return cmd
}

// PrintLogs hands what the daemon said to the test's log.
func (sb *sandbox) PrintLogs(t *testing.T) {
	var names []string
	for name := range sb.logs {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		t.Log(name)
		s := bufio.NewScanner(sb.logs[name])
		for s.Scan() {
			t.Log(s.Text())
		}
	}
}
