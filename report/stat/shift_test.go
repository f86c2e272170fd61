package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var _ Evidence = Shift{}

func twoSides(t *rapid.T) (a, b []float64) {
	// Few different values, so that ties are common.
	value := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(1, 30).Draw(t, "value")) })
	return rapid.SliceOfN(value, 1, 35).Draw(t, "new"), rapid.SliceOfN(value, 1, 35).Draw(t, "old")
}

func nearShift(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

func sameShift(a, b Interval) bool {
	return nearShift(a.Estimate, b.Estimate) && nearShift(a.Low, b.Low) && nearShift(a.High, b.High) && a.N == b.N
}

func TestShiftKnowsNoOrderAndNoUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoSides(t)
		want := Shifts(a, b)
		level := rapid.Float64Range(0.5, 0.9999).Draw(t, "level")
		if got := Shifts(rapid.Permutation(a).Draw(t, "a"), rapid.Permutation(b).Draw(t, "b")); !sameShift(got.Interval(level), want.Interval(level)) || got.Above(1) != want.Above(1) {
			t.Fatalf("in another order %+v, want %+v", got.Interval(level), want.Interval(level))
		}
		scale := func(x []float64) []float64 {
			y := slices.Clone(x)
			for i := range y {
				y[i] *= 0x1p40
			}
			return y
		}
		if got := Shifts(scale(a), scale(b)); !sameShift(got.Interval(level), want.Interval(level)) {
			t.Fatalf("in another unit %+v, want %+v", got.Interval(level), want.Interval(level))
		}
	})
}

func TestSwappedSidesInvertTheShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoSides(t)
		s, swapped := Shifts(a, b), Shifts(b, a)
		level := rapid.Float64Range(0.5, 0.9999).Draw(t, "level")
		p, q := s.Interval(level), swapped.Interval(level)
		if !sameShift(p, Interval{Estimate: 1 / q.Estimate, Low: 1 / q.High, High: 1 / q.Low, N: q.N}) {
			t.Fatalf("%+v and %+v", p, q)
		}
		if s.Above(1) != swapped.Below(1) || s.Below(1) != swapped.Above(1) {
			t.Fatalf("above %v and below %v, swapped %v and %v", s.Above(1), s.Below(1), swapped.Above(1), swapped.Below(1))
		}
	})
}

// An interval holds the factors that no one-sided test of half its error rules
// out.
func TestShiftIntervalEndsWhereItsTestsEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoSides(t)
		s := Shifts(a, b)
		level := rapid.Float64Range(0.5, 0.9999).Draw(t, "level")
		i, tail := s.Interval(level), (1-level)/2
		if !i.Known() {
			if s.Above(0) <= tail {
				t.Fatalf("no interval, though %v would do", s.Above(0))
			}
			return
		}
		const inside, outside = 1 + 1e-9, 1 - 1e-9
		if s.Above(i.Low*outside) > tail || s.Below(i.High/outside) > tail {
			t.Errorf("outside %+v: %v, %v, want at most %v", i, s.Above(i.Low*outside), s.Below(i.High/outside), tail)
		}
		if i.Low < i.High && (s.Above(i.Low*inside) <= tail || s.Below(i.High/inside) <= tail) {
			t.Errorf("inside %+v: %v, %v, want above %v", i, s.Above(i.Low*inside), s.Below(i.High/inside), tail)
		}
		if i.Estimate < i.Low*outside || i.Estimate > i.High*inside {
			t.Errorf("the estimate lies outside: %+v", i)
		}
	})
}

// The median of all differences, written down.
func TestShiftIsTheMedianOfAllDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := twoSides(t)
		var all []float64
		for _, x := range a {
			for _, y := range b {
				all = append(all, math.Log(x)-math.Log(y))
			}
		}
		slices.Sort(all)
		want := math.Exp((all[(len(all)-1)/2] + all[len(all)/2]) / 2)
		if got := Shifts(a, b).Interval(Level).Estimate; !nearShift(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// U counted by its definition, over every choice of the first side's ranks.
func TestRanksAreCounted(t *testing.T) {
	for m := 1; m <= 6; m++ {
		for n := m; n <= 6; n++ {
			counts := make([]float64, m*n+1)
			all := 0.0
			for set := range 1 << (m + n) {
				first, u := 0, 0
				for bit := range m + n {
					if set>>bit&1 == 1 {
						u += bit - first
						first++
					}
				}
				if first == m {
					counts[u]++
					all++
				}
			}
			r, sum := rank(n, m), 0.0
			for u, c := range counts {
				sum += c
				if got := r.atMost(u); !nearShift(got, sum/all) {
					t.Fatalf("%d and %d values: at most %d has %v, want %v", m, n, u, got, sum/all)
				}
			}
		}
	}
}

// Mann and Whitney's own table I, for 8 and 8 values.
func TestRanksAgreeWithThePublishedTable(t *testing.T) {
	for u, want := range map[int]float64{0: .000, 8: .005, 13: .025, 15: .041, 20: .117, 31: .480, 32: .520} {
		if got := rank(8, 8).atMost(u); math.Abs(got-want) > 0.0006 {
			t.Errorf("at most %d: %.4f, the table has %.3f", u, got, want)
		}
	}
}

// Where counting ends, the normal approximation says nearly the same, and says of
// nothing below 3 % that it is surer than it is.
func TestTheSeamOfTheNormalApproximation(t *testing.T) {
	for _, seam := range []struct {
		m, n int
		off  float64
	}{{28, 28, 0.0015}, {20, 40, 0.002}, {10, 170, 0.003}, {6, 1200, 0.005}, {3, 5000, 0.011}} {
		r := rank(seam.m, seam.n)
		if r.sums == nil {
			t.Errorf("%+v: not counted", seam)
			continue
		}
		off, approximate := 0.0, ranks{m: r.m, n: r.n}
		for u := range r.sums[:seam.m*seam.n] {
			exact, normal := r.atMost(u), approximate.atMost(u)
			off = max(off, math.Abs(exact-normal))
			if exact <= 0.03 && normal < exact {
				t.Errorf("%+v: at most %d has %.3g, approximated %.3g", seam, u, exact, normal)
				break
			}
		}
		if off > seam.off {
			t.Errorf("%+v: off by %.4f", seam, off)
		}
	}
	if rank(29, 29).sums != nil || rank(1, mostPairs+1).sums != nil {
		t.Error("counted what does not fit")
	}
	// Nothing jumps from one side of the seam to the other.
	at, above := rank(28, 28), rank(29, 29)
	if a, b := float64(at.place(0.025))/(28*28), float64(above.place(0.025))/(29*29); math.Abs(a-b) > 0.01 {
		t.Errorf("the low end moves from %.3f to %.3f of the differences", a, b)
	}
}

// shiftNoises are those of trials, as logarithms.
var shiftNoises = []struct {
	name string
	draw func(*rand.Rand) float64
}{
	{"normal", func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() }},
	{"heavy tails (t2)", func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) }},
	{"one in ten slow", func(r *rand.Rand) float64 {
		v := 0.01 * r.NormFloat64()
		if r.Float64() < 0.1 {
			v += 0.6 * r.Float64()
		}
		return v
	}},
}

