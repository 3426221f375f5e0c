package fatal

import (
	"os"
	"os/signal"
	"sort"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/fatal/locks"
)

func TestIntegration(t *testing.T) {
	run(t, true, map[string]func(*testing.T){"TestFirst": quiet})
	run(t, false, map[string]func(*testing.T){
		"TestBinaryDeadlocks": func(t *testing.T) { locks.Twice(&sync.Mutex{}) },
		"TestBinaryExits":     func(t *testing.T) { os.Exit(3) },
		"TestBinaryIsDeaf": func(t *testing.T) {
			signal.Ignore(syscall.SIGQUIT)
			locks.Twice(&sync.Mutex{})
		},
		"TestBinaryPanics":    func(t *testing.T) { panic("boom") },
		"TestDaemonDeadlocks": testDaemonDeadlocks,
		"TestDaemonIsDeaf":    func(t *testing.T) { ask(t, "deaf") },
		"TestDaemonKilled": func(t *testing.T) {
			d := Start(t)
			if err := d.Ask("ready"); err != nil {
				t.Fatal(err)
			}
			if err := d.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-d.gone
			t.Fatal("failed to solve: transport is closing")
		},
		"TestDaemonPanics": func(t *testing.T) { ask(t, "panic") },
		"TestDaemonStops": func(t *testing.T) {
			if err := Start(t).Ask("exit"); err == nil {
				t.Fatal("the daemon was to end")
			}
		},
		"TestHolds": func(t *testing.T) {
			if os.Getenv("HOLDS") != "" {
				time.Sleep(time.Hour)
			}
		},
	})
	run(t, true, map[string]func(*testing.T){"TestQuietOne": quiet, "TestQuietTwo": quiet})
	run(t, false, map[string]func(*testing.T){"TestLast": quiet})
}

func run(t *testing.T, parallel bool, tests map[string]func(*testing.T)) {
	for _, name := range sorted(tests) {
		test := tests[name]
		ok := t.Run(name+"/worker=oci/frontend=gateway", func(t *testing.T) {
			if parallel {
				t.Parallel()
			}
			if Candidate() {
				test(t)
			}
		})
		if !ok { // as upstream's `require.True(t, ok)`
			t.FailNow()
		}
	}
}

func testDaemonDeadlocks(t *testing.T) { ask(t, "deadlock") }

func quiet(t *testing.T) { ask(t, "nothing") }

func ask(t *testing.T, what string) {
	if err := Start(t).Ask(what); err != nil {
		t.Fatal(err)
	}
}

func sorted(tests map[string]func(*testing.T)) []string {
	var names []string
	for name := range tests {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
