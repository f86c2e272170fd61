package chart_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"parcon/report/chart"
)

// demoLanes are two panels: lanes that run at once, and one lane whose tasks wait in turn.
func demoLanes(lanes int) *chart.Figure {
	parallel := chart.LanePanel{Name: "thread", Finding: fmt.Sprintf("%d lanes at once", lanes), Busy: 1.97}
	one := chart.LanePanel{Name: "loop", Finding: "one lane, cut in turns of as many tasks as there are, which is more than fit into a single line beside the cores that were busy meanwhile", Busy: 1}
	row := chart.LaneRow{Name: "P0, core 1"}
	for n := range lanes {
		from := float64(3 * n)
		parallel.Rows = append(parallel.Rows, chart.LaneRow{Name: fmt.Sprintf("thread %d, cores 0 1", 1_234_560+n), Slices: []chart.LaneSlice{
			{Task: n, From: 0, To: 25}, {Task: n, State: chart.LaneWaits, From: 25, To: 40}, {Task: n, State: chart.LaneReady, From: 40, To: 45}, {Task: n + 100, From: 45, To: 80},
		}})
		row.Slices = append(row.Slices, chart.LaneSlice{Task: n, From: from, To: from + 3})
		one.Off = append(one.Off, chart.LaneSlice{Task: n, State: chart.LaneWaits, From: from + 3, To: from + 40}, chart.LaneSlice{Task: n, State: chart.LaneReady, From: from + 40, To: from + 44})
	}
	one.Rows = []chart.LaneRow{row}
	return chart.Lanes(chart.Text{Title: "Lanes at once with thread; one lane at a time with loop", Subtitle: "Who ran when", X: "time (ms)", Note: "One run."},
		[]chart.LanePanel{parallel, one})
}

// Nothing of what lanes are called and of what was found is cut off.
func TestLanesShowAllWords(t *testing.T) {
	svg, _ := save(t, t.TempDir(), "a", demoLanes(12))
	if strings.Contains(string(svg), "…") || strings.Contains(string(svg), "not drawn") {
		t.Error("words or lanes are cut off")
	}
	for n := range 12 {
		if want := fmt.Sprintf("thread %d, cores 0 1", 1_234_560+n); !strings.Contains(string(svg), want) {
			t.Errorf("%s is not named", want)
		}
	}
	if n := strings.Count(string(svg), "cores busy"); n != 2 {
		t.Errorf("%d panels say how many cores were busy", n)
	}
}

// Lanes beyond what a panel holds are counted, not drawn.
func TestLanesAreBounded(t *testing.T) {
	svg, _ := save(t, t.TempDir(), "a", demoLanes(40))
	for _, want := range []string{">not drawn: 28 more lanes<", ">not drawn: 2 more lines of waiting tasks<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("it does not say %q: %v", want, regexp.MustCompile(">not drawn[^<]*<").FindAll(svg, -1))
		}
	}
}

// Tasks on no lane lie below each other where they overlap, and else in one line.
func TestLinesOfTasksWithoutALane(t *testing.T) {
	heights := func(second float64) map[string]bool {
		svg, _ := save(t, t.TempDir(), "a", chart.Lanes(chart.Text{}, []chart.LanePanel{{Name: "loop", Off: []chart.LaneSlice{
			{Task: 2, State: chart.LaneWaits, From: 0, To: 10}, {Task: 4, State: chart.LaneWaits, From: second, To: second + 10},
		}}}))
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`d="M[0-9.]+,([0-9.]+)L[^"]*"[^>]*stroke:#(007A5A|B34A00)`).FindAllStringSubmatch(string(svg), -1) {
			found[m[1]] = true
		}
		return found
	}
	if beside, after := heights(5), heights(10); len(beside) != 2 || len(after) != 1 {
		t.Errorf("lines at %v, and at %v where one begins as the other ends", beside, after)
	}
}

// oddLanes are slices with all the numbers that charts have to survive.
func oddLanes(long string) []chart.LanePanel {
	p := chart.LanePanel{Name: long, Finding: long, Busy: math.NaN()}
	for i, from := range odd {
		for _, to := range odd {
			s := chart.LaneSlice{Task: i - 1, State: chart.LaneState(i % 3), From: from, To: to}
			p.Rows = append(p.Rows, chart.LaneRow{Name: long, Slices: []chart.LaneSlice{s}})
			p.Off = append(p.Off, s)
		}
	}
	return []chart.LanePanel{p, {}}
}
