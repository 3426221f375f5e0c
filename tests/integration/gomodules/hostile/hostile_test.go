// Package hostile misbehaves in every way that the parser and the selection must bear.
package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// names are what t.Run is called with; Go prints them rewritten and made unique.
var names = []string{
	"plain", "plain", "plain#01", "with space", "tab\tand\nnewline", "a/b", "a", "a//b", "",
	"TestFn/worker=oci/fileop=false/frontend=gateway",
	"TestFn/worker=oci/fileop=false/frontend=gateway",
	"TestFn/worker=oci/frontend=gateway",
	"TestFnMore/worker=oci/frontend=gateway",
	"TestFn/worker=oci-rootless/frontend=gateway",
	"a.b", "axb", "a|b", "(a)", "(a", "a)", "[a]", "[a", "a]", "{1}", "^a$", "a$", "$", "^",
	`a\b`, `a\d`, "a1", ".*", "+", "?", "日本", "\u200b", "\u202e", "\x00", "\xff", "é", "%d",
	"PASS: plain (0.00s)", "--- FAIL: plain",
}

func TestNames(t *testing.T) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Run("sub", func(*testing.T) {})
			t.Run("sub=1/x", func(*testing.T) {})
		})
	}
}

func TestPass(t *testing.T) { t.Log("all is well") }

func TestSkip(t *testing.T) { t.Skip("not on this machine") }

func TestFail(t *testing.T) { t.Fatal("the words of the failure") }

func TestPanic(t *testing.T) {
	t.Run("before", func(*testing.T) {})
	t.Run("inside", func(*testing.T) { panic("boom") })
	t.Run("after", func(*testing.T) {})
}

func TestPanicElsewhere(t *testing.T) {
	t.Run("bystander", func(t *testing.T) {
		t.Parallel()
		time.Sleep(time.Minute)
	})
	t.Run("culprit", func(t *testing.T) {
		t.Parallel()
		go explode()
		time.Sleep(time.Minute)
	})
}

func explode() {
	time.Sleep(200 * time.Millisecond)
	panic("boom in a goroutine")
}

func TestExit(t *testing.T) {
	t.Run("ended", func(*testing.T) {})
	t.Run("exiting", func(*testing.T) { os.Exit(3) })
}

func TestHang(t *testing.T) {
	stuck, waits := make(chan bool), make(chan bool)
	t.Run("TestQuick/worker=oci", func(t *testing.T) {
		t.Parallel()
		<-stuck
		<-waits
		t.Log("my last words")
	})
	t.Run("TestStuck/worker=oci", func(t *testing.T) {
		t.Parallel()
		testStuck(stuck)
	})
	t.Run("TestWaits/worker=oci", func(t *testing.T) {
		t.Parallel()
		close(waits)
		time.Sleep(time.Hour)
	})
}

func testStuck(begun chan bool) {
	close(begun)
	time.Sleep(time.Hour)
}

func TestUnterminated(t *testing.T) {
	t.Run("pass", func(*testing.T) { fmt.Print("no newline") })
	t.Run("fail", func(t *testing.T) { fmt.Print("none here either"); t.Fail() })
}

func TestSpoof(t *testing.T) {
	t.Run("victim", func(*testing.T) {})
	fmt.Println("=== RUN   TestGhost\n--- PASS: TestGhost (0.00s)\n--- FAIL: TestNever (0.00s)")
	fmt.Println("--- FAIL: TestSpoof/victim (0.00s)\n    --- FAIL: TestSpoof/victim (0.00s)")
	fmt.Println("--- PASS: TestSpoof (0.00s)\nFAIL")
	t.Run("liar", func(t *testing.T) {
		fmt.Println("--- PASS: TestSpoof/liar (0.00s)\nPASS")
		t.Fail()
	})
}

func TestEnumerationEnds(t *testing.T) {
	t.Run("first", func(t *testing.T) { t.Parallel() })
	if !t.Run("serial", func(t *testing.T) { t.Error("broken") }) {
		t.Errorf("\n\tError Trace:\trun.go:204\n\tError:      \tShould be true\n\tTest:       \t%s", t.Name())
		t.FailNow()
	}
	t.Run("never", func(*testing.T) {})
}

func TestParentFailsAlone(t *testing.T) {
	t.Run("fine", func(*testing.T) {})
	t.Error("after all went well")
}

func TestBytes(t *testing.T) {
	fmt.Println("\xff\xfe NUL \x00 and \x1b[31mred\x1b[0m")
	t.Fatal("invalid \xff, NUL \x00, \x1b[31mred\x1b[0m, \u202ereversed")
}

func TestLeak(t *testing.T) {
	child := exec.Command("sleep", os.Getenv("HOSTILE"))
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
}
