package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// rounds are those of a simulated benchmark whose new side takes so many times as long; a
// round strays by about strays, and now and then by much.
func rounds(random *rand.Rand, n int, factor, strays float64) (old, new []float64) {
	value := func() float64 {
		v := 100 * math.Exp(strays*random.NormFloat64())
		if random.IntN(10) == 0 {
			v *= 1 + random.Float64()
		}
		return v
	}
	for range n {
		old, new = append(old, value()), append(new, factor*value())
	}
	return old, new
}

// follow looks after every round until the benchmark rests.
func follow(b Bench, old, new []float64) Change {
	for n := range old {
		if b.Rests(old[:n], new[:n]) {
			return b.Change("x", old[:n], new[:n])
		}
	}
	return b.Change("x", old, new)
}

// Of measurements of ten benchmarks each that are the same, at most one in twenty calls any
// of them different.
func TestTheSameBenchmarksAreSeldomCalledDifferent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	b := Bench{Question{Margin: 0.01}, 10}
	const measurements = 120
	wrong := 0
	for range measurements {
		for range b.Compared {
			old, new := rounds(random, 50, 1, 0.02)
			if c := follow(b, old, new); c.Difference == Higher || c.Difference == Lower {
				wrong++
				break
			}
		}
	}
	if wrong > measurements/20 {
		t.Errorf("%d of %d measurements call something different", wrong, measurements)
	}
}

// A machine is one that others use, on which what is measured drifts too: of each stretch it
// is chance whether others lengthen it.
type machine struct {
	random *rand.Rand
	busy   float64 // the chance of that
	layout float64 // by how much the luck of a layout strays
	drift  float64 // by how much the machine does while a process runs
	level  float64
}

// process is the fastest of its stretches.
func (m *machine) process(nanoseconds float64) float64 {
	m.level += m.drift * m.random.NormFloat64()
	fastest := math.Inf(1)
	for range 16 {
		stretch := nanoseconds * math.Exp(m.level+0.005*m.random.ExpFloat64())
		if m.random.Float64() < m.busy {
			stretch *= 1 + m.random.ExpFloat64()
		}
		fastest = min(fastest, stretch)
	}
	return fastest
}

// round measures both sides twice, in random order: the faster of each.
func (m *machine) round(factor float64) (old, new float64) {
	sides := [2]float64{100 * math.Exp(m.layout*m.random.NormFloat64()), 100 * factor * math.Exp(m.layout*m.random.NormFloat64())}
	fastest := [2]float64{math.Inf(1), math.Inf(1)}
	for _, turn := range m.random.Perm(4) {
		fastest[turn%2] = min(fastest[turn%2], m.process(sides[turn%2]))
	}
	return fastest[0], fastest[1]
}

func (m *machine) rounds(n int, factor float64) (old, new []float64) {
	for range n {
		o, w := m.round(factor)
		old, new = append(old, o), append(new, w)
	}
	return old, new
}

// Whoever looks after every round, and stops when it is told, calls what is the same different
// in at most one of twenty measurements, however the machine behaves.
func TestWhoStopsWhenItIsToldIsSeldomWrong(t *testing.T) {
	for name, m := range map[string]machine{
		"quiet": {}, "busy": {busy: 0.9}, "layouts": {busy: 0.5, layout: 0.05}, "drifting": {busy: 0.7, drift: 0.03},
	} {
		m.random = rand.New(rand.NewPCG(9, 10))
		b := Bench{Question{Margin: 0.01}, 1}
		const measurements = 400
		wrong := 0
		for range measurements {
			old, new := m.rounds(40, 1)
			if c := follow(b, old, new); c.Difference == Higher || c.Difference == Lower {
				wrong++
			}
		}
		if wrong > measurements/20 {
			t.Errorf("%s: %d of %d are called different", name, wrong, measurements)
		}
	}
}

// Rounds as those of bench, as many as it has time for beside a load, find 3 %.
func TestThreePercentAreFoundBesideALoad(t *testing.T) {
	m := machine{random: rand.New(rand.NewPCG(11, 12)), busy: 0.9, layout: 0.01}
	found := 0
	for range 100 {
		old, new := m.rounds(15, 1.03)
		if follow(Bench{Question{Margin: 0.01}, 1}, old, new).Verdict == "slower" {
			found++
		}
	}
	if found < 90 {
		t.Errorf("it was found in %d of 100 tries", found)
	}
}

func TestASlowDownIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	b := Bench{Question{Margin: 0.01}, 10}
	found := 0
	for range 100 {
		old, new := rounds(random, 48, 1.03, 0.015)
		c := follow(b, old, new)
		if c.Verdict == "slower" && c.Worse && c.Ratio.Low > 1 {
			found++
		}
		if c.Verdict == "faster" {
			t.Error("it was called faster")
		}
	}
	if found < 90 {
		t.Errorf("a slow-down of 3 %% was found in %d of 100 tries", found)
	}
}

func TestAThresholdForgivesAndIsDecided(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	b := Bench{Question{Margin: 0.01, Threshold: 0.05}, 1}
	for factor, worse := range map[float64]bool{1.02: false, 1.2: true, 0.8: false} {
		old, new := rounds(random, 200, factor, 0.005)
		c := follow(b, old, new)
		if c.Worse != worse || c.Difference == NotTold || c.NOld == 200 {
			t.Errorf("factor %v: %+v", factor, c)
		}
	}
}

func TestWhatIsEqualAndWhatIsTooCloseRest(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	b := Bench{Question{Margin: 0.01}, 5}
	old, new := rounds(random, 200, 1, 0.001)
	if c := follow(b, old, new); c.Difference != Equal || c.NOld == 200 {
		t.Errorf("equal: %+v", c)
	}
	old, new = rounds(random, 200, 1, 0.2)
	if c := follow(b, old, new); c.Difference != NotTold || c.NOld == 200 {
		t.Errorf("too close to call: %+v", c)
	}
}

// Rounds that failed, and none at all, are answered with no number.
func TestWithoutRoundsNothingIsTold(t *testing.T) {
	b := Bench{Compared: 1}
	nan := math.NaN()
	for _, values := range [][]float64{nil, {nan, nan}} {
		c := b.Change("x", values, values)
		if c.Difference != NoneToTell || !math.IsNaN(c.Ratio.Estimate) || c.Worse || b.Rests(values, values) {
			t.Errorf("%v: %+v", values, c)
		}
	}
}

func ExampleBench_Change() {
	old := []float64{100, 101, 99, 100, 102, 98, 100, 101}
	slower := []float64{111, 110, 109, 112, 110, 111, 109, 110}
	c := Bench{Question{Margin: 0.01}, 1}.Change("Decode-8", old, slower)
	fmt.Printf("%s %s %.2f\n", c.Name, c.Verdict, c.Ratio.Estimate)
	// Output: Decode-8 slower 1.10
}
