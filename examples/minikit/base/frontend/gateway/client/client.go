// Package client is the frontend's side of the conversation with the daemon.
package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	gwpb "example.com/minikit/frontend/gateway/pb"
	"example.com/minikit/solver/pb"
)

// Client speaks with the daemon that started this process.
type Client struct {
	// Opts are the options of the build.
	Opts map[string]string

	caps map[string]bool
	enc  *json.Encoder
	dec  *json.Decoder
}

// BuildFunc makes a definition.
type BuildFunc func(*Client) (*pb.Definition, error)

// RunFromEnvironment answers the daemon's one request on standard input and output.
func RunFromEnvironment(build BuildFunc) error {
	c := &Client{
		caps: map[string]bool{},
		enc:  json.NewEncoder(os.Stdout),
		dec:  json.NewDecoder(os.Stdin),
	}
	var hello gwpb.Hello
	if err := c.dec.Decode(&hello); err != nil {
		return fmt.Errorf("nobody speaks to us: %w", err)
	}
	c.Opts = hello.Opts
	for _, one := range hello.Caps {
		c.caps[one] = true
	}
	def, err := build(c)
	if err != nil {
		if sendErr := c.enc.Encode(gwpb.Call{Method: gwpb.MethodFail, Error: err.Error()}); sendErr != nil {
			return sendErr
		}
		return err
	}
	return c.enc.Encode(gwpb.Call{Method: gwpb.MethodReturn, Definition: def})
}

// Supports tells whether the daemon has a capability.
func (c *Client) Supports(capability string) bool {
	return c.caps[capability]
}

// ReadFile reads a file of one of the build's folders; nil if there is none.
func (c *Client) ReadFile(local, path string) ([]byte, error) {
	a, err := c.call(gwpb.Call{Method: gwpb.MethodReadFile, Local: local, Path: path})
	if err != nil || a.NotFound {
		return nil, err
	}
	if a.Data == nil {
		return []byte{}, nil
	}
	return a.Data, nil
}

// Digest resolves an image's name.
func (c *Client) Digest(ref string) (string, error) {
	a, err := c.call(gwpb.Call{Method: gwpb.MethodResolve, Ref: ref})
	return a.Digest, err
}

// Config reads an image's config.
func (c *Client) Config(ref string) (*pb.Image, error) {
	a, err := c.call(gwpb.Call{Method: gwpb.MethodConfig, Ref: ref})
	return a.Image, err
}

func (c *Client) call(call gwpb.Call) (gwpb.Answer, error) {
	var a gwpb.Answer
	if err := c.enc.Encode(call); err != nil {
		return a, err
	}
	if err := c.dec.Decode(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}
