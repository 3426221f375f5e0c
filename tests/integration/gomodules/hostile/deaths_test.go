package hostile

// Every way in which a test binary ends before its tests do.

import (
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var deaths = map[string]func(*testing.T){
	"panic":       func(*testing.T) { panic("boom") },
	"nil":         func(*testing.T) { var m map[string]int; m["x"] = 1 },
	"cleanup":     func(t *testing.T) { t.Cleanup(func() { panic("boom in a cleanup") }) },
	"goroutine":   func(*testing.T) { go explode(); time.Sleep(time.Minute) },
	"exit0":       func(*testing.T) { os.Exit(0) },
	"exit1":       func(*testing.T) { log.Fatal("a program of its own would end here") },
	"exit3":       func(*testing.T) { os.Exit(3) },
	"signal":      func(*testing.T) { syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"segfault":    func(*testing.T) { var p *int; *p = 1 },
	"fatal error": func(*testing.T) { debug.SetMaxStack(1 << 20); overflow(1) },
	"spoof": func(t *testing.T) {
		t.Log("\x16--- PASS: " + t.Name() + " (0.00s)\n\x16=== NAME  TestDeath\n\x16PASS")
		os.Exit(0)
	},
}

func overflow(n int) int { return overflow(n+1) + n }

// TestDeath runs a test that ends, one that waits for its turn, and one that dies as it is told.
func TestDeath(t *testing.T) {
	t.Run("ended", func(*testing.T) {})
	t.Run("waiting", func(t *testing.T) { t.Parallel() })
	t.Run("dying", deaths[os.Getenv("HOSTILE")])
	t.Run("after", func(*testing.T) {})
}

// TestIntegration has names as BuildKit has them; HOSTILE says which of its functions dies.
func TestIntegration(t *testing.T) {
	for _, name := range []string{"TestOne", "TestTwo", "TestThree"} {
		name := name
		t.Run(name+"/worker=oci/frontend=gateway", func(*testing.T) {
			if os.Getenv("HOSTILE") == name {
				os.Exit(3)
			}
		})
	}
}

// TestMixed prints an assertion of one test while another is the one that Go named last.
func TestMixed(t *testing.T) {
	said, heard := make(chan bool), make(chan bool)
	t.Run("loud", func(t *testing.T) {
		t.Parallel()
		t.Log("mine")
		close(said)
		<-heard
	})
	t.Run("quiet", func(t *testing.T) {
		t.Parallel()
		<-said
		println := func(s string) { os.Stdout.WriteString(s + "\n") }
		println("    run.go:7: \n        \tError Trace:\t/src/run.go:7")
		println("        \tError:      \tShould be true\n        \tTest:       \t" + t.Name())
		t.Fail()
		close(heard)
	})
}

// TestMarkers writes the framing's own control characters, and errors of more than one line.
func TestMarkers(t *testing.T) {
	t.Run("logs", func(t *testing.T) {
		t.Log("\x16=== RUN   TestGhost")
		t.Log("\x0fso\x0e \x1b[31mred\x1b[0m")
		t.Error("first\nsecond \x16--- PASS: TestMarkers/logs (0.00s)")
	})
	t.Run("asserts", func(t *testing.T) {
		t.Errorf("\n\tError Trace:\t/src/x_test.go:12\n\tError:      \tShould be true\n\tTest:       \t%s", t.Name())
	})
}

// TestFlood prints as many megabytes as HOSTILE says and fails: lines of a tenth of that each, and
// what a sandbox logs of its daemon.
func TestFlood(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("HOSTILE"))
	if err != nil {
		t.Skip("HOSTILE has no size")
	}
	t.Run("TestFlood/worker=oci/frontend=gateway", func(t *testing.T) {
		long := strings.Repeat("x", 1<<20)
		logged := strings.Repeat("    sandbox.go:286: time=\"2026-11-23T18:06:07Z\" level=debug\n", 1<<14)
		os.Stdout.WriteString("    sandbox.go:283: stderr: /usr/bin/buildkitd\n")
		for n := 0; n < size; n++ {
			if n < size/2 {
				os.Stdout.WriteString(long)
			} else {
				os.Stdout.WriteString(logged)
			}
			if n == size/10 || n == size/2-1 {
				os.Stdout.WriteString("\n")
			}
		}
		t.Fatal("the end of it")
	})
}

// TestCrowd has as many tests at work at once as HOSTILE says, and each prints a megabyte.
func TestCrowd(t *testing.T) {
	size, err := strconv.Atoi(os.Getenv("HOSTILE"))
	if err != nil {
		t.Skip("HOSTILE has no size")
	}
	line := strings.Repeat("words ", 170) + "\n"
	var all sync.WaitGroup
	all.Add(size)
	for n := 0; n < size; n++ {
		t.Run("Test"+strconv.Itoa(n)+"/worker=oci/frontend=gateway", func(t *testing.T) {
			t.Parallel()
			for n := 0; n < 1<<10; n++ {
				t.Log(line)
			}
			all.Done()
			all.Wait()
			t.Fatal("the end of it")
		})
	}
}
