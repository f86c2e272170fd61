package scaling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"parcon/report/stat"
)

var upTo64 = []int{1, 2, 4, 8, 16, 32, 64}

// simulate makes the rounds of a law. Every trial has a noise of 2 %, that of
// the baseline too, which all speed-ups of its round share.
func simulate(l law, counts []int, rounds int, random *rand.Rand) []Point {
	var points []Point
	for _, n := range counts {
		points = append(points, Point{n, make([]float64, rounds)})
	}
	for round := range rounds {
		baseline := 0.02 * random.NormFloat64()
		for _, p := range points {
			p.Speedups[round] = l.at(float64(p.Workers)) * math.Exp(baseline-0.02*random.NormFloat64())
		}
	}
	return points
}

func mustFit(t testing.TB, points []Point, cores int) Laws {
	t.Helper()
	laws, declined := Fit(points, cores, 1)
	if declined != "" {
		t.Fatal(declined)
	}
	return laws
}

func TestSerialFractionIsFoundAgain(t *testing.T) {
	for _, serial := range []float64{0, 0.05, 0.2, 0.5} {
		for seed := range uint64(50) {
			points := simulate(law{1, serial, 0}, upTo64, 10, rand.New(rand.NewPCG(seed, 1)))
			c := newSample(points, 64).whole()
			if got := c.amdahl().sigma; math.Abs(got-serial) > 0.02 {
				t.Errorf("serial fraction %.2f, Amdahl %.4f", serial, got)
			}
			if got := c.usl().sigma; math.Abs(got-serial) > 0.03 {
				t.Errorf("serial fraction %.2f, sigma %.4f", serial, got)
			}
		}
	}
}

// Over 10 rounds sigma is found within 0.01, kappa and the peak within a tenth.
func TestUSLIsFoundAgain(t *testing.T) {
	for _, l := range []law{{1, 0.05, 0.0005}, {1, 0.02, 0.002}, {0.9, 0, 0.001}, {1.1, 0.1, 0.01}} {
		laws := mustFit(t, simulate(l, upTo64, 10, rand.New(rand.NewPCG(2, 2))), 64)
		peak, top := l.peak()
		if got := laws.USL.Sigma.Estimate; math.Abs(got-l.sigma) > 0.01 {
			t.Errorf("%+v: sigma %.4f", l, got)
		}
		for name, pair := range map[string][2]float64{
			"kappa": {laws.USL.Kappa.Estimate, l.kappa},
			"peak":  {laws.USL.Peak.Estimate, peak},
			"top":   {laws.USL.Top.Estimate, top},
			"one":   {laws.USL.One.Estimate, l.one},
		} {
			if math.Abs(pair[0]/pair[1]-1) > 0.1 {
				t.Errorf("%+v: %s %.5f instead of %.5f", l, name, pair[0], pair[1])
			}
		}
		if laws.USL.Misfit > 0.05 || laws.Amdahl.Misfit < 0.1 {
			t.Errorf("%+v: misfit %.3f, of Amdahl's law %.3f", l, laws.USL.Misfit, laws.Amdahl.Misfit)
		}
	}
}

// Without noise the search finds any law, also at the bounds.
func TestSearchFindsTheLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := law{
			rapid.Float64Range(0.1, 10).Draw(t, "one"),
			rapid.OneOf(rapid.Float64Range(0, 0.9), rapid.Just(0.0)).Draw(t, "sigma"),
			rapid.OneOf(rapid.Float64Range(0, 0.1), rapid.Just(0.0)).Draw(t, "kappa"),
		}
		var c curve
		for _, n := range upTo64 {
			c.workers = append(c.workers, float64(n))
			c.logs = append(c.logs, math.Log(l.at(float64(n))))
		}
		got := c.usl()
		if math.Abs(got.one/l.one-1) > 1e-3 || math.Abs(got.sigma-l.sigma) > 1e-3 || math.Abs(got.kappa-l.kappa) > 1e-3 {
			t.Fatalf("%+v was found as %+v, off by %g", l, got, c.misfit(got))
		}
		l.kappa = 0
		for i, n := range c.workers {
			c.logs[i] = math.Log(l.at(n))
		}
		if got := c.amdahl(); math.Abs(got.sigma-l.sigma) > 1e-3 {
			t.Fatalf("%+v was found as %+v", l, got)
		}
	})
}

// The package comment has the rates of more simulations and more laws.
func TestCoverage(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates many curves")
	}
	const tries, sides = 60, 2
	truth := law{1, 0.05, 0.0005}
	peak, top := truth.peak()
	var lock sync.Mutex
	var wait sync.WaitGroup
	covered := map[string]int{}
	for side := range sides {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(side)))
			for range tries / sides {
				laws := fit(newSample(simulate(truth, upTo64, 10, random), 64), random.Uint64(), 200)
				lock.Lock()
				for name, i := range map[string]stat.Interval{
					"sigma": around(laws.USL.Sigma, truth.sigma), "kappa": around(laws.USL.Kappa, truth.kappa),
					"peak": around(laws.USL.Peak, peak), "top": around(laws.USL.Top, top),
				} {
					if i.Low <= 0 && 0 <= i.High {
						covered[name]++
					}
				}
				lock.Unlock()
			}
		})
	}
	wait.Wait()
	for _, name := range []string{"sigma", "kappa", "peak", "top"} {
		rate := float64(covered[name]) / tries
		t.Logf("%s: %.1f %%", name, 100*rate)
		if rate < 0.9 {
			t.Errorf("the 95 %% interval of %s covered the truth in %.1f %%", name, 100*rate)
		}
	}
}

