// Package require ends a test at the first thing that is not as it should be, and says so in the
// layout that Go programmers know from testify.
package require

import (
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// NoError fails on an error.
func NoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		fail(t, fmt.Sprintf("Received unexpected error:\n%+v", err))
	}
}

// ErrorContains fails unless err is an error that holds text.
func ErrorContains(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		fail(t, "An error is expected but got nil.")
	}
	if !strings.Contains(err.Error(), text) {
		fail(t, fmt.Sprintf("Error %q does not contain %q", err, text))
	}
}

// Equal fails unless both are deeply equal.
func Equal(t *testing.T, expected, actual interface{}) {
	t.Helper()
	if !reflect.DeepEqual(expected, actual) {
		fail(t, fmt.Sprintf("Not equal: \nexpected: %#v\nactual  : %#v", expected, actual))
	}
}

// True fails unless ok.
func True(t *testing.T, ok bool, why string) {
	t.Helper()
	if !ok {
		fail(t, "Should be true\n"+why)
	}
}

func fail(t *testing.T, what string) {
	t.Helper()
	var b strings.Builder
	for _, part := range [][2]string{
		{"Error Trace", strings.Join(trace(), "\n")},
		{"Error", what},
		{"Test", t.Name()},
	} {
		lines := strings.Split(part[1], "\n")
		fmt.Fprintf(&b, "\n\t%-12s\t%s", part[0]+":", lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(&b, "\n\t%-12s\t%s", "", line)
		}
	}
	t.Error(b.String())
	t.FailNow()
}

// trace lists the callers from the failed check outwards, up to the testing package.
func trace() []string {
	var all []string
	for skip := 3; ; skip++ {
		pc, file, line, ok := runtime.Caller(skip)
		if !ok || strings.HasPrefix(runtime.FuncForPC(pc).Name(), "testing.") {
			return all
		}
		all = append(all, fmt.Sprintf("%s:%d", filepath.Base(file), line))
	}
}
