package results

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"
)

// prose are words at which a line begins that go test, Go or a program prints, and
// that looks like configuration.
var prose = []string{"panic", "signal", "coverage", "testing", "exit", "error", "warning", "info", "debug", "goroutine", "note"}

// decide tells at the first result whether parcon wrote the file: its head, which
// never names a package, has three words that only parcon writes; one will do where
// the result's name is made of key=value, as those of parcon's variants are. Go test
// names the package first.
func (r *Reader) decide(name benchfmt.Name) {
	r.decided = true
	if !r.own {
		words := 0
		for _, e := range r.config {
			if slices.Contains(ours, e.Key) {
				words++
			}
		}
		_, rest, _ := strings.Cut(string(name), "/")
		part, _, _ := strings.Cut(rest, "/")
		r.own = r.config.Get("pkg") == "" && (words >= 3 || words >= 1 && strings.Contains(part, "="))
	}
	if !r.own {
		r.config = slices.DeleteFunc(slices.Clone(r.config), func(e Entry) bool { return !meant(e.Key, e.Value) })
	}
	r.changed = true
}

// configure takes a line of configuration. In parcon's files it counts wherever it
// stands, as the format says. Elsewhere the program that is measured prints between
// the results, and what it prints may look the same: there a line counts before the
// first result, or the first of a package's, or if its key stood there; and those
// that go test writes count only where it writes them.
func (r *Reader) configure(key, value string) {
	if r.decided && !r.own {
		switch {
		case !meant(key, value):
			return
		case key == "pkg", key == "goos":
			r.heading = true
		case r.heading:
		case key == "cpu", key == "goarch", r.config.Get(key) == "":
			return
		}
	}
	at := slices.IndexFunc(r.config, func(e Entry) bool { return e.Key == key })
	if at >= 0 && r.config[at].Value == value {
		return
	}
	// Lines have what held before: it is never written to.
	changed := slices.Clone(r.config)
	switch {
	case value == "":
		changed = slices.DeleteFunc(changed, func(e Entry) bool { return e.Key == key })
	case at >= 0:
		changed[at].Value = value
	case len(changed) >= mostKeys:
		return
	default:
		changed = append(changed, Entry{key, value})
	}
	r.config, r.changed = changed, true
}

// mostKeys bounds what a log can make of a configuration.
const mostKeys = 200

// meant says whether a line of another's file is configuration: "go: downloading
// example.com/a" is not.
func meant(key, value string) bool {
	if slices.Contains(ours, key) || slices.Contains(prose, key) {
		return false
	}
	return key != "go" || strings.HasPrefix(value, "go1") || strings.HasPrefix(value, "devel")
}

// keyValue reads a line of configuration as the format defines it: a key that begins
// with a lower-case letter and has no space and no capital, a colon, and a value
// behind a space, or none.
func keyValue(line []byte) (key, value string, ok bool) {
	before, after, found := bytes.Cut(line, []byte(":"))
	if first, _ := utf8.DecodeRune(line); !found || !unicode.IsLower(first) || len(after) > 0 && after[0] != ' ' && after[0] != '\t' {
		return "", "", false
	}
	if bytes.ContainsFunc(before, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsUpper(c) }) {
		return "", "", false
	}
	return string(before), strings.TrimLeft(string(after), " \t"), true
}
