package testbed

import "testing"

func TestTheReasonIsWhatWentWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"\n":                            "",
		"go: cannot find main module\n": "go: cannot find main module",
		"# parcon/experiments\n./a.go:1:1: syntax error\n./a.go:2:1: another\n": "./a.go:1:1: syntax error",
		"go: downloading go1.99.0 (linux/amd64)\ngo: go1.99.0: not found\n":     "go: go1.99.0: not found",
	} {
		if got := reason(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
