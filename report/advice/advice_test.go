package advice_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parcon/report/advice"
	"parcon/results"
)

// rounds makes so many rounds of trials, without noise.
func rounds(n int, workers []int, of func(w int) advice.Trial) (all []advice.Trial) {
	for round := range n {
		for _, w := range workers {
			t := of(w)
			t.Round, t.Workers = round, w
			all = append(all, t)
		}
	}
	return all
}

// The limit is named by the figures of the trials.
func TestTheLimitIsNamed(t *testing.T) {
	workers := []int{1, 2, 3, 4}
	for _, c := range []struct {
		of      func(w int) advice.Trial
		setting advice.Setting
		want    string
		advised int
	}{
		{func(w int) advice.Trial {
			n := float64(w)
			return advice.Trial{Rate: 10 * min(n, 2), Busy: min(n, 2), CPU: 0.1, Took: n / min(n, 2) / 10}
		}, advice.Setting{Cores: 2, Most: 64}, advice.CPU, 2},
		{func(w int) advice.Trial {
			n := float64(w)
			return advice.Trial{Rate: 10 * min(n, 1.2), Busy: min(n, 4), CPU: min(n, 4) / 10 / min(n, 1.2), Took: n / 10 / min(n, 1.2)}
		}, advice.Setting{Cores: 4, Most: 64}, advice.Shared, 2},
		{func(int) advice.Trial { return advice.Trial{Rate: 10, Busy: 0.2, CPU: 0.02, Took: 0.1, IO: 0.9} }, advice.Setting{Cores: 2, Most: 64}, advice.Disk, 1},
		{func(int) advice.Trial { return advice.Trial{Rate: 10, Busy: 0.2, CPU: 0.02, Took: 0.1} }, advice.Setting{Cores: 2, Most: 64}, advice.Lock, 1},
		{func(w int) advice.Trial { return advice.Trial{Rate: 10 * float64(w), Busy: 0.2, CPU: 0.02, Took: 0.1} }, advice.Setting{Cores: 2, Most: 64, Memory: 350, PerWorker: 100}, advice.Memory, 3},
		{func(w int) advice.Trial {
			return advice.Trial{Rate: 10 * float64(w), Busy: 0.2, CPU: 0.02, Took: 0.1, Peak: 90 * float64(w)}
		}, advice.Setting{Cores: 2, Most: 64, Memory: 800, PerWorker: 10}, advice.Memory, 2},
		{func(w int) advice.Trial { return advice.Trial{Rate: 10 * float64(w), Busy: 0.2, CPU: 0.02, Took: 0.1} }, advice.Setting{Cores: 2, Most: 4}, advice.Most, 4},
		{func(w int) advice.Trial { return advice.Trial{Rate: 10 * float64(w), Busy: 0.2, CPU: 0.02, Took: 0.1} }, advice.Setting{Cores: 2, Most: 64}, advice.NotKnown, 4}, // nobody tried more
		{func(w int) advice.Trial {
			if w > 3 {
				return advice.Trial{Failed: "exit status 1: four"}
			}
			return advice.Trial{Rate: 10 * float64(w), Busy: 0.2, CPU: 0.02, Took: 0.1}
		}, advice.Setting{Cores: 2, Most: 64}, advice.Failures, 3},
	} {
		a := advice.Of(c.setting, rounds(20, workers, c.of))
		if a.Limit.Name != c.want || a.Workers != c.advised {
			t.Errorf("%s; want %d and the limit %s, not %s", a, c.advised, c.want, a.Limit.Name)
		}
	}
}

// What more workers take from other programs is no gain of theirs.
func TestWhatOthersLoseIsNoGain(t *testing.T) {
	trials := rounds(20, []int{1, 2, 4, 8}, func(w int) advice.Trial {
		n := float64(w)
		busy := min(n, 2*n/(n+1)) // beside one other program
		return advice.Trial{Rate: 10 * busy, Busy: busy, Others: 2 - busy, CPU: 0.1, Took: n / busy / 10, Delay: n/busy/10 - 0.1}
	})
	a := advice.Of(advice.Setting{Cores: 2, Most: 64}, trials)
	if a.Workers != 2 || !a.Sure || !slices.ContainsFunc(a.Notes, func(n string) bool { return strings.Contains(n, "take them from others") }) {
		t.Errorf("%s, sure: %v, %q", a, a.Sure, a.Notes)
	}
}

func TestFailuresAreNeverRecommended(t *testing.T) {
	failing := func(int) advice.Trial { return advice.Trial{Failed: "exit status 2: no"} }
	s := advice.Setting{Cores: 2, Most: 8}
	a := advice.Of(s, rounds(3, []int{1, 2}, failing))
	if a.Workers != 0 || !strings.Contains(a.Sentence, "exit status 2: no") || advice.Next(s, rounds(3, []int{1, 2}, failing)) != nil {
		t.Errorf("%+v", a)
	}
	if next := advice.Next(s, rounds(1, []int{1}, failing)); !slices.Equal(next, []int{1}) {
		t.Errorf("after one failure %v is tried, want it once more", next)
	}
}

