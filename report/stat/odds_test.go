package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLogOdds(t *testing.T) {
	for _, c := range []struct {
		n, k int
		want float64
	}{
		{0, 0, 1},
		{1, 1, 1.72},
		{1, 0, 0.28},
		{2, 1, 0.3915},
		{5, 5, 18.9897},
		{7, 7, 67.6484},
		{10, 10, 470.6066},
		{12, 12, 1736.0276},
		{14, 13, 243.3841},
		{14, 12, 17.0742},
		{17, 16, 1635.9806},
		{22, 20, 1815.7931},
		{40, 30, 31.6141},
		{100, 65, 11.4462},
		{200, 120, 4.8420},
	} {
		if got := math.Exp(LogOdds(c.n, c.k)); math.Abs(got-c.want) > 6e-5*max(1, c.want/10) {
			t.Errorf("%d of %d: %v, want %v", c.k, c.n, got, c.want)
		}
	}
}

// It is a fair bet: the mean over the next round is what it is now. And it rises with
// the rounds on the right side.
func TestOddsAreAFairBet(t *testing.T) {
	for n := range 250 {
		for k := range n + 1 {
			now := LogOdds(n, k)
			next := math.Log(math.Exp(LogOdds(n+1, k)-now)/2 + math.Exp(LogOdds(n+1, k+1)-now)/2)
			if math.Abs(next) > 1e-9*float64(n+1) {
				t.Fatalf("%d of %d: the mean of the next odds is e^%v times as high", k, n, next)
			}
			if k < n && LogOdds(n, k+1) <= now {
				t.Fatalf("%d of %d speak for it no more than %d", k+1, n, k)
			}
		}
	}
}

// How many rounds allow how many wrong ones.
func TestMostWrong(t *testing.T) {
	for x, first := range map[float64][]int{40: {7, 12, 16, 20, 23, 27, 30, 33}, 1380: {12, 17, 22, 26, 30, 34}} {
		for w, n := range first {
			if mostWrong(n, x) != w || mostWrong(n-1, x) != w-1 {
				t.Errorf("odds of %v: %d rounds allow %d wrong ones, %d allow %d; want %d from %d on", x, n, mostWrong(n, x), n-1, mostWrong(n-1, x), w, n)
			}
		}
	}
}

func TestRunningInterval(t *testing.T) {
	x := []float64{.02, -.01, .03, .01, 0, .025, -.02, .015, .04, .005, .012, .018, .011, .013, .016, .014}
	open := Interval{Low: math.Inf(-1), High: math.Inf(1)}
	for n, want := range map[int]Interval{6: open, 7: {Low: -.02, High: .03}, 12: {Low: -.01, High: .03}, 16: {Low: 0, High: .025}} {
		got := SeriesOf(x[:n]).Running()
		if got.Low != want.Low || got.High != want.High || got.N != n {
			t.Errorf("%d rounds: %v, want %v", n, got, want)
		}
	}
	drifting := make([]float64, 60)
	for i := range drifting {
		drifting[i] = float64(i)
	}
	if i, agree := SeriesOf(drifting).Sure(20); agree {
		t.Errorf("rounds that drift agree on %v", i)
	}
	// What is shown then is what the rounds say now, not less than nothing.
	if i := SeriesOf(drifting).Running(); !(i.Low < i.Estimate && i.Estimate < i.High) {
		t.Errorf("of rounds that drift it shows %v", i)
	}
}

// The sure interval is the odds inverted: it lies within a bound exactly when the odds
// for that are so high, and beyond one when they are so high against it. Rounds that
// failed speak for neither.
func TestSureIsTheOddsInverted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		n, odds := rapid.IntRange(1, 60).Draw(t, "rounds"), rapid.SampledFrom([]float64{20, 900, 1380}).Draw(t, "odds")
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = math.Exp(random.NormFloat64()), 1
			if random.Float64() < 0.05 {
				a[i] = math.NaN()
			}
		}
		s := RatioSeries(a, b)
		i, agree := s.Sure(odds)
		low := rapid.Float64Range(0.1, 1).Draw(t, "low")
		high := rapid.Float64Range(1, 10).Draw(t, "high")
		if got, want := s.Highest(low, high) >= math.Log(odds), i.Low >= low && i.High <= high; got != want {
			t.Fatalf("inside %v to %v: %v, but the interval is %v", low, high, got, i)
		}
		if slices.Max(s.Outside(low, high)) >= math.Log(odds) && agree && i.Low <= high && i.High >= low {
			t.Fatalf("outside %v to %v, but the interval is %v", low, high, i)
		}
		for _, c := range [][2]float64{{low, math.Inf(1)}, {0, high}} {
			if got, want := s.Highest(c[0], c[1]) >= math.Log(odds), i.Low >= c[0] && i.High <= c[1]; got != want {
				t.Fatalf("inside %v: %v, but the interval is %v", c, got, i)
			}
		}
	})
}

// What was decided once stays: the highest odds never fall, and are those of some round.
func TestTheHighestOddsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		values := make([]float64, rapid.IntRange(1, 80).Draw(t, "rounds"))
		before, seen := 0.0, 0.0
		for n := range values {
			values[n] = 1.5 + random.NormFloat64()
			s := SeriesOf(values[:n+1])
			now := s.Highest(1, math.Inf(1))
			seen = max(seen, s.Inside(1, math.Inf(1)))
			if now < before || now != seen {
				t.Fatalf("after %d rounds %v, before %v, the most of all %v", n+1, now, before, seen)
			}
			before = now
		}
	})
}

// The course is what the odds were after each round, at each end.
func TestACourseIsThatOfTheOdds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b := make([]float64, rapid.IntRange(1, 250).Draw(t, "rounds")), []float64{}
		for i := range a {
			a[i], b = math.Exp(0.5*random.NormFloat64()), append(b, 1)
			if random.Float64() < 0.05 {
				a[i] = math.NaN()
			}
		}
		low, high := rapid.SampledFrom([]float64{0, 0.8}).Draw(t, "low"), rapid.SampledFrom([]float64{1.2, math.Inf(1)}).Draw(t, "high")
		course := RatioSeries(a, b).Course(low, high)
		for n := range a {
			want := RatioSeries(a[:n+1], b[:n+1]).Outside(low, high)
			if n >= looks && n+1 < len(a) {
				want = nil
			}
			if !slices.Equal(course[n], want) {
				t.Fatalf("after %d rounds %v, want %v", n+1, course[n], want)
			}
		}
	})
}
