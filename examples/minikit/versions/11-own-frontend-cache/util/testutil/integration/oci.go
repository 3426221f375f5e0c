package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// InitOCIWorker registers the worker that is the daemon alone.
func InitOCIWorker() {
	Register(&oci{})
}

type oci struct{}

func (*oci) Name() string {
	return "oci"
}

func (w *oci) New(c *SandboxConf) (Sandbox, func() error, error) {
	if err := lookupBinary("buildkitd"); err != nil {
		return nil, nil, err
	}
	return startBuildkitd(w.Name(), c, "--oci-worker=true", "--containerd-worker=false")
}

// startBuildkitd starts a daemon with a state folder of its own and waits until it answers.
func startBuildkitd(worker string, c *SandboxConf, args ...string) (Sandbox, func() error, error) {
	dir, err := os.MkdirTemp("", "bktest_buildkitd")
	if err != nil {
		return nil, nil, err
	}
	tmp, cache := filepath.Join(dir, "tmp"), filepath.Join(dir, "frontend-cache")
	for _, one := range []string{tmp, cache} {
		if err := os.Mkdir(one, 0o711); err != nil {
			return nil, nil, err
		}
	}
	sock := filepath.Join(dir, "buildkitd.sock")
	cmd := exec.Command("buildkitd", append(args,
		"--root", dir, "--addr", "unix://"+sock, "--debug",
		"--mirror", string(c.mirror), "--frontend-cache", cache)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	logs := map[string]*bytes.Buffer{}
	stop, err := startCmd(cmd, logs)
	if err != nil {
		return nil, nil, err
	}
	sb := &sandbox{address: "unix://" + sock, worker: worker, conf: c, logs: logs}
	closeAll := func() error {
		stop()
		return os.RemoveAll(dir)
	}
	if err := waitUnix(sock); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%w\n%s", err, logs["stderr: "+cmd.Path])
	}
	return sb, closeAll, nil
}
