// Package builder is the frontend: it asks the daemon for the Dockerfile and gives a definition.
package builder

import (
	"example.com/minikit/frontend/gateway/client"
	"example.com/minikit/solver/pb"
)

// Build answers one request of the daemon.
func Build(c *client.Client) (*pb.Definition, error) {
	return fromDockerfile(c)
}
