package report

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	for i, want := range []struct {
		effect, tried, called int
		way                   string
	}{{0, 20, 3, WayParcon}, {0, 20, 3, WayUsual}, {2, 4, 4, WayParcon}, {2, 4, 4, WayUsual}} {
		h := got[i]
		if h.Effect != want.effect || h.Tried != want.tried || h.Called != want.called || h.Way != want.way || h.Seconds != 24 || h.Samples != 12 {
			t.Errorf("%+v, want %+v", h, want)
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
	if want := "On the quiet machine parcon calls the same code different in 15 % of comparisons, the usual way in 15 %"; !strings.HasPrefix(answer, want) {
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
