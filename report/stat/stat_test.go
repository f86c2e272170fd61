package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func samples(t *rapid.T) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(1, 1000), MinSamples, 40).Draw(t, "values")
}

func partners(t *rapid.T, a []float64) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(1, 1000), len(a), len(a)).Draw(t, "partners")
}

func once(x ...float64) Once { return Once{SeriesOf(x)} }

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

func same(a, b Interval) bool {
	return near(a.Estimate, b.Estimate) && near(a.Low, b.Low) && near(a.High, b.High) && a.N == b.N
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(t)
		y := rapid.Permutation(x).Draw(t, "shuffled")
		if a, b := once(x...).Interval(Level), once(y...).Interval(Level); !same(a, b) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestUnitDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := samples(t)
		b := partners(t, a)
		factor := rapid.Float64Range(1e-6, 1e6).Draw(t, "factor")
		scale := func(x []float64) []float64 {
			y := slices.Clone(x)
			for i := range y {
				y[i] *= factor
			}
			return y
		}
		p, q := Once{RatioSeries(a, b)}.Interval(Level), Once{RatioSeries(scale(a), scale(b))}.Interval(Level)
		if !same(p, q) {
			t.Fatalf("%+v and %+v", p, q)
		}
	})
}

func TestSwappedSidesInvertTheRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := samples(t)
		b := partners(t, a)
		to, back := Once{RatioSeries(a, b)}, Once{RatioSeries(b, a)}
		p, q := to.Interval(Level), back.Interval(Level)
		if !same(p, Interval{Estimate: 1 / q.Estimate, Low: 1 / q.High, High: 1 / q.Low, N: q.N}) {
			t.Fatalf("%+v and %+v", p, q)
		}
		c := rapid.Float64Range(0.01, 100).Draw(t, "c")
		if x, y := to.Above(c), back.Below(1/c); !near(x, y) {
			t.Fatalf("above %v: %v, swapped %v", c, x, y)
		}
	})
}

// An interval ends where the test of its level does.
func TestPValuesAreThoseOfTheInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(t)
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		s := once(x...)
		i := s.Interval(level)
		tail := (1 - level) / 2
		if !i.Known() {
			if least := s.Above(math.Inf(-1)); least <= tail {
				t.Fatalf("no interval at level %v, but a p-value of %v", level, least)
			}
			return
		}
		outside := 1e-9 * (1 + math.Abs(i.Low))
		if p, q := s.Above(i.Low+outside), s.Above(i.Low-outside); p <= tail || q > tail {
			t.Fatalf("%+v: above its low end with p = %v, and %v beyond, want %v between them", i, p, q, tail)
		}
		if !(i.Low <= i.Estimate && i.Estimate <= i.High) {
			t.Fatalf("%+v", i)
		}
		wider := s.Interval(level + (1-level)/2)
		if wider.Low > i.Low || wider.High < i.High {
			t.Fatalf("%+v is not inside %+v", i, wider)
		}
		a, b := rapid.Float64Range(0, 1100).Draw(t, "a"), rapid.Float64Range(0, 1100).Draw(t, "b")
		if s.Above(min(a, b)) > s.Above(max(a, b)) || s.Below(min(a, b)) < s.Below(max(a, b)) {
			t.Fatalf("p-values do not grow with the question")
		}
		if s.Above(a)+s.Below(a) < 1 {
			t.Fatalf("both sides of %v are sure: %v and %v", a, s.Above(a), s.Below(a))
		}
	})
}

// A noise is what one trial differs from the truth by, as a logarithm: of a
// round, on either side, at a time from 0 to 1 of the run.
type noise func(r *rand.Rand, round int) (a, b float64)

// independent hits each trial by itself.
func independent(f func(*rand.Rand) float64) noise {
	return func(r *rand.Rand, _ int) (float64, float64) { return f(r), f(r) }
}

