package builder

import (
	"example.com/minikit/frontend/gateway/client"
	"example.com/minikit/solver/pb"
)

// resolve reads the config of a base image, once for each name: one question less to the daemon.
func resolve(c *client.Client, ref string) (*pb.Image, error) {
	return cached(ref, func() (*pb.Image, error) { return c.Config(ref) })
}
