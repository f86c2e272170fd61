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
