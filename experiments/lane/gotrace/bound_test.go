package gotrace

import (
	"testing"
	"time"

	"parcon/experiments/lane"
)

// Slices beyond the limit are thinned while a trace is read, and counted.
func TestSlicesAreBoundedOnTheWay(t *testing.T) {
	const most = 10_000
	const n = 30 * most
	r := reader{limit: most, most: most}
	for i := range n {
		at := time.Duration(2 * i)
		r.done.Slices = append(r.done.Slices, lane.Slice{Lane: "P0", Task: i, State: lane.Running, Start: at, End: at + 1})
		r.bound()
	}
	if kept := len(r.done.Slices); kept > most || kept+r.done.Left != n || r.done.Span() < 2*n-2*n/lane.Steps {
		t.Errorf("%d slices kept and %d left out of %d, to %v", kept, r.done.Left, n, r.done.Span())
	}
}