// shiftCoverage is the share of intervals that held the truth, and the median of their
// half-widths; both stand in the comment of Shift.
func shiftCoverage(n, tries int, a, b func(*rand.Rand) float64) (share, width float64) {
	const truth = 1.7
	random := rand.New(rand.NewPCG(5, uint64(n)))
	x, y, widths := make([]float64, n), make([]float64, n), make([]float64, tries)
	for try := range tries {
		for i := range n {
			x[i], y[i] = truth*math.Exp(a(random)), math.Exp(b(random))
		}
		i := Shifts(x, y).Interval(Level)
		if i.Low <= truth && truth <= i.High {
			share += 1 / float64(tries)
		}
		widths[try] = i.HalfWidth()
	}
	slices.Sort(widths)
	return share, widths[tries/2]
}

// Ranks cannot promise 95 % exactly: 4 against 4 samples promise 97.1 %, 6
// against 6 already 95.9 %.
func TestCoverageOfTheShift(t *testing.T) {
	const tries = 4000
	for _, noise := range shiftNoises {
		for _, n := range []int{4, 6, 10, 20} {
			most := 0.975
			if n == 4 {
				most = 0.982
			}
			if share, _ := shiftCoverage(n, tries, noise.draw, noise.draw); share < 0.93 || share > most {
				t.Errorf("%s, %d samples a side: the 95 %% interval covered the truth in %.1f %%", noise.name, n, 100*share)
			}
		}
	}
	wide := func(r *rand.Rand) float64 { return 4 * shiftNoises[0].draw(r) }
	if share, _ := shiftCoverage(20, tries, wide, shiftNoises[0].draw); share < 0.90 || share > 0.95 {
		t.Errorf("unequal noise: the 95 %% interval covered the truth in %.1f %%: the comment of Shift says 92.4", 100*share)
	}
}

func TestShiftOfFewOrBadSamples(t *testing.T) {
	for _, s := range []Shift{{}, Shifts(nil, nil), Shifts([]float64{1}, nil), Shifts([]float64{math.NaN(), -1, math.Inf(1)}, []float64{1})} {
		if i := s.Interval(Level); i.N != 0 || i.Known() || s.Above(1) != 1 || s.Below(1) != 1 {
			t.Errorf("of nothing: %+v, %v, %v", i, s.Above(1), s.Below(1))
		}
	}
	for n := 1; n < 8; n++ {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		if got, want := Shifts(x, x).Interval(Level).Known(), n >= ShiftNeeds((1-Level)/2); got != want {
			t.Errorf("%d samples a side have an interval: %v, want %v", n, got, want)
		}
	}
	if ShiftNeeds(0.025) != 4 || ShiftNeeds(0.05/40/2) != 7 || ShiftNeeds(0) != math.MaxInt {
		t.Errorf("needs %d, %d, %d", ShiftNeeds(0.025), ShiftNeeds(0.05/40/2), ShiftNeeds(0))
	}
	if s := Shifts([]float64{2}, []float64{1}); s.Above(math.NaN()) != 1 || s.Below(math.NaN()) != 1 {
		t.Error("a bound that is no number was told from the samples")
	}
}

func ExampleShifts() {
	old := []float64{100.1, 102.4, 99.0, 101.7, 104.2, 100.3, 98.8, 160.0} // the last was disturbed
	new := []float64{90.3, 91.9, 89.9, 90.4, 93.8, 90.2, 89.1, 91.5}
	s := Shifts(new, old)
	i := s.Interval(Level)
	fmt.Printf("%.3f (%.3f to %.3f), p = %.4f\n", i.Estimate, i.Low, i.High, s.Below(1))
	// Output: 0.900 (0.870 to 0.914), p = 0.0001
}

// Two runs of very many samples need no memory for their pairs.
func TestShiftOfManySamples(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x, y := make([]float64, 100_000), make([]float64, 100_000)
	for i := range x {
		x[i], y[i] = 1.01*math.Exp(0.01*random.NormFloat64()), math.Exp(0.01*random.NormFloat64())
	}
	if i := Shifts(x, y).Interval(Level); i.Low > 1.01 || i.High < 1.01 || i.HalfWidth() > 0.0002 {
		t.Errorf("%+v", i)
	}
}
