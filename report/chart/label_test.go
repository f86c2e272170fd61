package chart

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPlacedLabelsNeverOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bounds := rect{0, 0, 500, 300}
		place := placer{bounds: bounds}
		n := rapid.IntRange(1, 16).Draw(t, "n")
		pts := make([]point, n)
		for i := range pts {
			pts[i] = point{rapid.Float64Range(0, 500).Draw(t, "x"), rapid.Float64Range(0, 300).Draw(t, "y")}
			place.taken = append(place.taken, around(pts[i], 6))
		}
		for _, at := range pts {
			w, h := rapid.Float64Range(10, 130).Draw(t, "w"), rapid.Float64Range(12, 36).Draw(t, "h")
			before := slices.Clone(place.taken)
			r, ok := place.place(at, w, h)
			if !ok {
				continue
			}
			if !r.inside(bounds) || math.Abs(r.x1-r.x0-w) > 1e-9 || math.Abs(r.y1-r.y0-h) > 1e-9 {
				t.Fatalf("label %v of %v by %v is not in %v", r, w, h, bounds)
			}
			if slices.ContainsFunc(before, r.overlaps) {
				t.Fatalf("label %v covers something", r)
			}
		}
	})
}

func TestEveryLabelFindsAPlaceInAnEmptyPlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := placer{bounds: rect{0, 0, 500, 300}}
		at := point{rapid.Float64Range(0, 500).Draw(t, "x"), rapid.Float64Range(0, 300).Draw(t, "y")}
		if r, ok := place.place(at, 60, 12); !ok || distance(at, r.nearest(at)) > 2*nearLabel {
			t.Fatalf("%v: %v %v", at, r, ok)
		}
	})
}

// Two marks, one above the other: each label stands at its own, whichever is
// placed first.
func TestALabelStandsAtItsOwnMark(t *testing.T) {
	low, high := point{100, 100}, point{100, 122}
	for _, order := range [][]point{{low, high}, {high, low}} {
		place := placer{bounds: rect{0, 0, 200, 200}, marks: []point{low, high}}
		for _, m := range place.marks {
			place.taken = append(place.taken, around(m, 6))
		}
		for _, m := range order {
			r, ok := place.place(m, 60, 12)
			for _, other := range place.marks {
				if !ok || other != m && distance(other, r.nearest(other)) < distance(m, r.nearest(m)) {
					t.Errorf("the label of %v is in %v, nearer to %v", m, r, other)
				}
			}
		}
	}
}

func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Float64Range(-50, 350), 0, 20).Draw(t, "want")
		got := spread(want, 14, 0, 300)
		sorted := slices.Sorted(slices.Values(got))
		for i, y := range sorted {
			if i > 0 && y-sorted[i-1] < 14-1e-9 {
				t.Fatalf("%v are too near", sorted)
			}
			if y < -1e-9 || y > 300+1e-9 {
				t.Fatalf("%v leave the plot", sorted)
			}
		}
		for i := range want {
			for k := range want {
				if want[i] < want[k] && got[i] > got[k] {
					t.Fatalf("%v became %v: the order changed", want, got)
				}
			}
		}
	})
	if got := spread([]float64{100, 50, 200}, 14, 0, 300); !slices.Equal(got, []float64{100, 50, 200}) {
		t.Errorf("heights which fit were moved: %v", got)
	}
}

func TestWrapAndShortenKeepTheWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zA-Zäß€ ]{0,60}`).Draw(t, "text")
		width := rapid.Float64Range(20, 200).Draw(t, "width")
		for _, line := range append(wrap(text, titleStyle, width), shorten(text, titleStyle, width)) {
			if titleStyle.width(line) > width {
				t.Fatalf("%q is wider than %v", line, width)
			}
		}
	})
}

func TestTicksAreRoundAndInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.Bool().Draw(t, "log")
		lo := rapid.Float64Range(1e-3, 1e3).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1.05, 1e5).Draw(t, "factor")
		got := ticks(lo, hi, 4, log)
		if len(got) == 0 || len(got) > 12 || !slices.IsSorted(got) {
			t.Fatalf("%v..%v: %v", lo, hi, got)
		}
		for _, v := range got {
			if v < lo*(1-1e-6) || v > hi*(1+1e-6) {
				t.Fatalf("%v..%v: %v lies outside", lo, hi, v)
			}
		}
	})
	for v, want := range map[float64]string{0.5: "0.5", 16: "16", 2500: "2500", 12000: "12k", 3e6: "3M"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestModelsLookDifferent(t *testing.T) {
	for a, x := range looks {
		for b, y := range looks {
			if a != b && (x.color == y.color || x.glyph == y.glyph) {
				t.Errorf("%s and %s share a colour or a glyph", a, b)
			}
		}
		if l := luminance(textColor(x.color)); l > 0.18 {
			t.Errorf("%s: text of the luminance %.2f is too light for white paper", a, l)
		}
	}
}

func TestCrosses(t *testing.T) {
	r := rect{0, 0, 10, 10}
	for _, c := range []struct {
		a, b point
		want bool
	}{
		{point{-5, 5}, point{15, 5}, true},
		{point{5, -5}, point{5, 15}, true},
		{point{5, 5}, point{6, 6}, true},
		{point{-5, 5}, point{-1, 5}, false},
		{point{-5, 11}, point{15, 11}, false},
		{point{-5, 10}, point{15, 10}, false}, // along an edge
		{point{-5, 4}, point{4, -5}, false},
		{point{-5, 8}, point{8, -5}, true},
	} {
		if got := crosses(c.a, c.b, r); got != c.want {
			t.Errorf("%v to %v: %v", c.a, c.b, got)
		}
	}
}

// No value may lie beyond the ticks of an axis: a reader could not tell how far.
func TestOutwardTicksHoldAllValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "exponent"))
		hi := lo * math.Pow(10, rapid.Float64Range(0, 7).Draw(t, "decades"))
		from, to, at := outwards(lo, hi, 30)
		if !slices.IsSorted(at) || len(at) < 2 || len(at) > 10 || math.Abs(at[0]/from-1) > 1e-8 || math.Abs(at[len(at)-1]/to-1) > 1e-8 || from > lo || to < hi {
			t.Fatalf("%v..%v: %v in %v..%v", lo, hi, at, from, to)
		}
		if to > 100.001*hi || from < lo/10.001 {
			t.Fatalf("%v..%v: %v..%v is too wide", lo, hi, from, to)
		}
		n := rapid.IntRange(2, 9).Draw(t, "n")
		low := rapid.Float64Range(-1e6, 0).Draw(t, "low")
		high := low + rapid.Float64Range(1e-3, 1e6).Draw(t, "width")
		from, to, at = outwardsLinear(low, high, n)
		if step, _ := linearStep(low, high, n); math.Abs(low) > 1e6*step {
			return // numbers so large that a step changes nothing
		}
		near := 1e-6 * (high - low)
		if !slices.IsSorted(at) || len(at) < 2 || len(at) > n+3 || from > low+near || to < high-near || math.Abs(at[0]-from) > near || math.Abs(at[len(at)-1]-to) > near {
			t.Fatalf("%v..%v: %v in %v..%v", low, high, at, from, to)
		}
	})
	for _, c := range []struct {
		lo, hi float64
		want   []float64
	}{
		{2.7, 805, []float64{1, 10, 100, 1000}},
		{0.98, 21, []float64{0.5, 1, 2, 5, 10, 20, 50}},
		{1, 1000, []float64{1, 10, 100, 1000}},
		{5, 5, []float64{5, 10}},
	} {
		if _, _, got := outwards(c.lo, c.hi, 30); !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a/b-1) < 1e-9 }) {
			t.Errorf("%v..%v: %v, want %v", c.lo, c.hi, got, c.want)
		}
	}
	if _, _, got := outwardsLinear(0, 98, 2); !slices.Equal(got, []float64{0, 50, 100}) {
		t.Errorf("0..98: %v", got)
	}
}

// Labels that touch are left out at equal steps, and the last one stays.
func TestTickLabelsAreEvenlyLeftOut(t *testing.T) {
	at := []float64{1, 10, 100, 1000, 10000, 100000, 1e6}
	for width, want := range map[float64][]float64{
		500: at,
		90:  {1, 100, 10000, 1e6},
		55:  {1, 1000, 1e6},
	} {
		if got := evenly(scale{1, 1e6, 0, width, true}, at, number); !slices.Equal(got, want) {
			t.Errorf("%v wide: %v, want %v", width, got, want)
		}
	}
	for from, want := range map[float64][]float64{1: {1, 2, 4, 8}, 3: {3, 8}} {
		if got := between([]float64{from, 8}); !slices.Equal(got, want) {
			t.Errorf("between %v and 8: %v, want %v", from, got, want)
		}
	}
}

func TestFamiliesShareABand(t *testing.T) {
	if got := shaded([]string{"a, 1", "a, 2", "b", "c, 1", "c"}); !slices.Equal(got, []bool{true, true, false, true, true}) {
		t.Errorf("%v", got)
	}
}

// Beside a comparison stands the number that a table has for it.
func TestFactorsHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0.987: "0.99", 1.044: "1.04", 9.994: "9.99", 16.12: "16.1", 99.94: "99.9", 99.96: "100", 5527: "5527"} {
		if got := ratioFine(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
