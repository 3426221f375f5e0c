// A frontend of our own, as small as one can be: it is compiled inside a daemon's tree, against the
// gateway client that this tree has, from v0.6 to master.
//
// Its language: the first line of the Dockerfile names a base, each further line is a command.
// The context's files are in /c. The image says `by=gateway`.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	"github.com/moby/buildkit/util/appcontext"
)

const path = "PATH=/bin"

func main() {
	if err := grpcclient.RunFromEnvironment(appcontext.Context(), build); err != nil {
		fmt.Fprintf(os.Stderr, "%+v\n", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, c client.Client) (*client.Result, error) {
	lines, err := read(ctx, c)
	if err != nil {
		return nil, err
	}
	context := llb.Local("context", llb.SessionID(c.BuildOpts().SessionID), llb.SharedKeyHint("context"))
	state := llb.Image(lines[0]).File(llb.Copy(context, "/", "/c/", &llb.CopyInfo{
		CopyDirContentsOnly: true,
		CreateDestPath:      true,
	}))
	for _, line := range lines[1:] {
		state = state.Run(llb.Args([]string{"sh", "-c", line}), llb.AddEnv("PATH", "/bin")).Root()
	}
	imports, err := caches(c.BuildOpts().Opts)
	if err != nil {
		return nil, err
	}
	result, err := solve(ctx, c, state, imports)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]interface{}{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]interface{}{"Env": []string{path}, "Labels": map[string]string{"by": "gateway"}},
		"rootfs":       map[string]interface{}{"type": "layers"},
	})
	if err != nil {
		return nil, err
	}
	result.AddMeta("containerimage.config", config)
	return result, nil
}

// read returns the lines of the Dockerfile.
func read(ctx context.Context, c client.Client) ([]string, error) {
	file := llb.Local("dockerfile", llb.SessionID(c.BuildOpts().SessionID), llb.FollowPaths([]string{"Dockerfile"}))
	result, err := solve(ctx, c, file, nil)
	if err != nil {
		return nil, err
	}
	ref, err := result.SingleRef()
	if err != nil {
		return nil, err
	}
	text, err := ref.ReadFile(ctx, client.ReadRequest{Filename: "Dockerfile"})
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n"), nil
}

func solve(ctx context.Context, c client.Client, state llb.State, imports []client.CacheOptionsEntry) (*client.Result, error) {
	definition, err := marshal(ctx, state, llb.WithCaps(c.BuildOpts().LLBCaps))
	if err != nil {
		return nil, err
	}
	return c.Solve(ctx, client.SolveRequest{Definition: definition.ToPB(), CacheImports: imports})
}

// marshal calls State.Marshal, which takes a context since v0.8.
func marshal(ctx context.Context, state llb.State, option llb.ConstraintsOpt) (*llb.Definition, error) {
	switch any := interface{}(state).(type) {
	case interface {
		Marshal(...llb.ConstraintsOpt) (*llb.Definition, error)
	}:
		return any.Marshal(option)
	case interface {
		Marshal(context.Context, ...llb.ConstraintsOpt) (*llb.Definition, error)
	}:
		return any.Marshal(ctx, option)
	}
	return nil, fmt.Errorf("%T has no Marshal that is known", state)
}

// caches returns the caches that the client asks to import: old clients name registries apart.
func caches(options map[string]string) ([]client.CacheOptionsEntry, error) {
	var found []client.CacheOptionsEntry
	if told := options["cache-imports"]; told != "" {
		if err := json.Unmarshal([]byte(told), &found); err != nil {
			return nil, err
		}
	}
	for _, ref := range strings.FieldsFunc(options["cache-from"], func(r rune) bool { return r == ',' }) {
		found = append(found, client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": ref}})
	}
	return found, nil
}
