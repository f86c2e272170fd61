package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestHolmByHand(t *testing.T) {
	// Holm's own steps: 0.01 x 4, 0.015 x 3, 0.03 x 2, 0.04 x 1, never falling.
	got := Holm([]float64{0.03, 0.01, math.NaN(), 0.04, 0.015})
	want := []float64{0.06, 0.04, math.NaN(), 0.06, 0.045}
	for i := range want {
		if !near(got[i], want[i]) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Errorf("%v, want %v", got, want)
			break
		}
	}
}

func TestHolmKeepsOrderAndNeverHelps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		original := slices.Clone(p)
		corrected := Holm(p)
		if !slices.Equal(p, original) {
			t.Fatal("the argument was changed")
		}
		for i := range p {
			if corrected[i] < p[i] || corrected[i] > 1 {
				t.Fatalf("%v became %v", p[i], corrected[i])
			}
			for j := range p {
				if p[i] < p[j] && corrected[i] > corrected[j] {
					t.Fatalf("%v and %v became %v and %v", p[i], p[j], corrected[i], corrected[j])
				}
			}
		}
	})
}

// Tables of the exact interval: for instance 30 of 600 is 3.4 to 7.1 %.
func TestRate(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.3085},
		{10, 10, 0.6915, 1},
		{5, 10, 0.1871, 0.8129},
		{30, 600, 0.0340, 0.0706},
		{0, 0, 0, 1},
	} {
		i := Rate(c.k, c.n)
		if math.Abs(i.Low-c.low) > 5e-5 || math.Abs(i.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, i.Low, i.High, c.low, c.high)
		}
	}
}

func TestAtLeast(t *testing.T) {
	if p := AtLeast(2, 4, 0.05); math.Abs(p-0.01401875) > 1e-9 {
		t.Errorf("2 or more of 4 at 5 %%: %v", p)
	}
	if p := AtLeast(0, 0, 0.05); p != 1 {
		t.Errorf("none or more of none: %v", p)
	}
}

// A difference as large as Visible says is told in nine of ten runs.
func TestVisibleIsSeenInNineOfTen(t *testing.T) {
	const tries, spread = 4_000, 0.01
	for _, c := range []struct {
		rounds int
		alpha  float64
	}{{10, 0.05}, {14, 0.05 / 80}, {20, 0.05}, {20, 0.03 / 85}} {
		random := rand.New(rand.NewPCG(9, 0))
		sample := func(shift float64) Once {
			logs := make([]float64, c.rounds)
			for i := range logs {
				logs[i] = shift + spread*random.NormFloat64()
			}
			return Once{seriesOf(logs, true)}
		}
		var visible []float64
		for range tries {
			visible = append(visible, math.Log(sample(0).Visible(c.alpha)))
		}
		effect := SeriesOf(visible).Median()
		seen := 0
		for range tries {
			if 2*sample(effect).Above(1) <= c.alpha {
				seen++
			}
		}
		if rate := float64(seen) / tries; rate < 0.85 || rate > 0.95 {
			t.Errorf("%d rounds at %.5f: %.2f %% was said to be visible, and was told in %.1f %%", c.rounds, c.alpha, 100*effect, 100*rate)
		}
	}
	if v := once(1, 2, 3).Visible(0.05); !math.IsInf(v, 1) {
		t.Errorf("three samples see %v", v)
	}
	if v := (Once{RatioSeries(make([]float64, 14), make([]float64, 14))}).Visible(0.05); !math.IsInf(v, 1) {
		t.Errorf("no samples see %v", v)
	}
	if v := (Once{ZeroRatios([]float64{0, 1, 1, 1, 1, 1, 1}, []float64{1, 1, 1, 1, 1, 1, 1})}).Visible(0.05); !math.IsNaN(v) {
		t.Errorf("beside a zero %v is seen", v)
	}
}

// By hand; and of rounds that do not lean on each other it is -1/n on average, of such
// that lean by a third a third more.
func TestLean(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4, 5, 6}, 4.0/6 - 1.0/6},
		{[]float64{1, 9, 2, 8, 3, 7}, -5.0 / 6},
		{[]float64{1, 2, 3, 4, 5}, 2.0 / 4},
		{[]float64{1, math.NaN(), 2, 8, 9}, 0},
	} {
		if got := Lean(Signs(c.x)); !near(got, c.want) {
			t.Errorf("%v: %v, want %v", c.x, got, c.want)
		}
	}
	if got := Lean(Signs([]float64{3, 3, 3})); !math.IsNaN(got) {
		t.Errorf("rounds that are all the same lean by %v", got)
	}
	const tries, n = 20_000, 20
	for _, again := range []float64{0, 1.0 / 3} { // with that chance a round is as the last
		random := rand.New(rand.NewPCG(3, 0))
		sum := 0.0
		for range tries {
			x := make([]float64, n)
			for i := range x {
				if x[i] = random.NormFloat64(); i > 0 && random.Float64() < again {
					x[i] = x[i-1] + 1e-9*x[i]
				}
			}
			sum += Lean(Signs(x)) / tries
		}
		if low, high := again-1.0/n-0.07*again/0.3, again-1.0/n+0.005; sum < low || sum > high {
			t.Errorf("rounds that lean by %.2f: %.4f on average, want %.4f to %.4f", again, sum, low, high)
		}
	}
}
