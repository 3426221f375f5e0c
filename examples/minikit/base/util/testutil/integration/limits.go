package integration

import "time"

const (
	startLimit = 5 * time.Second
	stopLimit  = 5 * time.Second
)
