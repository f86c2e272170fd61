package calm_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"parcon/runner/calm"
)

var began = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// looks are as many on two cores, a minute apart; some of them unsteady by so much.
func looks(n, unsteady int, by float64) []calm.Look {
	all := make([]calm.Look, n)
	for i := range all {
		all[i] = calm.Look{At: began.Add(time.Duration(i) * time.Minute), Computing: 0.03, Memory: 0.05, Busy: 0.02, Cores: 2}
		if i < unsteady {
			all[i].Computing = by
		}
	}
	return all
}

// everywhere is looks of which each is changed.
func everywhere(n int, change func(l *calm.Look)) []calm.Look {
	all := looks(n, 0, 0)
	for i := range all {
		change(&all[i])
	}
	return all
}

func TestTheRule(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		looks    []calm.Look
		restless bool
	}{
		"nothing seen":             {nil, false},
		"calm":                     {looks(20, 0, 0), false},
		"one in ten":               {looks(20, 2, 0.11), false},
		"more than one in ten":     {looks(20, 3, 0.11), true},
		"at the edge":              {looks(20, 20, 0.10), false},
		"one of few":               {looks(9, 1, 0.5), true},
		"memory":                   {everywhere(5, func(l *calm.Look) { l.Memory = 0.3 }), true},
		"others":                   {everywhere(5, func(l *calm.Look) { l.Busy = 0.11 }), true},
		"others on many cores":     {everywhere(5, func(l *calm.Look) { l.Busy, l.Cores = 0.6, 64 }), true},
		"a little on many cores":   {everywhere(5, func(l *calm.Look) { l.Busy, l.Cores = 0.4, 64 }), false},
		"stolen":                   {everywhere(5, func(l *calm.Look) { l.Stolen = 0.03 }), true},
		"load and steal not known": {everywhere(5, func(l *calm.Look) { l.Busy, l.Stolen = nan, nan }), false},
		"clocks disagree":          {everywhere(5, func(l *calm.Look) { l.Busy = -0.3 }), false},
	} {
		s := calm.Of(c.looks, began)
		if got := s.Restless(); got != c.restless {
			t.Errorf("%s: restless %v: %v", name, got, s)
		}
		if word := strings.HasPrefix(s.String(), "The machine was restless. "); word != c.restless {
			t.Errorf("%s: restless %v, in words: %v", name, c.restless, s)
		}
	}
}

func TestTheWorstLookIsNamedWithItsMinute(t *testing.T) {
	all := looks(30, 0, 0)
	all[11].Computing = 0.14
	for began, want := range map[time.Time]string{began: "(worst look 14 %, in minute 12)", {}: "(worst look 14 %)", began.Add(time.Hour): "(worst look 14 %)"} {
		if text := calm.Of(all, began).String(); !strings.Contains(text, want) || !strings.Contains(text, "looked at 30 times") {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

func TestALookIsReadBackAsItWas(t *testing.T) {
	some := rapid.Float64Range(0, 1e6)
	rapid.Check(t, func(t *rapid.T) {
		want := calm.Look{
			At: time.UnixMilli(rapid.Int64Range(1, 1e13).Draw(t, "at")), Computing: some.Draw(t, "computing"), Memory: some.Draw(t, "memory"),
			Busy: rapid.SampledFrom([]float64{math.NaN(), -0.5, 0, 3}).Draw(t, "busy"), Stolen: math.NaN(), Cores: rapid.IntRange(0, 1000).Draw(t, "cores"),
		}
		got, ok := calm.LookOf(want.Values())
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" || !ok {
			t.Fatal(ok, diff)
		}
	})
}

// Whatever a file holds is no panic and no false calm: a look that does not say how steady
// the machine was is none.
func TestValuesOfOthers(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), -1, 1e300} {
		if l, ok := calm.LookOf(map[string]float64{"slow-tenth": bad, "slow-tenth-memory": 0, "cores": bad, "start-unix-s": bad}); ok || l.Cores != 0 || !l.At.IsZero() {
			t.Errorf("%v: %+v", bad, l)
		}
	}
	if _, ok := calm.LookOf(nil); ok {
		t.Error("nothing is a look")
	}
}
