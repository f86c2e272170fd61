package chart_test

import (
	"fmt"
	"math"

	"parcon/report/chart"
)

// near is an interval of the share e around v.
func near(v, e float64) chart.Interval { return chart.Interval{v, v * (1 - e), v * (1 + e)} }

func nears(e float64, v ...float64) []chart.Interval {
	var out []chart.Interval
	for _, x := range v {
		out = append(out, near(x, e))
	}
	return out
}

var nan = math.NaN()

var models = []string{"goroutine", "pool", "thread", "process-pool", "process", "gil", "loop", "serial"}

type named struct {
	name string
	fig  *chart.Figure
}

// demo is one realistic figure of every kind and its crowded relatives.
func demo() []named {
	return []named{
		{"curves-computed", demoComputed()},
		{"plane", demoPlane(2)},
		{"plane16", demoPlane(16)},
		{"plane-crowded", demoCrowd()},
		{"curves", demoCurves()},
		{"curves-io", demoCurvesIO()},
		{"multiples", demoMultiples(3, 5)},
		{"multiples-crowded", demoMultiples(12, 9)},
		{"map", demoMap()},
		{"dots", demoDots()},
		{"dots-shared", demoShared()},
		{"forest", demoForest(3)},
		{"forest60", demoForest(15)},
		{"bars", demoBars(1)},
		{"bars-own", demoBars(16)},
		{"lanes", demoLanes(3)},
		{"lanes-crowded", demoLanes(40)},
	}
}

func demoPlane(cores int) *chart.Figure {
	c := float64(cores)
	var pts []chart.PlanePoint
	for i, m := range models {
		e := 0.005 * float64(i)
		switch m {
		case "serial":
			pts = append(pts, chart.PlanePoint{m, "primes", 1, 1}, chart.PlanePoint{m, "sleep", 1, 0.01})
		case "gil", "loop":
			pts = append(pts, chart.PlanePoint{m, "primes", c, 1 - e/4}, chart.PlanePoint{m, "sleep", 4 * c, 0.03})
		default:
			pts = append(pts, chart.PlanePoint{m, "primes", c, c * (0.99 - e)}, chart.PlanePoint{m, "sleep", 4*c - e, 0.02 + 3*e})
		}
	}
	return chart.Plane(chart.Text{
		Title:    "Only models with parallel execution keep both cores busy; waiting needs none of them",
		Subtitle: "Mean tasks in flight and mean cores busy, 2 workers on CPU-bound work and 8 on waiting, 2 cores",
		X:        "tasks in flight (mean, log scale)", Y: "cores busy (mean)",
		Note: "Source: parcon run 2025-06, 20 repetitions per point.",
	}, cores, pts)
}

// demoCrowd scatters points as noisy measurements of three workloads do.
func demoCrowd() *chart.Figure {
	var pts []chart.PlanePoint
	for i, m := range models {
		f := float64(i)
		pts = append(pts,
			chart.PlanePoint{m, "primes", 2 - 0.04*f, 1.98 - 0.12*f},
			chart.PlanePoint{m, "sleep", 7.9 - 0.3*f, 0.02 + 0.06*f},
			chart.PlanePoint{m, "mixed", 4 + 0.2*f, 1.1 - 0.05*f})
	}
	return chart.Plane(chart.Text{Title: "A crowded plane", X: "tasks in flight", Y: "cores busy"}, 2, pts)
}

func demoCurves() *chart.Figure {
	x := []float64{1, 2, 4, 8, 16, 32}
	var s []chart.Series
	for i, m := range models[:7] {
		top := 1.98 - 0.012*float64(i)
		y := []float64{1, top, top, top - 0.01, top - 0.02, top - 0.03}
		if m == "gil" || m == "loop" {
			y = []float64{1, 1, 1, 0.99, 0.98, 0.98}
		}
		if m == "process" {
			y = []float64{0.9, 1.7, 1.65, 1.6, 1.5, 1.3}
		}
		s = append(s, chart.Series{Name: m, X: x, Y: nears(0.03, y...)})
	}
	return chart.Curves(chart.Text{
		Title:    "Two cores give a CPU-bound workload at most 1.98x, whatever the number of workers",
		Subtitle: "Speed-up over serial by workers, primes, median of 20 runs with 95 % intervals",
		X:        "workers (log scale)", Y: "speed-up over serial", Note: "Dashed: min(workers, cores).",
	}, func(x float64) float64 { return min(x, 2) }, s)
}

