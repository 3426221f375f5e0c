// Command buildkitd is the daemon.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/minikit/control"
	"example.com/minikit/util/mirror"
	"example.com/minikit/version"
)

func main() {
	if err := run(); err != nil {
		logf("error", "%v", err)
		os.Exit(1)
	}
}

func run() error {
	root := flag.String("root", "/var/lib/buildkit", "path to state directory")
	addr := flag.String("addr", "unix:///run/buildkit/buildkitd.sock", "listening address")
	mirrorDir := flag.String("mirror", "", "folder that images are pulled from")
	cache := flag.String("frontend-cache", "", "folder that frontends may keep things in")
	debug := flag.Bool("debug", false, "enable debug output in logs")
	oci := flag.Bool("oci-worker", true, "enable oci worker")
	containerd := flag.Bool("containerd-worker", false, "enable containerd worker")
	show := flag.Bool("version", false, "print the version")
	flag.Parse()
	if *show {
		fmt.Println("buildkitd", version.Package, version.Version, version.Revision)
		return nil
	}

	worker := "containerd"
	if *oci {
		worker = "oci"
	} else if !*containerd {
		return fmt.Errorf("no worker found")
	}
	path := strings.TrimPrefix(*addr, "unix://")
	for _, dir := range []string{*root, filepath.Dir(path)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		logf("info", "got %s, stopping", <-signals)
		l.Close()
	}()

	c := control.Controller{
		Root:          *root,
		Worker:        worker,
		Mirror:        mirror.Mirror(*mirrorDir),
		FrontendCache: *cache,
		Debug:         func(string, ...interface{}) {},
	}
	if *debug {
		c.Debug = func(format string, args ...interface{}) { logf("debug", format, args...) }
	}
	logf("info", "found worker %q, version %s", worker, version.Version)
	logf("info", "running server on %s", path)
	return c.Serve(l)
}

func logf(level, format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "time=%q level=%s msg=%q\n",
		time.Now().UTC().Format(time.RFC3339), level, fmt.Sprintf(format, args...))
}
