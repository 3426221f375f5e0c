// Package shell splits and expands words, and runs the few commands that a build step may use.
package shell

import (
	"fmt"
	"strings"
)

// Lookup gives the value of a variable and whether it is set.
type Lookup func(name string) (string, bool)

// Words splits a line at blanks, takes quotes away, and expands variables outside single quotes.
func Words(line string, lookup Lookup) ([]string, error) {
	s := scanner{in: line, lookup: lookup}
	for s.at < len(s.in) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	s.end()
	return s.words, nil
}

// Expand is Words for text whose blanks belong to it.
func Expand(text string, lookup Lookup) (string, error) {
	s := scanner{in: text, lookup: lookup, whole: true}
	for s.at < len(s.in) {
		if err := s.step(); err != nil {
			return "", err
		}
	}
	return s.word.String(), nil
}

// Quote makes one word of text, whatever it holds.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'"
}

type scanner struct {
	in     string
	at     int
	lookup Lookup
	whole  bool
	word   strings.Builder
	begun  bool
	words  []string
}

func (s *scanner) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
		s.begun = false
	}
}

func (s *scanner) put(text string) {
	s.word.WriteString(text)
	s.begun = true
}

func (s *scanner) step() error {
	switch c := s.in[s.at]; {
	case (c == ' ' || c == '\t') && !s.whole:
		s.at++
		s.end()
		return nil
	case c == '\'':
		text, err := s.until("'", s.at+1)
		if err != nil {
			return err
		}
		s.put(text)
		return nil
	case c == '"':
		text, err := s.until(`"`, s.at+1)
		if err != nil {
			return err
		}
		inner, err := Expand(text, s.lookup)
		if err != nil {
			return err
		}
		s.put(inner)
		return nil
	case c == '\\' && s.at+1 < len(s.in):
		s.put(s.in[s.at+1 : s.at+2])
		s.at += 2
		return nil
	case c == '$':
		return s.variable()
	default:
		s.put(string(c))
		s.at++
		return nil
	}
}

// until gives the text from start to the mark, and moves behind the mark.
func (s *scanner) until(mark string, start int) (string, error) {
	n := strings.Index(s.in[start:], mark)
	if n < 0 {
		return "", fmt.Errorf("unexpected end of statement while looking for matching %s", mark)
	}
	s.at = start + n + len(mark)
	return s.in[start : start+n], nil
}

func (s *scanner) variable() error {
	rest := s.in[s.at+1:]
	if strings.HasPrefix(rest, "{") {
		body, err := s.until("}", s.at+2)
		if err != nil {
			return err
		}
		name, fallback := body, ""
		if n := strings.Index(body, ":-"); n >= 0 {
			name, fallback = body[:n], body[n+2:]
		}
		value, _ := s.lookup(name)
		if value == "" {
			value = fallback
		}
		s.put(value)
		return nil
	}
	n := 0
	for n < len(rest) && isName(rest[n]) {
		n++
	}
	s.at += 1 + n
	if n == 0 {
		s.put("$")
		return nil
	}
	value, _ := s.lookup(rest[:n])
	s.put(value)
	return nil
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
