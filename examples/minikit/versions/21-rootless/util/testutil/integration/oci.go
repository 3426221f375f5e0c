package integration

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// InitOCIWorker registers the worker that is the daemon alone, and the same as another user if there
// is one.
func InitOCIWorker() {
	Register(&oci{})
	if pair := os.Getenv("BUILDKIT_INTEGRATION_ROOTLESS_IDPAIR"); pair != "" {
		w := &oci{}
		if _, err := fmt.Sscanf(pair, "%d:%d", &w.uid, &w.gid); err != nil {
			panic(fmt.Sprintf("unexpected BUILDKIT_INTEGRATION_ROOTLESS_IDPAIR: %q", pair))
		}
		Register(w)
	}
}

type oci struct {
	uid, gid int
}

func (w *oci) Name() string {
	if w.uid != 0 {
		return "oci-rootless"
	}
	return "oci"
}

func (w *oci) New(c *SandboxConf) (Sandbox, func() error, error) {
	if err := lookupBinary("buildkitd"); err != nil {
		return nil, nil, err
	}
	// The daemon's worker is the same, whoever runs it.
	return start(w, "oci", c, "--oci-worker=true", "--containerd-worker=false")
}

func startBuildkitd(worker string, c *SandboxConf, args ...string) (Sandbox, func() error, error) {
	return start(&oci{}, worker, c, args...)
}

// start starts a daemon with a state folder of its own and waits until it answers.
func start(as *oci, worker string, c *SandboxConf, args ...string) (Sandbox, func() error, error) {
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
	args = append([]string{"buildkitd"}, args...)
	if as.uid != 0 {
		for _, one := range []string{dir, tmp, cache} {
			if err := os.Chown(one, as.uid, as.gid); err != nil {
				return nil, nil, err
			}
		}
		args = append([]string{"sudo", "-u", fmt.Sprintf("#%d", as.uid), "-i", "--", "exec", "rootlesskit"}, args...)
	}
	sock := filepath.Join(dir, "buildkitd.sock")
	cmd := exec.Command(args[0], append(args[1:],
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
