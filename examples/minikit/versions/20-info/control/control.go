package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"example.com/minikit/frontend/gateway"
	"example.com/minikit/solver"
	"example.com/minikit/util/mirror"
)

// Controller answers requests.
type Controller struct {
	Root          string
	Worker        string
	Mirror        mirror.Mirror
	FrontendCache string
	Debug         func(format string, args ...interface{})

	solver *solver.Solver
}

// Serve answers until the listener is closed.
func (c *Controller) Serve(l net.Listener) error {
	c.solver = &solver.Solver{
		Root:   c.Root,
		Mirror: c.Mirror,
		Mounts: &solver.CacheMounts{Dir: filepath.Join(c.Root, "cache")},
		Debug:  c.Debug,
	}
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go c.handle(conn)
	}
}

func (c *Controller) handle(conn net.Conn) {
	c.reply(conn)
	// Not deferred: in a panic the client would see its end before the daemon has said why.
	conn.Close()
}

func (c *Controller) reply(conn net.Conn) {
	enc := json.NewEncoder(conn)
	var req Request
	if err := json.NewDecoder(conn).Decode(&req); err != nil {
		return // a client that only looked whether we are there
	}
	c.Debug("request %s", req.Method)
	res, err := c.answer(req, func(vertex string) {
		if err := enc.Encode(Response{Vertex: vertex}); err != nil {
			c.Debug("the client is gone: %v", err)
		}
	})
	last := Response{Result: res}
	if err != nil {
		c.Debug("%s returned error: %v", req.Method, err)
		last = Response{Error: err.Error()}
	}
	if err := enc.Encode(last); err != nil {
		c.Debug("the client is gone: %v", err)
	}
}

func (c *Controller) answer(req Request, progress func(string)) (*Result, error) {
	switch {
	case req.Method == "workers":
		return &Result{Workers: []string{c.Worker}, Info: &Info{Worker: c.Worker}}, nil
	case req.Method == "solve" && req.Solve != nil:
		return c.solve(req.Solve, progress)
	}
	return nil, fmt.Errorf("unknown method %q", req.Method)
}

func (c *Controller) solve(spec *SolveSpec, progress func(string)) (*Result, error) {
	if spec.Frontend != "gateway.v0" {
		return nil, fmt.Errorf("frontend %s not found", spec.Frontend)
	}
	tmp, err := os.MkdirTemp(c.Root, "request")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	progress("load frontend " + spec.Attrs["source"])
	g := gateway.Gateway{Mirror: c.Mirror, Dir: tmp, Cache: c.FrontendCache, Debug: c.Debug}
	def, err := g.Solve(spec.Attrs, spec.Locals)
	if err != nil {
		return nil, fmt.Errorf("failed to solve with frontend %s: %w", spec.Frontend, err)
	}
	if def.Meta != nil {
		return &Result{Meta: def.Meta}, nil
	}
	root, err := c.solver.Solve(def, spec.Locals["context"])
	if err != nil {
		return nil, fmt.Errorf("failed to solve with frontend %s: failed to build LLB: %w", spec.Frontend, err)
	}
	progress("exporting")
	return export(spec, def, root)
}
