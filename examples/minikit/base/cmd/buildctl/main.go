// Command buildctl is the client.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"example.com/minikit/client"
	"example.com/minikit/control"
	"example.com/minikit/version"
)

const usage = "usage: buildctl [--addr ADDRESS] build|debug workers"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("buildctl", flag.ContinueOnError)
	addr := flags.String("addr", os.Getenv("BUILDKIT_HOST"), "buildkitd address")
	show := flags.Bool("version", false, "print the version")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *show {
		fmt.Println("buildctl", version.Package, version.Version, version.Revision)
		return nil
	}
	c, err := client.New(*addr)
	if err != nil {
		return err
	}
	switch args = flags.Args(); {
	case len(args) > 0 && args[0] == "build":
		return build(c, args[1:])
	case len(args) == 2 && args[0] == "debug" && args[1] == "workers":
		return workers(c)
	}
	return errors.New(usage)
}

func workers(c *client.Client) error {
	list, err := c.Workers()
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(list, "\n"))
	return nil
}

// pairs is a flag key=value that may be repeated.
type pairs map[string]string

func (p pairs) String() string { return fmt.Sprint(map[string]string(p)) }

func (p pairs) Set(text string) error {
	kv := strings.SplitN(text, "=", 2)
	if len(kv) != 2 {
		return fmt.Errorf("%q is not key=value", text)
	}
	p[kv[0]] = kv[1]
	return nil
}

func build(c *client.Client, args []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	frontend := flags.String("frontend", "gateway.v0", "frontend")
	output := flags.String("output", "", "folder that receives the result")
	opts, locals := pairs{}, pairs{}
	flags.Var(opts, "opt", "option of the frontend")
	flags.Var(locals, "local", "folder of the build")
	if err := flags.Parse(args); err != nil {
		return err
	}
	_, err := c.Solve(control.SolveSpec{
		Frontend: *frontend,
		Attrs:    opts,
		Locals:   locals,
		Output:   *output,
	}, func(vertex string) { fmt.Fprintln(os.Stderr, "#", vertex) })
	return err
}
