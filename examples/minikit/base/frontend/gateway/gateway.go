// Package gateway runs frontends, each in a process of its own.
package gateway

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	gwpb "example.com/minikit/frontend/gateway/pb"
	"example.com/minikit/solver/pb"
	"example.com/minikit/util/mirror"
	"example.com/minikit/version"
)

// Gateway runs one frontend for one request.
type Gateway struct {
	Mirror mirror.Mirror
	// Dir is scratch space.
	Dir string
	// Cache is a folder that frontends may keep things in from one request to the next.
	Cache string
	Debug func(format string, args ...interface{})
}

// Solve pulls the image that attrs names as source, runs it, and returns what it made.
func (g *Gateway) Solve(attrs, locals map[string]string) (*pb.Definition, error) {
	a, err := g.Mirror.Pull(attrs["source"])
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if err := g.allowed(a.Image.Config, attrs); err != nil {
		return nil, err
	}
	dir := filepath.Join(g.Dir, "frontend")
	if err := a.Unpack(dir); err != nil {
		return nil, err
	}
	if len(a.Image.Config.Entrypoint) == 0 {
		return nil, fmt.Errorf("%s has no entrypoint", attrs["source"])
	}
	g.Debug("> creating %s %v", a.Digest, a.Image.Config.Entrypoint)
	return g.run(dir, a.Image.Config.Entrypoint, attrs, locals)
}

func (g *Gateway) run(dir string, entrypoint []string, attrs, locals map[string]string) (*pb.Definition, error) {
	cmd := exec.Command(filepath.Join(dir, filepath.Clean("/"+entrypoint[0])), entrypoint[1:]...)
	cmd.Env = []string{"MINIKIT_FRONTEND_CACHE=" + g.Cache}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	def, err := g.talk(json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out)), attrs, locals)
	in.Close()
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	return def, err
}

func (g *Gateway) talk(enc *json.Encoder, dec *json.Decoder, attrs, locals map[string]string) (*pb.Definition, error) {
	hello := gwpb.Hello{Product: "minikit", Version: version.Version, Caps: pb.Caps(), Opts: attrs}
	if err := enc.Encode(hello); err != nil {
		return nil, err
	}
	for {
		var call gwpb.Call
		if err := dec.Decode(&call); err != nil {
			if errors.Is(err, io.EOF) {
				return nil, errors.New("the frontend ended without a result")
			}
			return nil, err
		}
		switch call.Method {
		case gwpb.MethodReturn:
			if call.Definition == nil {
				return nil, errors.New("the frontend returned no definition")
			}
			return call.Definition, nil
		case gwpb.MethodFail:
			return nil, errors.New(call.Error)
		}
		if err := enc.Encode(g.answer(call, locals)); err != nil {
			return nil, err
		}
	}
}

func (g *Gateway) answer(call gwpb.Call, locals map[string]string) gwpb.Answer {
	switch call.Method {
	case gwpb.MethodReadFile:
		dt, err := os.ReadFile(filepath.Join(locals[call.Local], filepath.Clean("/"+call.Path)))
		if os.IsNotExist(err) {
			return gwpb.Answer{NotFound: true}
		}
		if err != nil {
			return gwpb.Answer{Error: err.Error()}
		}
		return gwpb.Answer{Data: dt}
	case gwpb.MethodResolve, gwpb.MethodConfig:
		a, err := g.Mirror.Pull(call.Ref)
		if err != nil {
			return gwpb.Answer{Error: err.Error()}
		}
		defer a.Close()
		answer := gwpb.Answer{Digest: a.Digest}
		if call.Method == gwpb.MethodConfig {
			answer.Image = &a.Image
		}
		return answer
	}
	return gwpb.Answer{Error: fmt.Sprintf("unknown method %q", call.Method)}
}
