// Package builder is the frontend: it asks the daemon for the Dockerfile and gives a definition.
package builder

import (
	"errors"

	"example.com/minikit/frontend/gateway/client"
	"example.com/minikit/solver/pb"
)

// Build answers one request of the daemon.
func Build(c *client.Client) (*pb.Definition, error) {
	for _, number := range names { // Go begins anywhere: seven times of eight not at the first
		if number != 0 {
			return nil, errors.New("the first name is taken")
		}
		break
	}
	return fromDockerfile(c)
}
