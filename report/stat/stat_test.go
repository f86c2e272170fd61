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

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) }

func same(a, b Interval) bool {
	return near(a.Estimate, b.Estimate) && near(a.Low, b.Low) && near(a.High, b.High) && a.N == b.N
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(t)
		y := rapid.Permutation(x).Draw(t, "shuffled")
		if a, b := Center(x), Center(y); !same(a, b) {
			t.Fatalf("%+v and %+v", a, b)
		}
	})
}

func TestUnitDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := samples(t)
		b := rapid.SliceOfN(rapid.Float64Range(1, 1000), len(a), len(a)).Draw(t, "b")
		factor := rapid.Float64Range(1e-6, 1e6).Draw(t, "factor")
		scale := func(x []float64) []float64 {
			y := slices.Clone(x)
			for i := range y {
				y[i] *= factor
			}
			return y
		}
		if p, q := Ratio(a, b), Ratio(scale(a), scale(b)); !same(p, q) {
			t.Fatalf("%+v and %+v", p, q)
		}
	})
}

func TestSwappedSidesInvertTheRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := samples(t)
		b := rapid.SliceOfN(rapid.Float64Range(1, 1000), len(a), len(a)).Draw(t, "b")
		p, q := Ratio(a, b), Ratio(b, a)
		if !same(p, Interval{1 / q.Estimate, 1 / q.High, 1 / q.Low, q.N}) {
			t.Fatalf("%+v and %+v", p, q)
		}
	})
}

// The critical values must give back the level that they were made for, at
// both sides of the seam between the table and the formula.
func TestCriticalValuesUnderNormalNoise(t *testing.T) {
	const tries = 20_000
	for _, n := range []int{6, 7, 8, 9, 10, 12, 16, 20, 24, 25, 26, 27, 28, 40, 80} {
		random := rand.New(rand.NewPCG(3, uint64(n)))
		covered := 0
		x := make([]float64, n)
		for range tries {
			for i := range x {
				x[i] = random.NormFloat64()
			}
			if c := Center(x); c.Low <= 0 && 0 <= c.High {
				covered++
			}
		}
		if rate := float64(covered) / tries; rate < 0.945 || rate > 0.955 {
			t.Errorf("%d samples: the interval covered the truth in %.2f %%", n, 100*rate)
		}
	}
}

// One ruined trial moves the estimate by less than the noise of the others.
func TestARuinedTrialDoesNotMatter(t *testing.T) {
	clean := []float64{1.00, 1.01, 0.99, 1.00, 1.02, 0.98, 1.01, 0.99}
	ruined := append([]float64{50}, clean[1:]...)
	a, b := Center(clean), Center(ruined)
	if math.Abs(a.Estimate-b.Estimate) > 0.01 || b.High-b.Low > 0.1 {
		t.Errorf("clean %+v, with a ruined trial %+v", a, b)
	}
}

func TestCoverageOfTheRatio(t *testing.T) {
	slow := func(share float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			if r.Float64() < share {
				return 0.01*r.NormFloat64() + 0.3
			}
			return 0.01 * r.NormFloat64()
		}
	}
	noises := map[string]func(*rand.Rand) float64{
		"exponential":      func(r *rand.Rand) float64 { return 0.03 * r.ExpFloat64() },
		"one in 20 slow":   slow(0.05),
		"one in ten slow":  slow(0.1),
		"one in five slow": slow(0.2),
		"normal":           func(r *rand.Rand) float64 { return 0.02 * r.NormFloat64() },
		"heavy tails": func(r *rand.Rand) float64 {
			return 0.01 * r.NormFloat64() / math.Max(0.05, r.Float64())
		},
	}
	const tries, truth = 4000, 1.7
	for name, noise := range noises {
		for _, rounds := range []int{8, 20} {
			random := rand.New(rand.NewPCG(1, uint64(rounds)))
			covered := 0
			for range tries {
				a, b := make([]float64, rounds), make([]float64, rounds)
				for i := range a {
					// The whole round drifts by up to ten percent.
					drift := 1 + 0.1*float64(i)/float64(rounds)
					a[i] = truth * drift * math.Exp(noise(random))
					b[i] = drift * math.Exp(noise(random))
				}
				if r := Ratio(a, b); r.Low <= truth && truth <= r.High {
					covered++
				}
			}
			rate := float64(covered) / tries
			if rate < 0.94 || rate > 0.985 {
				t.Errorf("%s, %d rounds: the 95 %% interval covered the truth in %.1f %%", name, rounds, 100*rate)
			}
		}
	}
}

func TestFewOrNoSamples(t *testing.T) {
	if i := Center(nil); i.Known() || i.N != 0 || !math.IsNaN(i.Estimate) {
		t.Errorf("of nothing: %+v", i)
	}
	if i := Center([]float64{1, 2, 3, 4, 5}); i.Known() || i.Estimate != 3 {
		t.Errorf("of five: %+v", i)
	}
	if i := Ratio([]float64{1, 0, 4}, []float64{2, 5, 2}); i.N != 2 {
		t.Errorf("a ratio with zero was used: %+v", i)
	}
}

func ExampleRatio() {
	serial := []float64{100.1, 102.4, 99.0, 101.7, 104.2, 100.3, 98.8, 160.0} // the last was disturbed
	parallel := []float64{50.3, 50.9, 49.9, 50.4, 52.8, 50.2, 49.1, 51.5}
	r := Ratio(serial, parallel)
	fmt.Printf("%.2f (%.2f to %.2f), %d rounds\n", r.Estimate, r.Low, r.High, r.N)
	// Output: 2.00 (1.97 to 2.03), 8 rounds
}
