package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// modes are n values around 100 of which so many are twice as large.
func modes(n, slow int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 100 + float64(i)/100
		if i >= n-slow {
			x[i] *= 2
		}
	}
	return x
}

func TestShapeCountsWhatIsFar(t *testing.T) {
	for _, test := range []struct {
		n, slow int
		p       float64 // four one-sided tests of Fisher's
	}{{20, 6, 0.0404}, {10, 6, 0.0217}, {8, 6, 0.0140}, {20, 0, 1}, {20, 1, 1}} {
		s := Shapes(modes(test.n, test.slow), modes(test.n, 0), 1.01)
		if math.Abs(s.P()-test.p) > 5e-5 || s.NewAbove != test.slow || s.OldAbove != 0 || math.Abs(s.Apart-float64(test.slow)/float64(test.n)) > 1e-9 {
			t.Errorf("%d of %d: %+v, p %v, want %v", test.slow, test.n, s, s.P(), test.p)
		}
		swapped := Shapes(modes(test.n, 0), modes(test.n, test.slow), 1.01)
		if math.Abs(swapped.P()-s.P()) > 1e-12 || swapped.Lower != s.Higher || swapped.Higher != s.Lower {
			t.Errorf("swapped: %+v, not the mirror of %+v", swapped, s)
		}
	}
	if s := Shapes(modes(20, 6), modes(20, 0), 2.5); s.P() != 1 {
		t.Errorf("within a margin of 150 %%: %+v", s)
	}
	if s := Shapes(nil, modes(3, 0), 1.01); !math.IsNaN(s.P()) {
		t.Errorf("of nothing: %+v", s)
	}
}

func TestShapeOfPairs(t *testing.T) {
	old := modes(20, 0)
	s := PairShapes(modes(20, 6), old, 1.01)
	if want := 2 * math.Exp2(-6); math.Abs(s.P()-want) > 1e-12 || s.NewAbove != 6 || s.Higher > s.Lower {
		t.Errorf("%+v, p %v, want %v", s, s.P(), want)
	}
	if s := PairShapes(old, old, 1.01); s.P() != 1 || s.Apart != 0 {
		t.Errorf("of the same: %+v", s)
	}
}

// Two sides of one kind are called changed in shape in at most 5 % of cases, also where
// many samples are far, and so are two of which one's middle moved within the margin.
func TestShapesOfOneKindAreNotCalled(t *testing.T) {
	const tries, margin = 4000, 1.01
	for name, test := range map[string]struct {
		slow, noise, shift float64
	}{
		"one in three slow":       {0.33, 0.002, 1},
		"one in ten slow":         {0.1, 0.002, 1},
		"wide":                    {0, 0.05, 1},
		"moved within the margin": {0, 0.01, margin},
		"moved, one in five slow": {0.2, 0.01, margin},
	} {
		for _, n := range []int{8, 20, 200} {
			random := rand.New(rand.NewPCG(7, uint64(n)))
			draw := func(shift float64) []float64 {
				x := make([]float64, n)
				for i := range x {
					x[i] = shift * math.Exp(test.noise*random.NormFloat64())
					if random.Float64() < test.slow {
						x[i] *= 1.5 + random.Float64()
					}
				}
				return x
			}
			called, paired := 0, 0
			for range tries / max(1, n/20) {
				x, y := draw(test.shift), draw(1)
				if Shapes(x, y, margin).P() <= 0.05 {
					called++
				}
				if test.shift == 1 && PairShapes(x, y, margin).P() <= 0.05 {
					paired++
				}
			}
			most := 0.05 + 3*math.Sqrt(0.05*0.95/float64(tries/max(1, n/20)))
			all := float64(tries / max(1, n/20))
			if rate := float64(called) / all; rate > most {
				t.Errorf("%s, %d samples: called in %.1f %%", name, n, 100*rate)
			}
			if rate := float64(paired) / all; rate > most {
				t.Errorf("%s, %d pairs: called in %.1f %%", name, n, 100*rate)
			}
		}
	}
}

func TestZerosAreValues(t *testing.T) {
	zeros, twos := make([]float64, 8), []float64{2, 2, 2, 3, 2, 2, 2, 2}
	inf := math.Inf(1)
	for _, test := range []struct {
		name     string
		new, old []float64
		want     Interval
		above    bool // surely above 1
		below    bool
	}{
		{"none and none", zeros, zeros, Interval{Estimate: 1, Low: 1, High: 1, N: 8}, false, false},
		{"more than none", twos, zeros, Interval{Estimate: inf, Low: inf, High: inf, N: 8}, true, false},
		{"less than some", zeros, twos, Interval{Estimate: 0, Low: 0, High: 0, N: 8}, false, true},
		{"mostly none", []float64{0, 0, 0, 0, 0, 0, 0, 5}, zeros, Interval{Estimate: 1, Low: 1, High: 1, N: 8}, false, false},
	} {
		for kind, e := range map[string]Evidence{"Shift": Shifts(test.new, test.old), "ZeroRatios": Once{ZeroRatios(test.new, test.old)}} {
			want := test.want
			if kind == "ZeroRatios" && test.name == "mostly none" {
				want.High = inf // it would lie on the way to the one infinite ratio
			}
			if got := e.Interval(Level); got != want {
				t.Errorf("%s, %s: %+v, want %+v", test.name, kind, got, want)
			}
			if above, below := e.Above(1) < 0.01, e.Below(1) < 0.01; above != test.above || below != test.below {
				t.Errorf("%s, %s: above %v, below %v", test.name, kind, e.Above(1), e.Below(1))
			}
			if v := e.Visible(0.05); !math.IsNaN(v) && v != 1 {
				t.Errorf("%s, %s: visible %v", test.name, kind, v)
			}
		}
	}
	if v := Shifts([]float64{0}, []float64{1}).Visible(0.05); !math.IsInf(v, 1) {
		t.Errorf("of one sample %v is visible", v)
	}
	// Some zeros among others leave an interval with one open end.
	mixed := Shifts([]float64{1, 1, 2, 2, 1, 2, 1, 1}, []float64{0, 1, 0, 1, 0, 1, 0, 1})
	if i := mixed.Interval(Level); !(i.Low >= 1) || !math.IsInf(i.High, 1) {
		t.Errorf("mixed: %+v", i)
	}
}

func TestExactNumbersAreWhatTheyAre(t *testing.T) {
	for _, test := range []struct{ new, old, ratio, above, below float64 }{
		{6, 5, 1.2, 0, 1}, {5, 5, 1, 1, 1}, {0, 0, 1, 1, 1}, {2, 0, math.Inf(1), 0, 1}, {0, 2, 0, 1, 0},
	} {
		e := Exact{New: test.new, Old: test.old, N: 2}
		if i := e.Interval(Level); i != (Interval{Estimate: test.ratio, Low: test.ratio, High: test.ratio, N: 2}) || e.Above(1) != test.above || e.Below(1) != test.below {
			t.Errorf("%+v: %+v, %v, %v", test, i, e.Above(1), e.Below(1))
		}
	}
}
