package stat_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"parcon/report/stat"
)

// One exception refutes "every time", one sight proves "it happens"; what was
// never seen to fail, or to happen, becomes surer with each trial.
func TestFact(t *testing.T) {
	for _, c := range []struct {
		fact            stat.Occurrence
		inside, outside float64
	}{
		{stat.Occurrence{Hits: 10, N: 10, Every: true}, 1.0 / 1024, 1},
		{stat.Occurrence{Hits: 9, N: 10, Every: true}, 1, 0},
		{stat.Occurrence{Hits: 0, N: 10, Every: true}, 1, 0},
		{stat.Occurrence{Hits: 10, N: 10}, 0, 1},
		{stat.Occurrence{Hits: 1, N: 10}, 0, 1},
		{stat.Occurrence{Hits: 0, N: 10}, 1, 1.0 / 1024},
		{stat.Occurrence{Every: true}, 1, 1},
		{stat.Occurrence{}, 1, 1},
	} {
		if in, out := c.fact.Inside(), c.fact.Outside(); in != c.inside || out != c.outside {
			t.Errorf("%+v: %v inside, %v outside, want %v, %v", c.fact, in, out, c.inside, c.outside)
		}
	}
}

func TestFactIsAProbabilityAndNeverBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 100).Draw(t, "n")
		f := stat.Occurrence{Hits: rapid.IntRange(0, n).Draw(t, "hits"), N: n, Every: rapid.Bool().Draw(t, "every")}
		in, out := f.Inside(), f.Outside()
		if !(in >= 0 && in <= 1 && out >= 0 && out <= 1) || math.Max(in, out) != 1 {
			t.Fatalf("%+v: %v inside, %v outside", f, in, out)
		}
		if i := f.Interval(stat.Level); n > 0 && !(0 <= i.Low && i.Low <= i.Estimate && i.Estimate <= i.High && i.High <= 1) {
			t.Fatalf("%+v: %+v", f, i)
		}
	})
}

// The interval of Level is that of Rate.
func TestFactHasTheIntervalOfItsRate(t *testing.T) {
	for k := range 11 {
		if got, want := (stat.Occurrence{Hits: k, N: 10}).Interval(stat.Level), stat.Rate(k, 10); got != want {
			t.Errorf("%d of 10: %v, want %v", k, got, want)
		}
	}
}