var noises = map[string]noise{
	"normal":      independent(func(r *rand.Rand) float64 { return 0.02 * r.NormFloat64() }),
	"exponential": independent(func(r *rand.Rand) float64 { return 0.03 * r.ExpFloat64() }),
	// Student's t with two degrees of freedom: its variance is infinite.
	"heavy tails":       independent(func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) }),
	"one in 20 slow":    independent(slow(0.05)),
	"one in ten slow":   independent(slow(0.1)),
	"one in five slow":  independent(slow(0.2)),
	"one in three slow": independent(slow(0.33)),
	// Each process draws a speed of its own for all its tasks, and the tasks'
	// mean adds little.
	"between processes": func(r *rand.Rand, _ int) (float64, float64) {
		lot := func() float64 { return []float64{0, 0.03, 0.05}[r.IntN(3)] }
		return lot() + 0.003*r.NormFloat64(), lot() + 0.003*r.NormFloat64()
	},
	// Something runs for two of every seven trials and slows them down by a
	// fifth; which side of a pair comes first is random.
	"periodic": func(r *rand.Rand, round int) (float64, float64) {
		at := func(trial int) float64 {
			hit := 0.0
			if trial%7 < 2 {
				hit = 0.2
			}
			return hit + 0.01*r.NormFloat64()
		}
		first, second := at(2*round), at(2*round+1)
		if r.IntN(2) == 0 {
			return first, second
		}
		return second, first
	},
}

func slow(share float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		if r.Float64() < share {
			return 0.01*r.NormFloat64() + 0.6*r.Float64()
		}
		return 0.01 * r.NormFloat64()
	}
}

// comparison simulates so many rounds of two variants whose times are as truth
// to 1, while the machine slows down by ten percent from the first trial to the
// last.
func (f noise) comparison(r *rand.Rand, rounds int, truth float64) (a, b []float64) {
	drift := func(trial int) float64 { return 1 + 0.1*float64(trial)/float64(2*rounds) }
	for round := range rounds {
		x, y := f(r, round)
		first := r.IntN(2) // the order within a round is random
		a = append(a, truth*drift(2*round+first)*math.Exp(x))
		b = append(b, drift(2*round+1-first)*math.Exp(y))
	}
	return a, b
}

// Whoever looks after every round, and stops when it is decided, has an interval that
// holds the truth in at least 95 %, and an estimate that is right; so has who never
// stops. That is the same for any other reason to stop: a running interval is what is
// common to those after each round, so that who missed the truth once has missed it
// until the end.
func TestCoverageUnderNoiseAndDrift(t *testing.T) {
	const tries, truth, most = 1_500, 1.7, 200
	for name, f := range noises {
		for _, bound := range []float64{1.5, 1.68, truth} {
			random := rand.New(rand.NewPCG(1, 0))
			missed, ever, bias, rounds := 0, 0, 0.0, 0
			for range tries {
				a, b := f.comparison(random, most, truth)
				n, k := 0, 0
				for over, under := 0.0, 0.0; n < most && max(over, under) < math.Log(1380); n++ {
					if a[n]/b[n] > bound {
						k++
					}
					over, under = odds(n+1, k), odds(n+1, n+1-k)
				}
				out := func(n int) int {
					i := RatioSeries(a[:n], b[:n]).Running()
					if i.Low > truth || i.High < truth {
						return 1
					}
					return 0
				}
				missed, ever, rounds = missed+out(n), ever+out(most), rounds+n
				bias += math.Log(RatioSeries(a[:n], b[:n]).Median()/truth) / tries
			}
			t.Logf("%-17s bound %.2f: %5.1f rounds, coverage %.1f %%, of those who look on %.1f %%, bias %+.3f %%", name, bound,
				float64(rounds)/tries, 100-100*float64(missed)/tries, 100-100*float64(ever)/tries, 100*bias)
			if max(missed, ever) > tries/20 {
				t.Errorf("%s, bound %v: %d of %d intervals miss the truth, %d of those who look on", name, bound, missed, tries, ever)
			}
			if math.Abs(bias) > 0.005 {
				t.Errorf("%s, bound %v: the ratio is off by %.2f %%", name, bound, 100*bias)
			}
		}
	}
}

