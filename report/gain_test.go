package report

import (
	"math"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// How much of a gain was reached follows from the serial trial of the same round. A round
// in which nothing could be gained, or a side failed, says nothing for a claim.
func TestGainsAreSharesOfWhatIsPossible(t *testing.T) {
	serial, gil := cell("file", "serial", 1), cell("file", "gil", 8)
	for name, c := range map[string]struct {
		wall, cpu, mine float64
		want            float64
	}{
		"half of what waiting leaves":  {1000, 500, 1000 / 1.5, 0.5},
		"all of it":                    {1000, 500, 500, 1},
		"as many workers as there are": {1000, 1, 125, 1},
		"nothing computed":             {1000, 0, 1000 / 4.5, 0.5},
		"slower than serial code":      {1000, 500, 1250, -0.2},
		"no faster":                    {1000, 500, 1000, 0},
		"nothing to gain":              {1000, 1000, 900, math.NaN()},
		"more CPU time than time":      {1000, 1500, 900, math.NaN()},
		"no CPU time told":             {1000, math.NaN(), 500, math.NaN()},
		"no time at all":               {1000, 500, 0, math.NaN()},
		"no time on both sides":        {0, 0, 0, math.NaN()},
	} {
		table := NewTable(catalogue())
		table.Add(card.Title("waiting"), serial.String(), 0, map[string]float64{"ns/op": c.wall, "cpu-ns/op": c.cpu})
		table.Add(card.Title("waiting"), gil.String(), 0, map[string]float64{"ns/op": c.mine})
		got := table.gains("waiting", gil, serial).reached
		if len(got) != 1 || !(math.Abs(got[0]-c.want) < 1e-9) && !(math.IsNaN(got[0]) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A bound on a gain is met or missed by the share, whatever the speed-up is; rounds that
// say nothing decide nothing.
func TestGainsAreJudged(t *testing.T) {
	serial, gil := cell("file", "serial", 1), cell("file", "gil", 8)
	claim := card.Claim{ID: "X1", Text: "much faster", Comparisons: []card.Comparison{card.Is(card.OneCore, gil, card.Half, serial)}}
	for name, c := range map[string]struct {
		cpu, mine float64
		want      Verdict
		found     string
	}{
		"most of the little that is possible":          {600, 640, Holds, "0.84 (0.84 to 0.84) of what is possible: 1.56x of at most 1.67x"},
		"the same speed-up, and much more is possible": {10, 640, Refuted, "0.080 (0.080 to 0.080) of what is possible: 1.56x of at most 8.00x"},
		"slower":          {600, 1250, Refuted, "-0.30 (-0.30 to -0.30) of what is possible: 0.80x of at most 1.67x"},
		"nothing to gain": {1000, 640, NotMeasured, "–"},
	} {
		table := NewTable(catalogue())
		for round := range 2 * stat.Least(defaultOdds(1)) {
			table.Add(card.Title("waiting"), serial.String(), round, map[string]float64{"ns/op": 1000, "cpu-ns/op": c.cpu})
			table.Add(card.Title("waiting"), gil.String(), round, map[string]float64{"ns/op": c.mine})
		}
		j := judge(table, []asked{{"waiting", claim, false}}, defaultOdds(1))[0]
		if j.Verdict != c.want || j.Deciding.found() != c.found {
			t.Errorf("%s: %s, %s, want %s, %s", name, j.Verdict, j.Deciding.found(), c.want, c.found)
		}
		if nothing := strings.Contains(j.Reason, "anything to gain under file"); nothing != (c.want == NotMeasured) {
			t.Errorf("%s: %s", name, j.Reason)
		}
		if want := "gain on one core, file: gil x 8 over serial"; j.Deciding.Name != want {
			t.Errorf("%q, want %q", j.Deciding.Name, want)
		}
	}
}

// Rounds that lack the CPU time of serial code cannot be taken for such as had none.
func TestAGainNeedsTheCPUTimeOfItsRound(t *testing.T) {
	serial, gil := cell("file", "serial", 1), cell("file", "gil", 8)
	table := NewTable(catalogue())
	for round, values := range []map[string]float64{{"ns/op": 1000}, {"ns/op": 1000, "cpu-ns/op": 500}} {
		table.Add(card.Title("waiting"), serial.String(), round, values)
		table.Add(card.Title("waiting"), gil.String(), round, map[string]float64{"ns/op": 500})
	}
	got := table.gains("waiting", gil, serial)
	if len(got.reached) != 2 || !math.IsNaN(got.reached[0]) || got.reached[1] != 1 {
		t.Errorf("%v", got.reached)
	}
	if text := table.gains("waiting", gil, variant.Variant{}); len(text.reached) != 0 || !strings.Contains(text.String(), "–") {
		t.Errorf("%v over nothing: %s", text.reached, text)
	}
}
