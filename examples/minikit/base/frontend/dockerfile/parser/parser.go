// Package parser cuts a Dockerfile into instructions.
package parser

import (
	"fmt"
	"strings"
)

// Instruction is one line of a Dockerfile, continuations joined.
type Instruction struct {
	// Cmd is in upper case.
	Cmd   string
	Flags []string
	// Args is the rest of the line as it was written.
	Args     string
	Original string
	Line     int
}

// Parse reads a whole Dockerfile.
func Parse(dt []byte) ([]Instruction, error) {
	var all []Instruction
	text, begun := "", 0
	for i, line := range strings.Split(string(dt), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if text == "" {
			begun = i + 1
		}
		if strings.HasSuffix(line, `\`) {
			text += strings.TrimSuffix(line, `\`)
			continue
		}
		one, err := parseLine(text+line, begun)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		text = ""
	}
	if text != "" {
		return nil, fmt.Errorf("dockerfile parse error line %d: the last line goes on nowhere", begun)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the Dockerfile cannot be empty")
	}
	return all, nil
}

func parseLine(line string, number int) (Instruction, error) {
	cmd, rest := cut(line)
	one := Instruction{Cmd: strings.ToUpper(cmd), Original: line, Line: number}
	for strings.HasPrefix(rest, "--") {
		var flag string
		flag, rest = cut(rest)
		one.Flags = append(one.Flags, flag)
	}
	if rest == "" {
		return one, fmt.Errorf("dockerfile parse error line %d: %s requires an argument", number, one.Cmd)
	}
	one.Args = rest
	return one, nil
}

func cut(line string) (string, string) {
	n := strings.IndexAny(line, " \t")
	if n < 0 {
		return line, ""
	}
	return line[:n], strings.TrimLeft(line[n:], " \t")
}

// Flag gives the value of --name=value, and whether it is there.
func (i Instruction) Flag(name string) (string, bool) {
	for _, f := range i.Flags {
		if strings.HasPrefix(f, "--"+name+"=") {
			return f[len(name)+3:], true
		}
	}
	return "", false
}

// FlagValues gives the values of a flag that may be repeated.
func (i Instruction) FlagValues(name string) []string {
	var values []string
	for _, f := range i.Flags {
		if strings.HasPrefix(f, "--"+name+"=") {
			values = append(values, f[len(name)+3:])
		}
	}
	return values
}

// Only fails on a flag that is not among the known ones.
func (i Instruction) Only(known ...string) error {
	for _, f := range i.Flags {
		name := strings.SplitN(strings.TrimPrefix(f, "--"), "=", 2)[0]
		found := false
		for _, k := range known {
			found = found || k == name
		}
		if !found {
			return fmt.Errorf("dockerfile parse error line %d: unknown flag: %s", i.Line, name)
		}
	}
	return nil
}
