package gateway

import (
	"fmt"
	"strings"

	"example.com/minikit/solver/pb"
)

// What a frontend's image says of itself.
const (
	labelNetworkNone = "moby.buildkit.frontend.network.none"
	labelCaps        = "moby.buildkit.frontend.caps"
)

// allowed refuses requests that the frontend's image does not claim to understand.
func (g *Gateway) allowed(config pb.ImageConfig, attrs map[string]string) error {
	if config.Labels[labelNetworkNone] != "true" {
		g.Debug("the frontend asks for the network, which it will not get")
	}
	request := attrs["requestid"]
	if request == "" {
		return nil
	}
	for _, have := range strings.Split(config.Labels[labelCaps], ",") {
		if have == "moby.buildkit.frontend.subrequests" {
			return nil
		}
	}
	return fmt.Errorf("unsupported request %s", request)
}
