package benchmark

import (
	"fmt"
	"regexp"
	"strings"
)

// A Pattern chooses benchmarks as -bench of go test does: alternatives, split by "|", of
// parts, split by "/", each an expression for a part of a benchmark's name.
type Pattern [][]string

// ParsePattern reads one.
func ParsePattern(text string) (Pattern, error) {
	var p Pattern
	for _, alternative := range cut(text, '|') {
		parts := cut(alternative, '/')
		for _, part := range parts {
			if _, err := regexp.Compile(part); err != nil {
				return nil, fmt.Errorf("reading the expression %q: %w", part, err)
			}
		}
		p = append(p, parts)
	}
	return p, nil
}

// cut splits a pattern outside of its brackets, as package testing does.
func cut(text string, at byte) (parts []string) {
	square, round, start := 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case c == '[':
			square++
		case c == ']':
			square = max(0, square-1)
		case c == '(' && square == 0:
			round++
		case c == ')' && square == 0:
			round--
		case c == at && square == 0 && round == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

// of is the pattern for what it chooses of one function; "" if that is nothing.
func (p Pattern) of(function string) string {
	var all []string
	for _, parts := range p {
		if regexp.MustCompile(parts[0]).MatchString(function) {
			all = append(all, strings.Join(append([]string{exactly(function)}, parts[1:]...), "/"))
		}
	}
	return strings.Join(all, "|")
}

// exactly is the pattern of one benchmark alone.
func exactly(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}
