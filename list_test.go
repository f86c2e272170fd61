package main

import (
	"strings"
	"testing"

	"parcon/experiments/chapters"
)

// Whatever the screen's width, nothing is lost and lines are no longer than it.
func TestAListFitsTheScreen(t *testing.T) {
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	wide := words(listing(2, 10_000))
	for _, e := range chapters.All {
		if !strings.Contains(wide, e.Name+" "+e.Question) {
			t.Errorf("%s is not listed", e.Name)
		}
	}
	for _, width := range []int{40, 60, 80, 120, 200} {
		text := listing(2, width)
		if words(text) != wide {
			t.Errorf("width %d: words are lost", width)
		}
		for line := range strings.Lines(text) {
			if len(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("width %d: %q is longer", width, line)
			}
		}
	}
}
