package shell

import (
	"fmt"
	"os"
	"path"
	"strings"

	"example.com/minikit/util/fscopy"
)

// Root is what a command sees of a file system.
type Root struct {
	// Path maps a path of the build to one of the host; writing tells whether it is to be changed.
	Path func(name string, writing bool) (string, error)
	Env  Lookup
	Cwd  string
}

type command func(r Root, args []string) (string, error)

var commands = map[string]command{
	"true":  func(Root, []string) (string, error) { return "", nil },
	"false": func(Root, []string) (string, error) { return "", fmt.Errorf("exit code: 1") },
	"echo":  echo,
	"cat":   cat,
	"ln":    ln,
	"mkdir": mkdir,
	"test":  test,
	"[":     bracket,
	"copy":  copyTree,
}

// Run runs a line of commands joined by &&, each with an optional > file at its end.
func Run(r Root, line string) error {
	for _, part := range strings.Split(line, "&&") {
		words, err := Words(part, r.Env)
		if err != nil {
			return err
		}
		if len(words) == 0 {
			return fmt.Errorf("syntax error: empty command in %q", line)
		}
		if err := runOne(r, words); err != nil {
			return err
		}
	}
	return nil
}

func runOne(r Root, words []string) error {
	target := ""
	if n := len(words); n >= 3 && words[n-2] == ">" {
		target, words = words[n-1], words[:n-2]
	}
	cmd, ok := commands[words[0]]
	if !ok {
		return fmt.Errorf("%s: not found: exit code: 127", words[0])
	}
	out, err := cmd(r, words[1:])
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
	}
	if target == "" {
		return nil
	}
	dest, err := r.path(target, true)
	if err != nil {
		return err
	}
	return os.WriteFile(dest, []byte(out), 0o644)
}

func (r Root) path(name string, writing bool) (string, error) {
	if !path.IsAbs(name) {
		name = path.Join(r.Cwd, name)
	}
	return r.Path(name, writing)
}

func echo(_ Root, args []string) (string, error) {
	if len(args) > 0 && args[0] == "-n" {
		return strings.Join(args[1:], " "), nil
	}
	return strings.Join(args, " ") + "\n", nil
}

func cat(r Root, args []string) (string, error) {
	out := ""
	for _, name := range args {
		src, err := r.path(name, false)
		if err != nil {
			return "", err
		}
		dt, err := os.ReadFile(src)
		if err != nil {
			return "", fmt.Errorf("%s: no such file: exit code: 1", name)
		}
		out += string(dt)
	}
	return out, nil
}

// ln is `ln -s TARGET NAME`.
func ln(r Root, args []string) (string, error) {
	if len(args) != 3 || args[0] != "-s" {
		return "", fmt.Errorf("usage: ln -s TARGET NAME: exit code: 2")
	}
	dest, err := r.path(args[2], true)
	if err != nil {
		return "", err
	}
	return "", os.Symlink(args[1], dest)
}

func mkdir(r Root, args []string) (string, error) {
	for _, name := range args {
		dest, err := r.path(name, true)
		if err != nil {
			return "", err
		}
		if err := os.Mkdir(dest, 0o755); err != nil {
			return "", fmt.Errorf("%s: exit code: 1", name)
		}
	}
	return "", nil
}

// copyTree is `copy [--exclude=PATTERN …] FROM SOURCE … DEST`; sources are rooted in FROM.
func copyTree(r Root, args []string) (string, error) {
	var s fscopy.Spec
	for len(args) > 0 && strings.HasPrefix(args[0], "--exclude=") {
		s.Excludes = append(s.Excludes, strings.TrimPrefix(args[0], "--exclude="))
		args = args[1:]
	}
	if len(args) < 3 {
		return "", fmt.Errorf("too few arguments: exit code: 2")
	}
	var err error
	if s.From, err = r.path(args[0], false); err != nil {
		return "", err
	}
	if s.Root, err = r.path("/", true); err != nil {
		return "", err
	}
	s.Sources, s.Dest = args[1:len(args)-1], args[len(args)-1]
	return "", fscopy.Copy(s)
}

func bracket(r Root, args []string) (string, error) {
	if len(args) == 0 || args[len(args)-1] != "]" {
		return "", fmt.Errorf("missing ]: exit code: 2")
	}
	return test(r, args[:len(args)-1])
}

func test(r Root, args []string) (string, error) {
	ok := false
	switch {
	case len(args) > 0 && args[0] == "!":
		_, err := test(r, args[1:])
		ok = err != nil
	case len(args) == 3 && args[1] == "=":
		ok = args[0] == args[2]
	case len(args) == 2 && (args[0] == "-f" || args[0] == "-d"):
		name, err := r.path(args[1], false)
		if err != nil {
			return "", err
		}
		st, err := os.Stat(name)
		ok = err == nil && st.IsDir() == (args[0] == "-d")
	}
	if !ok {
		return "", fmt.Errorf("exit code: 1")
	}
	return "", nil
}