// around moves an interval so that the truth is 0.
func around(i stat.Interval, truth float64) stat.Interval {
	return stat.Interval{Estimate: i.Estimate - truth, Low: i.Low - truth, High: i.High - truth, N: i.N}
}

func TestOrderDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	points := simulate(law{1, 0.1, 0.001}, upTo64, 8, random)
	points = append(points, Point{8, slices.Clone(points[2].Speedups)}) // a count twice
	want := mustFit(t, points, 64)

	rounds := random.Perm(8)
	var other []Point
	for _, p := range random.Perm(len(points)) {
		o := Point{Workers: points[p].Workers}
		for _, r := range rounds {
			o.Speedups = append(o.Speedups, points[p].Speedups[r])
		}
		other = append(other, o)
	}
	if got := mustFit(t, other, 64); got != want {
		t.Errorf("%+v\n%+v", got, want)
	}
}

// A slow spell that a whole round shares says nothing of the shape, so it widens
// an interval only where the rounds are not known.
func TestRoundsAreResampledTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	points := simulate(law{1, 0.1, 0.001}, upTo64, 12, random)
	for round := range 12 {
		spell := math.Exp(0.2 * random.NormFloat64())
		for _, p := range points {
			p.Speedups[round] *= spell
		}
	}
	together := mustFit(t, points, 64).USL.Sigma
	points[0].Speedups = append(points[0].Speedups, math.NaN()) // no longer as many
	apart := mustFit(t, points, 64).USL.Sigma
	if together.Estimate != apart.Estimate {
		t.Errorf("the estimate moved from %v to %v", together.Estimate, apart.Estimate)
	}
	if 2*(together.High-together.Low) > apart.High-apart.Low {
		t.Errorf("together %+v, apart %+v", together, apart)
	}
}

// A common factor is the price of one worker, not a shape.
func TestCommonFactorDoesNotMatter(t *testing.T) {
	points := simulate(law{1, 0.1, 0.001}, upTo64, 10, rand.New(rand.NewPCG(6, 6)))
	a := mustFit(t, points, 64)
	for _, p := range points {
		for i := range p.Speedups {
			p.Speedups[i] *= 0.7
		}
	}
	b := mustFit(t, points, 64)
	near := func(name string, a, b stat.Interval, factor float64) {
		for _, pair := range [][2]float64{{a.Estimate, b.Estimate}, {a.Low, b.Low}, {a.High, b.High}} {
			if math.Abs(pair[1]/(factor*pair[0])-1) > 1e-3 {
				t.Errorf("%s: %+v and %+v", name, a, b)
			}
		}
	}
	near("serial", a.Amdahl.Serial, b.Amdahl.Serial, 1)
	near("sigma", a.USL.Sigma, b.USL.Sigma, 1)
	near("kappa", a.USL.Kappa, b.USL.Kappa, 1)
	near("peak", a.USL.Peak, b.USL.Peak, 1)
	near("one", a.USL.One, b.USL.One, 0.7)
	near("top", a.USL.Top, b.USL.Top, 0.7)
}

func TestCountsAboveTheCoresAreLeftOut(t *testing.T) {
	points := simulate(law{1, 0.1, 0}, []int{1, 2, 3, 4}, 8, rand.New(rand.NewPCG(7, 7)))
	want := mustFit(t, points, 4)
	flat := Point{Workers: 8, Speedups: slices.Clone(points[3].Speedups)}
	if got := mustFit(t, append(points, flat, Point{0, flat.Speedups}), 4); got != want {
		t.Errorf("%+v\n%+v", got, want)
	}
	if want.USL.Most != 4 {
		t.Errorf("fitted up to %d workers", want.USL.Most)
	}
}

func TestDeclines(t *testing.T) {
	points := simulate(law{1, 0.1, 0}, upTo64, 8, rand.New(rand.NewPCG(8, 8)))
	few := slices.Clone(points)
	few[3].Speedups = []float64{4, 4, 4, math.NaN(), 4, 4, math.Inf(1), -1}
	for _, c := range []struct {
		points []Point
		cores  int
		want   string
	}{
		{points, 2, "2 cores give at most 2 worker counts up to the number of cores; a law with two parameters needs at least 4"},
		{points, 1, "1 core gives at most 1 worker count up"},
		{points, -1, "0 cores give at most 0 worker counts up"},
		{points, 4, "3 worker counts were measured up to the 4 cores; a law"},
		{nil, 64, "0 worker counts were measured up to the 64 cores"},
		{few, 64, "5 speed-ups were measured with 8 workers; an interval needs at least 6"},
	} {
		laws, declined := Fit(c.points, c.cores, 1)
		if !strings.HasPrefix(declined, c.want) || laws != (Laws{}) {
			t.Errorf("%d cores: %q, %+v", c.cores, declined, laws)
		}
	}
}

