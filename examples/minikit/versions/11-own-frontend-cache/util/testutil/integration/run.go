// Package integration runs every test against a daemon of its own, once for each worker and each
// combination of the values that the test wants to see.
package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"testing"

	"example.com/minikit/util/mirror"
	"example.com/minikit/util/testutil/require"
)

// ErrRequirements means that this machine lacks what a worker needs.
var ErrRequirements = errors.New("missing requirements")

// Sandbox is what a test gets: a running daemon.
type Sandbox interface {
	Address() string
	Cmd(args ...string) *exec.Cmd
	Mirror() mirror.Mirror
	Name() string
	PrintLogs(t *testing.T)
	Value(key string) interface{}
}

// Worker starts daemons of one kind.
type Worker interface {
	New(conf *SandboxConf) (Sandbox, func() error, error)
	Name() string
}

// SandboxConf is what a worker needs to know.
type SandboxConf struct {
	mirror mirror.Mirror
	values map[string]interface{}
}

// Test is a test that wants a daemon.
type Test func(*testing.T, Sandbox)

var workers []Worker

// Register adds a worker to those that every test runs on.
func Register(w Worker) {
	workers = append(workers, w)
}

// TestConf holds the options of Run.
type TestConf struct {
	matrix         map[string]map[string]interface{}
	mirroredImages map[string]string
}

// TestOpt is an option of Run.
type TestOpt func(*TestConf)

// WithMatrix runs each test once for each of the named values of key.
func WithMatrix(key string, values map[string]interface{}) TestOpt {
	return func(c *TestConf) { c.matrix[key] = values }
}

// WithMirroredImages puts images into the mirror: name to `local:ARCHIVE`.
func WithMirroredImages(images map[string]string) TestOpt {
	return func(c *TestConf) {
		for to, from := range images {
			c.mirroredImages[to] = from
		}
	}
}

// Run runs the tests; those whose name ends with NoParallel one after the other, at once.
func Run(t *testing.T, tests []Test, opts ...TestOpt) {
	conf := TestConf{matrix: map[string]map[string]interface{}{}, mirroredImages: map[string]string{}}
	for _, o := range opts {
		o(&conf)
	}
	m := runMirror(t, conf.mirroredImages)
	for _, w := range workers {
		for _, test := range tests {
			for _, v := range combinations(conf.matrix) {
				sc := &SandboxConf{mirror: m, values: v.values}
				name := functionName(test)
				ok := t.Run(name+"/worker="+w.Name()+v.suffix, sandboxed(w, test, sc))
				require.True(t, ok, name)
			}
		}
	}
}

func sandboxed(w Worker, test Test, sc *SandboxConf) func(*testing.T) {
	return func(t *testing.T) {
		if !strings.HasSuffix(functionName(test), "NoParallel") {
			t.Parallel()
		}
		runOne(t, w, test, sc)
	}
}

func runOne(t *testing.T, w Worker, test Test, sc *SandboxConf) {
	sb, stop, err := w.New(sc)
	if errors.Is(err, ErrRequirements) {
		t.Skip(err.Error())
	}
	require.NoError(t, err)
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			sb.PrintLogs(t)
		}
	}()
	test(t, sb)
}

// runMirror makes a mirror, in BUILDKIT_REGISTRY_MIRROR_DIR if that is set, and fills it.
func runMirror(t *testing.T, images map[string]string) mirror.Mirror {
	dir := os.Getenv("BUILDKIT_REGISTRY_MIRROR_DIR")
	if dir == "" {
		dir = t.TempDir()
	} else {
		lock, err := os.Create(filepath.Join(dir, "lock"))
		require.NoError(t, err)
		defer lock.Close()
		require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	}
	m := mirror.Mirror(dir)
	for to, from := range images {
		to := to
		require.NoError(t, m.Push(to, strings.TrimPrefix(from, "local:")))
		t.Logf("copied %s to local mirror %s/%s", from, dir, to)
		t.Cleanup(func() { require.NoError(t, m.Remove(to)) })
	}
	return m
}

func functionName(test Test) string {
	name := runtime.FuncForPC(reflect.ValueOf(test).Pointer()).Name()
	name = name[strings.LastIndex(name, ".")+1:]
	return strings.ToUpper(name[:1]) + name[1:]
}

type combination struct {
	suffix string
	values map[string]interface{}
}

// combinations pairs every value of every key with those of the others; keys and names sorted.
func combinations(matrix map[string]map[string]interface{}) []combination {
	all := []combination{{values: map[string]interface{}{}}}
	for _, key := range sortedKeys(reflect.ValueOf(matrix)) {
		var next []combination
		for _, c := range all {
			for _, name := range sortedKeys(reflect.ValueOf(matrix[key])) {
				values := map[string]interface{}{key: matrix[key][name]}
				for k, v := range c.values {
					values[k] = v
				}
				next = append(next, combination{c.suffix + "/" + key + "=" + name, values})
			}
		}
		all = next
	}
	return all
}

func sortedKeys(m reflect.Value) []string {
	var keys []string
	for _, k := range m.MapKeys() {
		keys = append(keys, k.String())
	}
	sort.Strings(keys)
	return keys
}
