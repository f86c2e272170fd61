package command

import (
	"slices"
	"strings"
	"testing"
)

func TestALineIsPutIntoACommand(t *testing.T) {
	for want, argv := range map[string][]string{
		"echo|a b":       {"echo"},
		"echo|<a b>|a b": {"echo", "<{}>", "{}"},
	} {
		if got := Fill(argv, "a b"); !slices.Equal(got, strings.Split(want, "|")) {
			t.Errorf("%q is %q, want %s", argv, got, want)
		}
	}
}
