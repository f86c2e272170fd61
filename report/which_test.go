package report

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/variant"
)

// whichWorld is a run on a machine of which the truth is known: textbook's, with prices of
// handing a task over.
func whichWorld(rounds int, noise float64) string {
	return "task-mix: 1ms\n" + world(rounds, noise, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if v.Get("mechanism") == "create" && v.Get("unit") == "goroutine" {
			values["ns/op"] = 1e3
		}
		if v.Get("mechanism") == "submit" {
			values["ns/op"] = 1e4
		}
		return values
	})
}

func TestWhichNamesTheSimplestOfTheBest(t *testing.T) {
	table := read(t, whichWorld(12, 0.01))
	many := viewOf(table, testCores).many()
	for _, c := range []struct {
		work     Work
		model    string
		gain     float64
		standing map[string]Place
	}{
		{Work{Share: 0}, "loop", float64(many), map[string]Place{"serial": IsBehind, "goroutine": IsAsGood, "thread": IsAsGood, "process-pool": IsAsGood}},
		{Work{Share: 1}, "goroutine", testCores, map[string]Place{"serial": IsBehind, "loop": IsBehind, "thread": IsAsGood, "process-pool": IsAsGood}},
		{Work{Share: 0, Memory: 1e6 * 1}, "", 0, nil},
		{Work{Share: 1, Memory: 20e6}, "goroutine", testCores, map[string]Place{"process-pool": IsTooLarge}},
		{Work{Share: 1, Length: 4 * time.Microsecond}, "goroutine", 0, map[string]Place{"process-pool": IsBehind, "thread": IsUnknown}},
		// A goroutine takes a microsecond: for so short tasks nothing is surely faster than none.
		{Work{Share: 1, Length: time.Microsecond}, "serial", 1, map[string]Place{"process-pool": IsBehind, "loop": IsBehind}},
	} {
		got, err := Which(table, c.work)
		if c.model == "" {
			if err == nil || !strings.Contains(err.Error(), "give more memory") {
				t.Errorf("%+v: %v, %v", c.work, got, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", c.work, err)
		}
		if got.Best.Model != c.model || c.gain > 0 && math.Abs(got.Best.Gain.Estimate/c.gain-1) > 0.05 {
			t.Errorf("%+v: %v, want %s with %vx", c.work, got, c.model, c.gain)
		}
		for _, r := range got.Rivals {
			if want, ok := c.standing[r.Model]; ok && r.Place != want {
				t.Errorf("%+v: %s is %q (%+v), want %q", c.work, r.Model, r.Place, r.Behind, want)
			}
		}
	}
}

// Between two shares nothing is said that goes beyond what either shows, and shorter tasks
// gain no more than longer ones.
func TestWhichSaysNoMoreThanWasMeasured(t *testing.T) {
	table := read(t, whichWorld(12, 0.05))
	v := viewOf(table, testCores)
	rapid.Check(t, func(r *rapid.T) {
		share := rapid.Float64Range(0, 1).Draw(r, "share")
		got, err := Which(table, Work{Share: share})
		if err != nil {
			r.Fatal(err)
		}
		for _, one := range got.Rivals {
			low, high := math.Inf(1), math.Inf(-1)
			for _, s := range got.Shares {
				if at := v.took(s, one.Model, "serial").Inverse(1); math.Abs(float64(s)-100*share) > 25.5 {
					r.Errorf("an answer for %v rests on %d %%", share, s)
				} else {
					low, high = min(low, at.Low), max(high, at.High)
				}
			}
			if one.Gain.Low > low*1.0001 || one.Gain.High < high*0.9999 || one.Gain.Estimate < low || one.Gain.Estimate > high {
				r.Errorf("%v: %s gains %+v, measured were %v to %v", share, one.Model, one.Gain, low, high)
			}
		}
		length := time.Duration(rapid.Int64Range(1000, 999_999).Draw(r, "length"))
		short, err := Which(table, Work{Share: 1, Length: length})
		if err != nil {
			r.Fatal(err)
		}
		shorter, err := Which(table, Work{Share: 1, Length: length / 2})
		if err != nil {
			r.Fatal(err)
		}
		for i, one := range short.Rivals {
			if half := shorter.Rivals[i]; half.Gain.Estimate > one.Gain.Estimate {
				r.Errorf("%v: %s gains %v, of tasks half as long %v", length, one.Model, one.Gain.Estimate, half.Gain.Estimate)
			}
		}
	})
}

func TestWhichSaysWhatItCannotTell(t *testing.T) {
	whole := whichWorld(12, 0.01)
	for text, c := range map[string]struct {
		trials string
		work   Work
	}{
		"parcon run mixing costs":           {"cores: 2\n\nBenchmarkCompute/workload=primes/model=serial/workers=1 1 1 ns/op 0 round\n", Work{}},
		"give one from 0 to 1":              {whole, Work{Share: math.NaN()}},
		"too few rounds":                    {whichWorld(2, 0.01), Work{}},
		"of cores, which":                   {strings.Replace(whole, "cores: ", "x-cores: ", 1), Work{}},
		"how long its tasks were":           {strings.TrimPrefix(whole, "task-mix: 1ms\n"), Work{Share: 1, Length: time.Microsecond}},
		"does not shrink with it: give 1ms": {whole, Work{Share: 0.5, Length: time.Microsecond}},
	} {
		if _, err := Which(read(t, c.trials), c.work); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error is %v", text, err)
		}
	}
}

func TestATableOfWhatToUseWhen(t *testing.T) {
	page := newPage(read(t, "experiments: mixing costs\n"+whichWorld(12, 0.01))).markdown()
	for _, want := range []string{
		"## What to use when", "| computes 0 % of its time | loop, ", "| computes 100 % of its time | goroutine, ", "| only computes, for 20µs | goroutine, ",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

// Too few rounds for an interval are no advice to run tasks one after another.
func TestTooFewRoundsAreNoAdvice(t *testing.T) {
	page := newPage(read(t, "experiments: mixing costs\n"+whichWorld(2, 0.01))).markdown()
	if strings.Contains(page, "| serial code |") || !strings.Contains(page, "The mix was not measured with enough rounds") {
		t.Error("of two rounds the report tells what to use")
	}
}

// What the map says of a crossover is no more than its highest share bears.
func TestCrossoverSaysWhatWasTold(t *testing.T) {
	for name, c := range map[string]struct {
		noise, goroutine float64 // the time of a goroutine's task over the textbook's
		want             string
	}{
		"found":          {0.01, 1, "From 25 % CPU on, "},
		"not told apart": {1, 1, "From which CPU share on "},
		"at some":        {0.3, 1, "At 25 % CPU "},
		"never":          {0.01, testCores, "At no CPU share"},
	} {
		table := read(t, "task-mix: 1ms\n"+world(12, c.noise, func(v variant.Variant) map[string]float64 {
			values := textbook(v)
			if v.Get("model") == "goroutine" && strings.HasPrefix(v.Get("workload"), "mix") {
				values["ns/op"] *= c.goroutine
			}
			return values
		}))
		if got := viewOf(table, testCores).crossover(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
