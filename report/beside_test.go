package report

import (
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// under is a claim on a model that stands for a GIL.
func under(model string) card.Claim {
	return card.Claim{
		ID: "P4", Under: model, Text: "Threads are no faster",
		Comparisons: []card.Comparison{card.Is(card.Throughput, cell("primes", model, 2), card.NoMore, cell("primes", "serial", 1))},
	}
}

// A sentence that is judged under several things has the verdict of the first. What the
// others say is told of them, and counts in no number of claims.
func TestTheFirstVerdictOnASentenceCounts(t *testing.T) {
	claim := card.Under(under("gil"), under("thread"), under("loop"))
	asked := ask("compute", claim)
	table := NewTable(catalogue())
	for round := range 30 {
		for model, ns := range map[string]float64{"serial": 100, "gil": 100, "thread": 50} {
			workers := 2
			if model == "serial" {
				workers = 1
			}
			table.Add("Compute", cell("primes", model, workers).String(), round, map[string]float64{"ns/op": ns})
		}
	}
	count, beside := counting(judge(table, asked, defaultOdds(3)))
	if len(count) != 1 || count[0].Verdict != Holds || count[0].Name() != "P4" {
		t.Errorf("what counts: %+v", count)
	}
	if len(beside) != 2 || beside[0].Verdict != Refuted || beside[1].Verdict != NotMeasured || beside[0].Name() != "P4 under thread" {
		t.Errorf("beside it: %+v", beside)
	}
	var w strings.Builder
	page{judged: count, beside: beside}.underEach(&w)
	for _, want := range []string{"P4 holds under gil and is refuted under thread", "| P4 | Threads are no faster | gil | **holds** |", "|  |  | loop | not measured |"} {
		if !strings.Contains(w.String(), want) {
			t.Errorf("%q is not in\n%s", want, w.String())
		}
	}
}

// The evidence on all of them is asked for, and a chapter of which only the claim is
// asked measures all that they compare.
func TestWhatStandsBesideIsMeasured(t *testing.T) {
	claim := card.Under(under("gil"), under("thread"))
	var cases []card.Case
	for _, model := range []string{"gil", "thread", "pool"} {
		cases = append(cases, card.Run(1, cell("primes", model, 2)))
	}
	chapter := card.Chapter{Name: "compute", Only: []string{"P4"}, Cards: []card.Card{{
		Cases:  func(card.Scale) []card.Case { return cases },
		Claims: func(card.Scale) []card.Claim { return []card.Claim{claim} },
	}}}
	s := card.Scale{Cores: 2}
	var names []variant.Variant
	for _, c := range chapter.Cases(s) {
		names = append(names, c.Variant)
	}
	if len(names) != 2 || names[1].Get("model") != "thread" {
		t.Errorf("measured: %v", names)
	}
	f := Follow(catalogue(), []card.Chapter{chapter}, s, 0, 1, false)
	if f.Odds() != defaultOdds(2) {
		t.Errorf("odds of %v for two verdicts", f.Odds())
	}
	if _, measured := f.Decided(); measured != 1 {
		t.Errorf("%d claims count", measured)
	}
	if before, after := card.Fingerprint([]card.Claim{under("gil")}), card.Fingerprint([]card.Claim{claim}); before == after {
		t.Error("the fingerprint does not know what stands beside")
	}
}
