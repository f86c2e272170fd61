package main

import (
	"testing"
	"time"

	"parcon/experiments/chapters"
	"parcon/experiments/testbed"
	"parcon/runner"
)

// What a claim compares runs one after the other in every round.
func TestARunMeasuresWhatIsComparedSideBySide(t *testing.T) {
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	j := job{profile: chapters.Profiles[0], names: []string{"M8"}, dir: t.TempDir(), timeout: time.Minute}
	chosen, err := j.choose()
	if err != nil {
		t.Fatal(err)
	}
	bed, cases, err := openTestbed(t.Context(), j, programs, chosen, j.scale())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := bed.Close(); err != nil {
			t.Error(err)
		}
	}()
	claims := chosen[0].Claims(j.scale())
	if why := claims[0].Unmeasured; why != "" {
		t.Skip(why)
	}
	compared := 0
	for round := range 20 {
		at := map[string]int{}
		for i, s := range runner.Round(runner.Plan{Experiments: cases, Seed: 1}, round, nil) {
			at[s.Variant] = i
		}
		for _, claim := range claims {
			for _, k := range claim.AllComparisons() {
				if d := at[k.Of.String()] - at[k.Over.String()]; d != 1 && d != -1 {
					t.Errorf("round %d: %s runs %d after %s", round, k.Of, d, k.Over)
				}
				compared++
			}
		}
	}
	if compared == 0 {
		t.Error("nothing is compared")
	}
}