func demoCurvesIO() *chart.Figure {
	x := []float64{1, 2, 4, 8, 16, 32}
	var s []chart.Series
	for i, m := range models[:7] {
		f := 1 - 0.01*float64(i)
		s = append(s, chart.Series{Name: m, X: x, Y: nears(0.04, 1, 2*f, 3.99*f, 7.9*f, 15.6*f, 31*f)})
	}
	s = append(s, chart.Series{Name: "bounded pool", X: x[:4], Y: nears(0.04, 1, 1.8, 2.9, 3.8)})
	return chart.Curves(chart.Text{
		Title:    "Waiting scales with workers far beyond the cores, and the model hardly matters",
		Subtitle: "Speed-up over serial by workers, sleep 10 ms",
		X:        "workers (log scale)", Y: "speed-up over serial",
	}, func(x float64) float64 { return x }, s)
}

// demoComputed has two lines that lie on each other, and marks where measured.
func demoComputed() *chart.Figure {
	x := []float64{10, 30, 100, 300, 1000, 3000, 1e4, 3e4, 1e5}
	line := func(name string, most float64) chart.Series {
		s := chart.Series{Name: name, X: x, Computed: true}
		for _, workers := range x {
			s.Y = append(s.Y, chart.Interval{Estimate: min(200*workers, most), Low: nan, High: nan})
		}
		return s
	}
	return chart.Curves(chart.Text{
		Title: "One stream is full at 300 workers, and four carry four times as much",
		X:     "workers", Y: "tasks per second", Whiskers: "Whiskers: 95 % intervals.",
	}, nil, []chart.Series{
		line("1 stream", 6e4), line("4 streams", 24e4), line("16 streams", 25e4),
		{X: []float64{1, 2, 4, 8}, Y: nears(0, 200, 390, 760, 1500), Computed: true},
		{Name: "measured", X: []float64{1, 2, 4, 8}, Y: nears(0.1, 210, 380, 770, 1450), Points: true},
	})
}

func demoMap() *chart.Figure {
	rows := []string{"goroutine", "thread", "process-pool", "gil", "loop", "serial"}
	values := [][]float64{
		{7.9, 5.3, 3.9, 2.6, 1.97},
		{7.85, 5.2, 3.8, 2.6, 1.96},
		{7.4, 5.0, 3.7, 2.5, 1.93},
		{7.8, 3.9, 1.93, 1.31, 1.0},
		{7.9, 3.9, 1.95, 1.3, 0.99},
		{1, 1, 1, 1, nan},
	}
	cells := make([][]chart.Cell, len(rows))
	for r := range rows {
		for c, v := range values[r] {
			cells[r] = append(cells[r], chart.Cell{v, r == 0 || r == 4 && c == 0})
		}
	}
	return chart.Map(chart.Text{
		Title:    "A lock costs nothing while tasks wait, and half of everything once they compute",
		Subtitle: "Speed-up over serial with 8 workers on 2 cores, by the share of CPU time in a task",
		X:        "CPU share of a task", Y: "model",
		Note: "– not measured.",
	}, []string{"0 %", "25 %", "50 %", "75 %", "100 %"}, rows, cells)
}

func demoDots() *chart.Figure {
	unit := func(format string) func(float64) string {
		return func(v float64) string { return fmt.Sprintf(format, v) }
	}
	return chart.Dots(chart.Text{
		Title:    "Processes pay for isolation in memory and start-up time",
		Subtitle: "Cost per task by model, medians of 20 runs with 95 % intervals",
		Note:     "Hollow mark at the edge: zero, which a log axis cannot show.",
	}, models, []chart.Panel{
		{Title: "CPU time per task, µs", Log: true, Values: nears(0.1, 0.4, 0.5, 11, 60, 900, 0.9, 1.2, 0.1), Format: unit("%.3g µs")},
		{Title: "Peak memory, MB", Values: nears(0.05, 9, 9, 14, 61, 140, 9, 9, 8), Format: unit("%.0f MB")},
		{Title: "Switches per task", Log: true, Values: nears(0.3, 0.01, 0.02, 2, 4.1, 12, 1.1, 0, nan), Format: unit("%.2g")},
		{Title: "Start-up, ms", Values: []chart.Interval{{1, nan, nan}, {1.2, 1, math.Inf(1)}, {2, 1, 3}, {30, 20, 45}, {80, 60, 99}, {1, 1, 1}, {0, 0, 0}}},
	})
}

