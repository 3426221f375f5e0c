package builder

import (
	"example.com/minikit/frontend/gateway/client"
	"example.com/minikit/solver/pb"
)

// resolve reads the config of a base image, once for each digest.
func resolve(c *client.Client, ref string) (*pb.Image, error) {
	digest, err := c.Digest(ref)
	if err != nil {
		return nil, err
	}
	return cached(digest, func() (*pb.Image, error) { return c.Config(ref) })
}
