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

func TestBisectionFindsTheExactMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := samples(t)
		slices.Sort(x)
		k := rapid.IntRange(0, len(x)*(len(x)+1)/2-1).Draw(t, "k")
		if a, b := walshExact(x, k), walshBisect(x, k); math.Abs(a-b) > 1e-9*math.Abs(a) {
			t.Fatalf("%d of %v: %v and %v", k, x, a, b)
		}
	})
}

// The critical values are printed in every table of the signed-rank test
// (two-sided, 5 %).
func TestCriticalValues(t *testing.T) {
	for n, want := range map[int]int{5: -1, 6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52, 25: 89, 30: 137} {
		if got := critical(n); got != want {
			t.Errorf("n = %d: %d, want %d", n, got, want)
		}
	}
}

// At the seam between counting and the normal approximation the two must agree.
func TestApproximationJoinsTheExactValues(t *testing.T) {
	for n := exactRanks + 1; n < exactRanks+10; n++ {
		if a, b := criticalExact(n), critical(n); a-b > 3 || b-a > 3 {
			t.Errorf("n = %d: exact %d, approximate %d", n, a, b)
		}
	}
}

func TestCoverageOfTheRatio(t *testing.T) {
	noises := map[string]func(*rand.Rand) float64{
		"normal": func(r *rand.Rand) float64 { return 0.02 * r.NormFloat64() },
		"heavy tails": func(r *rand.Rand) float64 {
			return 0.01 * r.NormFloat64() / math.Max(0.05, r.Float64())
		},
		"one in ten disturbed": func(r *rand.Rand) float64 {
			if r.IntN(10) == 0 {
				return 0.01*r.NormFloat64() + 0.3
			}
			return 0.01 * r.NormFloat64()
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
			// Never below the promise. Above it with few rounds: the test is
			// discrete, and eight rounds have no level nearer to 95 % than 96.1.
			if rate < 0.94 || rate > 0.97 {
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
	serial := []float64{100, 102, 99, 101, 104, 100, 98, 103}
	parallel := []float64{50, 51, 50, 50, 53, 50, 49, 51}
	r := Ratio(serial, parallel)
	fmt.Printf("%.2f (%.2f to %.2f), %d rounds\n", r.Estimate, r.Low, r.High, r.N)
	// Output: 2.00 (1.98 to 2.01), 8 rounds
}