// demoMultiples has a panel for each model and a line for each machine, one of which
// lacks a model.
func demoMultiples(machines, panels int) *chart.Figure {
	var all []chart.CurvesPanel
	for i := range panels {
		p := chart.CurvesPanel{Title: models[i%len(models)]}
		for m := range machines {
			if i == 1 && m == 1 {
				continue
			}
			most := math.Exp2(float64(m % 5))
			s := chart.Series{Name: fmt.Sprintf("machine-%d.example.org", m+1)}
			for _, x := range []float64{1, 2, 4, 8, 16} {
				s.X, s.Y = append(s.X, x), append(s.Y, near(min(x, most)*0.97, 0.04))
			}
			p.Series = append(p.Series, s)
		}
		all = append(all, p)
	}
	return chart.Multiples(chart.Text{
		Title:    "primes: from 1.0x (machine-1) to 15.5x (machine-5)",
		Subtitle: "Speed-up over serial code of the same machine, a panel for each model",
		X:        "workers", Y: "speed-up over serial", Whiskers: "Whiskers: 95 % intervals over rounds, paired with serial.",
	}, all)
}

// demoShared has panels that can be compared.
func demoShared() *chart.Figure {
	return chart.Dots(chart.Text{
		Title:    "Waking another core costs more than any switch",
		Subtitle: "Time of a round trip by unit",
	}, models[:3], []chart.Panel{
		{Title: "on one core, µs", Log: true, Shared: true, Values: nears(0.1, 0.3, 2, 2.4)},
		{Title: "across two cores, µs", Log: true, Shared: true, Values: nears(0.1, 0.9, 40, 60)},
	})
}

func demoForest(groups int) *chart.Figure {
	inf := math.Inf(1)
	var rows []chart.ForestRow
	for g := range groups {
		name := fmt.Sprintf("H%d  Goroutines and threads are equally fast on CPU-bound work", g+1)
		rows = append(rows,
			chart.ForestRow{name, "primes, 2 workers", near(1.01, 0.02), 0.95, 1.05, "holds", false},
			chart.ForestRow{name, "matrix multiplication, 4 workers, long", near(1.04, 0.03), 0.95, 1.05, "undecided", true},
			chart.ForestRow{name, "hash, 8 workers", chart.Interval{1.9, 1.7, 40}, 1.5, inf, "holds", false},
			chart.ForestRow{name, "sleep, 8 workers", near(0.5+0.02*float64(g), 0.1), 0.9, inf, "refuted", false})
	}
	rows = append(rows, chart.ForestRow{"Others", "not measured", chart.Interval{nan, nan, nan}, 0, 2, "no data", true})
	return chart.Forest(chart.Text{
		Title:    "Nine of twelve predictions hold, one is refuted",
		Subtitle: "Ratio of medians with 95 % intervals over the region each hypothesis allows",
		X:        "ratio of run times (log scale)",
		Note:     "Disc: inside. Ring: reaches over an edge. Cross: outside.",
	}, rows)
}

func demoBars(f float64) *chart.Figure {
	return chart.Bars(chart.Text{
		Title:    "More cores help computing, more tasks help waiting: goroutines do both",
		Subtitle: "Speed-up over running the same tasks one after another, 8 workers on 2 cores",
		Note:     "Median of 20 runs, whiskers are 95 % intervals.",
	}, []chart.BarPanel{
		{"CPU-bound: primes", models, nears(0.02, 1.98, 1.98, 1.97, 1.93, 1.6, 1, 0.99, 1), 1, "1 = serial"},
		{"Waiting: sleep 10 ms", models, nears(0.02, 7.9*f, 7.9*f, 7.8*f, 7.6*f, 5*f, 7.8*f, 7.9*f, 1), 1, "1 = serial"},
	}, nil)
}
