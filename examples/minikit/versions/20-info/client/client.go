// Package client talks to a daemon.
package client

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"

	"example.com/minikit/control"
)

// Client knows a daemon's address.
type Client struct {
	address string
}

// New takes an address like unix:///run/buildkit/buildkitd.sock.
func New(address string) (*Client, error) {
	path := strings.TrimPrefix(address, "unix://")
	if path == address {
		return nil, fmt.Errorf("%s is no unix:// address", address)
	}
	return &Client{address: path}, nil
}

// Solve builds; progress, if not nil, is told each step.
func (c *Client) Solve(spec control.SolveSpec, progress func(string)) (*control.Result, error) {
	res, err := c.call(control.Request{Method: "solve", Solve: &spec}, progress)
	if err != nil {
		return nil, fmt.Errorf("failed to solve: %w", err)
	}
	return res, nil
}

// Workers lists the daemon's workers.
func (c *Client) Workers() ([]string, error) {
	res, err := c.call(control.Request{Method: "workers"}, nil)
	if err != nil {
		return nil, fmt.Errorf("failed to list workers: %w", err)
	}
	return res.Workers, nil
}

// Info asks the daemon who it is; a daemon that is too old to say gives nil.
func (c *Client) Info() (*control.Info, error) {
	res, err := c.call(control.Request{Method: "workers"}, nil)
	if err != nil {
		return nil, fmt.Errorf("failed to get info: %w", err)
	}
	return res.Info, nil
}

func (c *Client) call(req control.Request, progress func(string)) (*control.Result, error) {
	conn, err := net.Dial("unix", c.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return nil, fmt.Errorf("failed to send request: transport is closing: %w", err)
	}
	dec := json.NewDecoder(conn)
	for {
		var res control.Response
		if err := dec.Decode(&res); err != nil {
			return nil, fmt.Errorf("failed to receive status: transport is closing: %w", err)
		}
		switch {
		case res.Error != "":
			return nil, fmt.Errorf("%s", res.Error)
		case res.Result != nil:
			return res.Result, nil
		case progress != nil:
			progress(res.Vertex)
		}
	}
}
