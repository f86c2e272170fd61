package report

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// selfchecked makes the file of a self-check: in so many of the comparisons of
// the same code one side is shifted, both ways.
func selfchecked(comparisons, shifted int) string {
	random := rand.New(rand.NewPCG(1, 1))
	var w strings.Builder
	w.WriteString("cores: 2\n\n")
	for effect, repeat := range map[int]int{0: comparisons, 2: 4} {
		for i := range repeat {
			for _, way := range []string{WayParcon, WayUsual} {
				for _, side := range []string{"a", "b"} {
					factor := 1.0
					if side == "b" && (effect > 0 || i < shifted) {
						factor = 1.05
					}
					for round := range 12 {
						fmt.Fprintf(&w, "BenchmarkSelfcheck/%s=%s/%s=%d/%s=%s/%s=%d/%s=%s 1 %g ns/op %d round 1e9 life-ns\n",
							KeyMachine, MachineQuiet, KeyEffect, effect, KeyWay, way, KeyComparison, i, KeySide, side,
							100*factor*(1+0.0001*float64(round%2)+0.00001*random.Float64()), round)
					}
				}
			}
		}
	}
	return w.String()
}

func TestSelfcheckCountsWhatIsCalledDifferent(t *testing.T) {
	got := detectionsOf(read(t, selfchecked(20, 3)))
	if len(got) != 4 {
		t.Fatalf("%d settings, want 4: %+v", len(got), got)
	}
	// A trial lives for a second. What is told is told after 7 of the 12 rounds.
	for i, want := range []Detection{
		{Effect: 0, Way: WayParcon, Samples: 12, Tried: 20, Called: 3, Missed: 3, Rounds: 11.25, Seconds: 22.5},
		{Effect: 0, Way: WayUsual, Samples: 12, Tried: 20, Called: 3, Rounds: 12, Seconds: 24},
		{Effect: 2, Way: WayParcon, Samples: 12, Tried: 4, Called: 4, Missed: 4, Rounds: 7, Seconds: 14},
		{Effect: 2, Way: WayUsual, Samples: 12, Tried: 4, Called: 4, Rounds: 12, Seconds: 24},
	} {
		if want.Machine = MachineQuiet; got[i] != want {
			t.Errorf("%+v, want %+v", got[i], want)
		}
	}
}

// Who looks after every round stops at the first that tells, whatever the later ones
// would have said; a trial that failed speaks for neither side.
func TestOneWhoLooksStopsAtTheFirstRoundThatTells(t *testing.T) {
	same := slices.Repeat([]float64{100}, 40)
	slower := func(rounds ...int) []float64 {
		b := slices.Repeat([]float64{90}, 40)
		for _, i := range rounds {
			b[i] = 110
		}
		return b
	}
	for _, c := range []struct {
		b    []float64
		want int
		told bool
	}{
		{slower(), 7, true},
		{slower(0, 1, 2, 3, 4, 5, 6), 7, true},
		{slower(0), 12, true},
		{slower(0, 1), 16, true},
		{slower(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38), 40, false},
		{append([]float64{0}, slower()[1:]...), 12, true},
		{same, 40, false},
		{nil, 0, false},
	} {
		a := same[:len(c.b)]
		if got := stop(a, c.b); got != c.want || Told(a[:got], c.b[:got]) != c.told {
			t.Errorf("%v: stopped after %d rounds, want %d", c.b, got, c.want)
		}
	}
}

func TestDeceivesWhenTheSameIsTooOftenDifferent(t *testing.T) {
	if Deceives(read(t, selfchecked(40, 3))) {
		t.Error("3 of 40 may be chance")
	}
	if !Deceives(read(t, selfchecked(40, 8))) {
		t.Error("8 of 40 are no chance")
	}
}

// A slow-down that is seen as a speed-up was not found.
func TestFoundInTheWrongDirectionIsNotFound(t *testing.T) {
	swapped := strings.NewReplacer("side=a", "side=b", "side=b", "side=a").Replace(selfchecked(1, 0))
	for _, h := range detectionsOf(read(t, swapped)) {
		if h.Called != 0 {
			t.Errorf("%+v", h)
		}
	}
}

func TestSelfcheckHasAReport(t *testing.T) {
	dir, answer := write(t, selfchecked(20, 3))
	if want := "On the quiet machine parcon, looking after every round, calls the same code different in 15 % of comparisons, the usual way in 15 %"; !strings.HasPrefix(answer, want) {
		t.Errorf("%q", answer)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil || !strings.Contains(string(page), "| 3 of 20 |") {
		t.Errorf("%v\n%s", err, page)
	}
	if info, err := os.Stat(filepath.Join(dir, "charts", "false-positives.svg")); err != nil || info.Size() == 0 {
		t.Errorf("the chart: %v", err)
	}
}
