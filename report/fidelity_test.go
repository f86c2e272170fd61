package report

import (
	"math"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/results"
)

// An emulation is as faithful as its gain is that of CPython's threads. What a language or
// a machine does to both sides of a gain falls out.
func TestFidelityIsAGainOverAGain(t *testing.T) {
	table := NewTable(catalogue())
	table.Setup = results.Setup{{Key: results.KeyPython, Value: "CPython 3.11.7, CPython 3.13.0 without GIL"}}
	add := func(task, model string, workers, round int, ns float64) {
		table.Add("Waiting", cell(task, model, workers).String(), round, map[string]float64{"ns/op": ns})
	}
	for round := range 30 {
		drift := 1 + 0.1*float64(round%3)
		add("file/python=3.11.7", "cpython-serial", 1, round, 200*drift)
		add("file/python=3.11.7", "cpython-thread", 8, round, 50*drift)
		add("file", "serial", 1, round, 100*drift)
		add("file", "gil-lock", 8, round, 25*drift)
		if round > 0 { // a round that one of the four lacks does not count
			add("file", "gil", 8, round, 50*drift)
		}
		add("file/python=3.13.0t", "cpython-thread", 8, round, 50*drift) // has no GIL to be faithful to
	}
	if gils := table.realGILs(); len(gils) != 1 || gils[0] != "3.11.7" {
		t.Fatalf("real ones: %v", gils)
	}
	all := table.fidelities("3.11.7")
	if len(all) != 1 || all[0].name() != "file, 8 threads" || all[0].python != card.Python("3.11.7") {
		t.Fatalf("%+v", all)
	}
	for i, want := range []struct {
		ratio float64
		n     int
	}{{1, 30}, {0.5, 29}} {
		if got := all[0].over[i]; math.Abs(got.Estimate-want.ratio) > 1e-9 || got.N != want.n {
			t.Errorf("%s: %+v, want %v of %d rounds", emulations[i], got, want.ratio, want.n)
		}
	}
	if got := all[0].real; math.Abs(got.Estimate-4) > 1e-9 {
		t.Errorf("CPython's own gain: %+v", got)
	}
	if title := fidelityTitle(all); !strings.Contains(title, "gil 0.50x") || !strings.Contains(title, "(file, 8 threads)") {
		t.Error(title)
	}
}
