package main

import (
	"testing"

	"parcon/results"
	"parcon/runner"
)

// A comparison ends as soon as the rounds before tell, and not by what later ones hold.
func TestAComparisonEndsWhenItIsTold(t *testing.T) {
	sides := [2]runner.Case{{Variant: "side=a"}, {Variant: "side=b"}}
	var trials []results.Result
	for round := range 12 {
		for i, c := range sides {
			r := results.Result{Slot: results.Slot{Variant: c.Variant, Round: round}, Values: map[string]float64{"ns/op": 100 + float64(i)}}
			if round == 3 && i == 0 {
				r.Values, r.Failed = nil, "it crashed"
			}
			trials = append(trials, r)
		}
	}
	for round := range 13 {
		if got, want := told(sides, round, trials), round == 12; got != want {
			t.Errorf("before round %d: %v, want %v", round, got, want)
		}
	}
}