// Whatever trials there are: no number is advised that failed or has no room, what is tried
// next is within bounds, and the answer can be written as JSON.
func TestAnyTrials(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := advice.Setting{
			Cores: float64(rapid.IntRange(1, 8).Draw(t, "cores")), Most: rapid.IntRange(1, 70).Draw(t, "most"),
			Memory: rapid.SampledFrom([]float64{0, 1, 500, 1e9}).Draw(t, "memory"), PerWorker: rapid.SampledFrom([]float64{0, 100}).Draw(t, "each"),
		}
		value := rapid.SampledFrom([]float64{math.NaN(), 0, -1, 1e-9, 1, 2, 10, 1e12, math.Inf(1)})
		var trials []advice.Trial
		for round := range rapid.IntRange(0, 12).Draw(t, "rounds") {
			for _, w := range advice.Next(s, trials) {
				if w < 1 || w > s.Most || s.Memory > 0 && s.PerWorker > 0 && w > 1 && float64(w)*s.PerWorker > s.Memory {
					t.Fatalf("%d workers are tried", w)
				}
				x := advice.Trial{Round: round, Workers: w, Rate: value.Draw(t, "rate"), Busy: value.Draw(t, "busy"), Others: value.Draw(t, "others"), CPU: value.Draw(t, "cpu"), Took: value.Draw(t, "took"), Delay: value.Draw(t, "delay"), IO: value.Draw(t, "io"), Peak: math.NaN(), Left: value.Draw(t, "left")}
				if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
					x.Failed = "no"
				}
				trials = append(trials, x)
			}
		}
		a := advice.Of(s, trials)
		if a.Workers < 0 || a.Workers > s.Most || a.Sentence == "" || a.Workers > 0 && slices.Contains(a.Or, a.Workers) {
			t.Fatalf("%+v", a)
		}
		if _, err := json.Marshal(a); err != nil {
			t.Fatal(err)
		}
	})
}

// A setting and trials come back from a result file as they were.
func TestTheFileHasItAll(t *testing.T) {
	s := advice.Setting{Cores: 2, Most: 12, Memory: 1 << 34, PerWorker: 12345}
	got := advice.ReadSetting(append(s.Head(), results.Entry{Key: results.KeyCores, Value: "2"}))
	if got != s {
		t.Errorf("%+v, want %+v", got, s)
	}
	for _, head := range []results.Setup{nil, {{Key: results.KeyCores, Value: "-3"}, {Key: results.KeyAtMost, Value: "x"}, {Key: results.KeyMayTake, Value: "NaN"}}} {
		if got := advice.ReadSetting(head); got.Cores != 1 || got.Most != 1 || got.Memory != 0 {
			t.Errorf("of %v: %+v", head, got)
		}
	}
	trial, known := advice.Read(results.Result{Slot: results.Slot{Experiment: advice.Experiment, Variant: advice.Name(7), Round: 3}, Values: map[string]float64{
		"ns/op": 5e8, "cpu-ns/op": 1e9, "life-ns": 100, "pressure-io-ns": 25,
	}})
	if !known || trial.Workers != 7 || trial.Round != 3 || trial.Rate != 2 || trial.CPU != 1 || trial.IO != 0.25 || !math.IsNaN(trial.Peak) {
		t.Errorf("%+v, %v", trial, known)
	}
	for _, slot := range []results.Slot{{Experiment: "Compute", Variant: advice.Name(7)}, {Experiment: advice.Experiment, Variant: "x"}, {Experiment: advice.Experiment, Variant: "a=b"}} {
		if _, known := advice.Read(results.Result{Slot: slot}); known {
			t.Errorf("%v is taken for a trial of advice", slot)
		}
	}
}

// Where the largest number that was allowed may be the best, nothing of the command's is the limit.
func TestWhatMayBeAsGoodIsNoLimit(t *testing.T) {
	var trials []advice.Trial
	for round := range 10 {
		for _, w := range []int{1, 2, 4, 8, 15, 16} {
			rate := 10 * float64(min(w, 15)) * (1 + 0.06*float64((round*7+w*3)%5-2))
			trials = append(trials, advice.Trial{
				Round: round, Workers: w, Rate: rate, Busy: 0.01 * float64(w), CPU: 0.001, Took: 0.1,
				Others: 0, Delay: 0, IO: 0, Peak: math.NaN(), Left: 0,
			})
		}
	}
	a := advice.Of(advice.Setting{Cores: 2, Most: 16}, trials)
	if a.Workers == 16 || !slices.Contains(a.Or, 16) {
		t.Fatalf("16 are no doubt: %v", a)
	}
	if a.Limit.Name != advice.Most {
		t.Errorf("the limit is %q: %s", a.Limit.Name, a.Sentence)
	}
}
