package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/lane"
	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/chart"
)

// LanesFigure draws the timelines of one workload below each other. Its title is what
// they show.
func LanesFigure(all []lane.Timeline) (figure *chart.Figure, title string) {
	var panels []chart.LanePanel
	left := 0
	for _, t := range all {
		panels = append(panels, lanePanel(t))
		left += t.Left
	}
	title = lanesTitle(all)
	note := "P is a processor of Go's scheduler, which gives each running goroutine one; thread and process are numbers of the kernel's; threads of CPython are counted. Cores are those on which tasks were seen to begin and to end. The kernel's own turns between threads or processes do not show: where lanes shared cores, fewer ran at once than are drawn. Of a task in another process only start, end and CPU time are known: it is drawn as if it computed first."
	if left > 0 {
		note += fmt.Sprintf(" %s narrower than can be drawn: joined with the one before, or left out.", capital(number.Plural(left, "slice")))
	}
	return chart.Lanes(chart.Text{
		Title: title, X: "time (ms)", Note: note,
		Subtitle: lanesSubtitle(all),
	}, panels), title
}

// LanesName is that of the files of the picture of a workload's lanes.
func LanesName(work string) string {
	return "lanes-" + strings.NewReplacer("/", "-", "=", "").Replace(work)
}

// lanesFigures are a picture for each workload.
func lanesFigures(all []lane.Timeline) []figure {
	var figures []figure
	for len(all) > 0 {
		work, n := laneWork(all[0]), 1
		for n < len(all) && laneWork(all[n]) == work {
			n++
		}
		drawn, title := LanesFigure(all[:n])
		figures = append(figures, figure{LanesName(work), title, drawn})
		all = all[n:]
	}
	return figures
}

// lanes is the section with these pictures.
func (p page) lanes(w *strings.Builder) {
	figures := lanesFigures(p.table.Lanes)
	if len(figures) == 0 {
		return
	}
	heading(w, "##", "Who ran when")
	w.WriteString("Concurrency is one lane cut in slices, parallelism is several lanes at once, and a GIL is one lane at a time that hops between threads. These runs were traced, beside the measured rounds; `parcon lanes` draws others.\n\n")
	for _, f := range figures {
		p.picture(w, f.name)
	}
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// lanePanel turns a timeline into what is drawn.
func lanePanel(t lane.Timeline) chart.LanePanel {
	p := chart.LanePanel{Name: lanePart(t, "model"), Finding: t.Finding(), Busy: t.Busy}
	if python := lanePart(t, "python"); python != "" {
		p.Finding = card.Python(python).String() + ": " + p.Finding
	}
	row := map[string]int{}
	for _, name := range t.Lanes() {
		row[name] = len(p.Rows)
		p.Rows = append(p.Rows, chart.LaneRow{Name: name + onCores(t.Seen(name))})
	}
	for _, s := range t.Slices {
		drawn := chart.LaneSlice{Task: s.Task, State: laneState(s.State), From: milliseconds(s.Start), To: milliseconds(s.End)}
		if i, ok := row[s.Lane]; ok {
			p.Rows[i].Slices = append(p.Rows[i].Slices, drawn)
		} else {
			p.Off = append(p.Off, drawn)
		}
	}
	return p
}

// onCores says on which cores a lane was seen, "" if nobody looked.
func onCores(cores []int) string {
	switch {
	case len(cores) == 0:
		return ""
	case len(cores) > 2:
		return fmt.Sprintf(", %d cores", len(cores))
	case len(cores) == 2:
		return fmt.Sprintf(", cores %d %d", cores[0], cores[1])
	}
	return fmt.Sprintf(", core %d", cores[0])
}

func laneState(s lane.State) chart.LaneState {
	switch s {
	case lane.Waiting:
		return chart.LaneWaits
	case lane.Ready:
		return chart.LaneReady
	}
	return chart.LaneRuns
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func lanePart(t lane.Timeline, key string) string {
	v, err := variant.Parse(t.Variant)
	if err != nil {
		return t.Variant
	}
	return v.Get(key)
}

// laneWork is the workload of a timeline, with its share of computing if it has one.
func laneWork(t lane.Timeline) string {
	if share := lanePart(t, "cpu"); share != "" {
		return lanePart(t, "workload") + "/cpu=" + share
	}
	return lanePart(t, "workload")
}

// lanesSubtitle says what is drawn.
func lanesSubtitle(all []lane.Timeline) string {
	tasks, workers := map[int]bool{}, "0"
	for _, t := range all {
		if n := lanePart(t, "workers"); len(n) > len(workers) || len(n) == len(workers) && n > workers { // serial has fewer
			workers = n
		}
		for _, s := range t.Slices {
			tasks[s.Task] = true
		}
	}
	return fmt.Sprintf("Who ran when: %s on %s workers, in one traced run of each model, which is no trial. Each colour is a task",
		number.Plural(len(tasks), "task"), workers)
}

// lanesTitle says which models show the same.
func lanesTitle(all []lane.Timeline) string {
	if len(all) == 0 {
		return "No lanes were seen"
	}
	var kinds []string
	models := map[string][]string{}
	for _, t := range all {
		kind := t.Kind()
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		models[kind] = append(models[kind], lanePart(t, "model"))
	}
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, fmt.Sprintf("%s with %s", kind, listed(models[kind])))
	}
	return laneWork(all[0]) + ": " + strings.Join(parts, "; ")
}

// listed writes names with an "and" before the last.
func listed(names []string) string {
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " and " + names[n]
	}
	return strings.Join(names, "")
}
