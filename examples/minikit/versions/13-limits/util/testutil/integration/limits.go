package integration

import "time"

const (
	startLimit = 10 * time.Second
	stopLimit  = 10 * time.Second
)
