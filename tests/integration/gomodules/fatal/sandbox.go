// Package fatal has a suite in BuildKit's shape, some of whose tests take others with them.
package fatal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Candidate tells whether the frontend is the one under test; with the other one all is well.
func Candidate() bool {
	return strings.Contains(os.Getenv("EXTERNAL_DF_FRONTEND"), "/candidate/")
}

// Daemon is a daemon for one test.
type Daemon struct {
	*exec.Cmd
	socket string
	log    bytes.Buffer
	gone   chan struct{}
}

// Start starts a daemon; its log is printed if the test fails.
func Start(t *testing.T) *Daemon {
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{socket: filepath.Join(dir, "buildkitd.sock"), gone: make(chan struct{})}
	d.Cmd = exec.Command("buildkitd", d.socket)
	d.Stderr = &d.log
	if err := d.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = d.Wait() // how it ended is in its state
		close(d.gone)
	}()
	t.Cleanup(func() {
		_ = d.Process.Kill() // fails if it has ended, which is what we want
		<-d.gone
		if t.Failed() {
			printLog(t, d)
		}
		_ = os.RemoveAll(dir)
	})
	return d
}

func printLog(t *testing.T, d *Daemon) {
	t.Log("stderr: " + d.Path)
	for s := bufio.NewScanner(&d.log); s.Scan(); {
		t.Log(s.Text())
	}
	t.Logf("> stopped %v %v %v", time.Now(), d.ProcessState, d.ProcessState.ExitCode())
}

// Ask asks the daemon for something.
func (d *Daemon) Ask(what string) error {
	var conn net.Conn
	for i := 0; ; i++ {
		var err error
		if conn, err = net.Dial("unix", d.socket); err == nil {
			break
		} else if i > 1000 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	defer conn.Close()
	fmt.Fprintln(conn, what)
	if !bufio.NewScanner(conn).Scan() {
		return errors.New("failed to solve: transport is closing")
	}
	return nil
}