// Whatever comes in, there is a reason or there are intervals that hold their
// estimates, within the bounds of the laws.
func TestAnyInput(t *testing.T) {
	odd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 5e-324, math.MaxFloat64})
	plain := rapid.Float64Range(0.5, 8)
	speedup := rapid.OneOf(plain, plain, plain, odd, rapid.Float64())
	workers := rapid.IntRange(1, 9)
	point := rapid.Custom(func(t *rapid.T) Point {
		return Point{
			rapid.OneOf(workers, workers, workers, rapid.Int()).Draw(t, "workers"),
			rapid.OneOf(rapid.SliceOfN(speedup, 12, 12), rapid.SliceOfN(speedup, 12, 12), rapid.SliceOf(speedup)).Draw(t, "speed-ups"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(point, 0, 12).Draw(t, "points")
		cores := rapid.OneOf(rapid.Just(64), rapid.Just(math.MaxInt), rapid.Int()).Draw(t, "cores")
		laws, declined := Fit(points, cores, 1)
		if declined != "" {
			return
		}
		for name, i := range map[string]stat.Interval{
			"Amdahl's one": laws.Amdahl.One, "serial": laws.Amdahl.Serial, "one": laws.USL.One, "sigma": laws.USL.Sigma,
			"kappa": laws.USL.Kappa, "peak": laws.USL.Peak, "top": laws.USL.Top,
		} {
			if !(0 <= i.Low && i.Low <= i.Estimate && i.Estimate <= i.High) || i.N < stat.MinSamples {
				t.Fatalf("%s: %+v", name, i)
			}
		}
		if laws.Amdahl.Serial.High > 1 || laws.USL.Sigma.High > 1 || laws.USL.Peak.Low < 1 {
			t.Fatalf("%+v", laws)
		}
		if text := laws.Amdahl.String() + laws.USL.String(); strings.Contains(text, "NaN") {
			t.Fatal(text)
		}
	})
}

func TestWords(t *testing.T) {
	i := func(estimate, low, high float64) stat.Interval {
		return stat.Interval{Estimate: estimate, Low: low, High: high, N: 10}
	}
	inf := math.Inf(1)
	for _, c := range []struct {
		peak stat.Interval
		want string
	}{
		{i(43.6, 40.2, 46), "it peaks at 44 (40 to 46) workers, with a speed-up of 9.30 (9.10 to 9.50)"},
		{i(90, 70, 120), "it peaks at 90 (70 to 120) workers, with a speed-up of 9.30 (9.10 to 9.50), beyond the 64 workers that were measured"},
		{i(90, 70, inf), "it may peak at 90 workers, at 70 or more, or never, beyond the 64 workers that were measured"},
		{i(inf, 70, inf), "no peak shows; if there is one, it is at 70 workers or more"},
		{i(inf, inf, inf), "more workers never slow it down"},
	} {
		u := USL{Sigma: i(0.05, 0.04, 0.06), Kappa: i(0.0005, 0.00045, 0.00055), Peak: c.peak, Top: i(9.3, 9.1, 9.5), Misfit: 0.012, Most: 64}
		want := "contention 5.00 % (4.00 % to 6.00 %), coherency 0.0500 % (0.0450 % to 0.0550 %); " + c.want + "; the law is off by at most 1.20 %"
		if got := u.String(); got != want {
			t.Errorf("%q\n%q", got, want)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	points := simulate(law{1, 0.05, 0.0005}, upTo64, 20, rand.New(rand.NewPCG(1, 1)))
	for b.Loop() {
		mustFit(b, points, 64)
	}
}

func ExampleFit() {
	// Six rounds of work of which a tenth is serial.
	points := []Point{
		{1, []float64{0.99, 1.00, 1.01, 1.00, 0.98, 1.01}},
		{2, []float64{1.82, 1.80, 1.83, 1.81, 1.82, 1.84}},
		{4, []float64{3.07, 3.10, 3.05, 3.08, 3.06, 3.09}},
		{8, []float64{4.72, 4.70, 4.75, 4.69, 4.71, 4.68}},
	}
	laws, _ := Fit(points, 8, 1)
	fmt.Println(laws.Amdahl)
	fmt.Printf("a speed-up of %.1f with 16 workers\n", laws.Amdahl.At(16))
	fmt.Println(laws.USL)

	_, declined := Fit(points, 2, 1)
	fmt.Println(declined)
	// Output:
	// 10.0 % (9.68 % to 10.4 %) of the work is serial; the law is off by at most 0.0802 %
	// a speed-up of 6.4 with 16 workers
	// contention 10.0 % (9.16 % to 10.3 %), coherency 0 % (0 % to 0.0638 %); no peak shows; if there is one, it is at 38 workers or more; the law is off by at most 0.0802 %
	// 2 cores give at most 2 worker counts up to the number of cores; a law with two parameters needs at least 4
}
