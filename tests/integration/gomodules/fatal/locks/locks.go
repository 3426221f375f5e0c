// Package locks waits for what never comes.
package locks

import "sync"

// Twice takes a lock that it holds.
func Twice(l *sync.Mutex) {
	l.Lock()
	l.Lock()
}

// Wait takes a lock that nobody gives back.
func Wait(l *sync.Mutex) {
	l.Lock()
}