// odds are LogOdds, which takes too long for millions of looks.
var odds = func() func(n, k int) float64 {
	var table [201][]float64
	for n := range table {
		for k := range n + 1 {
			table[n] = append(table[n], LogOdds(n, k))
		}
	}
	return func(n, k int) float64 { return table[n][k] }
}()

// What hits one side alone is part of the ratio: the package comment says how
// far that leads from the undisturbed one.
func TestNoiseOnOneSideIsInTheRatio(t *testing.T) {
	const tries, rounds = 5_000, 20
	random := rand.New(rand.NewPCG(8, 0))
	var oneSided noise = func(r *rand.Rand, _ int) (float64, float64) {
		a, b := 0.01*r.NormFloat64(), 0.01*r.NormFloat64()
		if r.Float64() < 0.2 {
			b += 0.3
		}
		return a, b
	}
	covered := 0
	for range tries {
		if i := (Once{RatioSeries(oneSided.comparison(random, rounds, 1))}).Interval(Level); i.Low <= 1 && 1 <= i.High {
			covered++
		}
	}
	if rate := float64(covered) / tries; rate < 0.84 || rate > 0.88 {
		t.Errorf("the undisturbed ratio was covered in %.1f %%, the package comment says 86 %%", 100*rate)
	}
}

// One ruined trial moves the estimate by less than the noise of the others.
func TestARuinedTrialDoesNotMatter(t *testing.T) {
	clean := []float64{1.00, 1.01, 0.99, 1.00, 1.02, 0.98, 1.01, 0.99, 1.00}
	ruined := append([]float64{50}, clean[1:]...)
	a, b := once(clean...).Interval(Level), once(ruined...).Interval(Level)
	if math.Abs(a.Estimate-b.Estimate) > 0.01 || b.High-b.Low > 10 {
		t.Errorf("clean %+v, with a ruined trial %+v", a, b)
	}
}

func TestFewOrNoSamples(t *testing.T) {
	if i := once().Interval(Level); i.Known() || i.N != 0 || !math.IsNaN(i.Estimate) {
		t.Errorf("of nothing: %+v", i)
	}
	if i := once(1, 2, 3, 4, 5).Interval(Level); i.Known() || i.Estimate != 3 {
		t.Errorf("of five: %+v", i)
	}
	if i := once(1, 2, 3, 4, 5, 6).Interval(Level); !i.Known() {
		t.Errorf("of %d: %+v", MinSamples, i)
	}
	if i := (Once{RatioSeries([]float64{1, 0, 4, math.NaN()}, []float64{2, 5, 2, 1})}).Interval(Level); i.N != 2 {
		t.Errorf("a ratio with zero was used: %+v", i)
	}
	if i := (Once{ZeroRatios([]float64{1, 0, 0, math.NaN(), -1}, []float64{0, 5, 0, 1, 1})}).Interval(Level); i.N != 3 || i.Estimate != 1 {
		t.Errorf("of an infinite ratio, one of zero and one: %+v", i)
	}
	if p := once().Above(1); p != 1 {
		t.Errorf("nothing speaks for a number above 1 with p = %v", p)
	}
}

func ExampleOnce() {
	serial := []float64{100.1, 102.4, 99.0, 101.7, 104.2, 100.3, 98.8, 101.1, 160.0} // the last was disturbed
	parallel := []float64{50.3, 50.9, 49.9, 50.4, 52.8, 50.2, 49.1, 50.4, 51.5}
	r := Once{Series: RatioSeries(serial, parallel)}
	i := r.Interval(Level)
	fmt.Printf("%.2f (%.2f to %.2f), %d rounds\n", i.Estimate, i.Low, i.High, i.N)
	fmt.Printf("more than 1.5: p = %.3f\n", r.Above(1.5))
	// Output:
	// 2.01 (1.98 to 2.02), 9 rounds
	// more than 1.5: p = 0.002
}
