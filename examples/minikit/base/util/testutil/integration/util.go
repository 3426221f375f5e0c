package integration

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"syscall"
	"time"
)

// startCmd starts a program whose output goes to logs; stop ends it, kindly first.
func startCmd(cmd *exec.Cmd, logs map[string]*bytes.Buffer) (stop func(), err error) {
	stdout, stderr := &bytes.Buffer{}, &bytes.Buffer{}
	logs["stdout: "+cmd.Path], logs["stderr: "+cmd.Path] = stdout, stderr
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	fmt.Fprintf(stderr, "> StartCmd %v %+v\n", time.Now(), cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return func() {
		asked := time.Now()
		// Fails if the program is gone already, which its exit state will tell.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopLimit):
			_ = cmd.Process.Kill()
			<-ended
		}
		fmt.Fprintf(stderr, "> sent SIGTERM %v\n> stopped %v %v %v\n",
			asked, time.Now(), cmd.ProcessState, cmd.ProcessState.ExitCode())
	}, nil
}

func waitUnix(path string) error {
	const step = 10 * time.Millisecond
	for i := time.Duration(0); i*step < startLimit; i++ {
		if conn, err := net.Dial("unix", path); err == nil {
			return conn.Close()
		}
		time.Sleep(step)
	}
	return fmt.Errorf("failed dialing: %s", path)
}

func lookupBinary(name string) error {
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("failed to lookup %s binary: %w", name, ErrRequirements)
	}
	return nil
}
