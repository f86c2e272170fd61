package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

// A figure is a chart under the name of its files, with the finding that is its
// title.
type figure struct {
	name, title string
	*chart.Figure
}

// view is a table seen as the catalogue's experiments.
type view struct {
	table                   *Table
	cores                   int
	compute, waiting, mixed grid
	crowd                   grid
	chapters                []chapter // on mechanisms
}

func viewOf(t *Table, cores int) view {
	v := view{
		table: t, cores: cores,
		compute: gridOf(t, "compute"), waiting: gridOf(t, "waiting"), mixed: gridOf(t, "mixing"), crowd: gridOf(t, "crowd"),
	}
	return v
}

// many is the number of workers that waiting and mixed tasks are compared at.
func (v view) many() int { return card.Scale{Cores: v.cores}.Many() }

func (v view) perCores() string {
	if _, known := v.table.cores(); !known {
		return "a number of cores that the file does not tell"
	}
	return number.Plural(v.cores, "core")
}

// ofSpeedups says what the error bars of speed-ups are.
func (v view) ofSpeedups() string {
	return fmt.Sprintf("Whiskers: %ss over rounds, paired with serial.", interval)
}

// answerFigure is the picture of the answer: computing beside waiting.
func (v view) answerFigure() figure {
	panels := v.answerBars()
	title := answerTitle(panels)
	return figure{"answer", title, chart.Bars(
		chart.Text{
			Title:    title,
			Subtitle: fmt.Sprintf("Tasks per second over those of serial code in the same language, on %s. gil: a GIL emulated in Go", v.perCores()),
			Whiskers: v.ofSpeedups(),
		},
		panels, number.Times)}
}

// answerBars are the panels of that picture. What the headline names is among them.
func (v view) answerBars() []chart.BarPanel {
	bars := func(g grid, title, task string, workers int) chart.BarPanel {
		p := chart.BarPanel{Title: title, Reference: 1, ReferenceLabel: "serial"}
		models := answered
		if best, ok := g.fastest(task, workers); ok {
			models = with(slices.Clone(answered), best.models[0])
		}
		for _, m := range models {
			if s := g.speedup(task, m, workers); s.N > 0 {
				p.Rows, p.Values = append(p.Rows, m), append(p.Values, drawn(s))
			}
		}
		if _, real := v.realGIL(g, task, workers); real.N > 0 {
			p.Rows, p.Values = append(p.Rows, cpythonThread), append(p.Values, drawn(real))
		}
		return p
	}
	return slices.DeleteFunc([]chart.BarPanel{
		bars(v.compute, fmt.Sprintf("computing: primes, %s", number.Plural(v.cores, "worker")), "primes", v.cores),
		bars(v.waiting, fmt.Sprintf("waiting: sleep, %d workers", v.many()), "sleep", v.many()),
	}, func(p chart.BarPanel) bool { return len(p.Rows) == 0 })
}

// cpythonThread is the model of the real GIL.
const cpythonThread = "cpython-thread"

// realGIL is what threads of a real CPython gain over its own serial code: of the newest
// one that did the task by so many workers.
func (v view) realGIL(g grid, task string, workers int) (python card.Python, gain stat.Interval) {
	for _, python := range v.table.realGILs() {
		threads := cell(task+"/python="+string(python), cpythonThread, workers)
		if gain := v.table.ratio(g.experiment, baseline(threads), threads, "ns/op"); gain.N > 0 {
			return python, gain
		}
	}
	return "", stat.Interval{}
}

// with adds the names that are not among them yet.
func with(names []string, more ...string) []string {
	for _, name := range more {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// answerTitle says what the bars show: the best of each panel, and the GIL's.
func answerTitle(panels []chart.BarPanel) string {
	var parts []string
	for _, p := range panels {
		verb, _, _ := strings.Cut(p.Title, ":")
		best, text := 0, ""
		for i, row := range p.Rows {
			if row != cpythonThread && p.Values[i].Estimate > p.Values[best].Estimate {
				best = i
			}
			switch row {
			case "gil":
				text = fmt.Sprintf(", %s under an emulated GIL", number.Times(p.Values[i].Estimate))
			case cpythonThread: // the last row: the real one counts
				text = fmt.Sprintf(", %s under CPython's GIL", number.Times(p.Values[i].Estimate))
			}
		}
		parts = append(parts, fmt.Sprintf("%s is %s as fast as serial with %s%s",
			strings.ToUpper(verb[:1])+verb[1:], number.Times(p.Values[best].Estimate), p.Rows[best], text))
	}
	return strings.Join(parts, ". ")
}

// headline states both findings in numbers that are true whatever they are.
func (v view) headline() string {
	var parts []string
	say := func(g grid, verb, task string, workers int) {
		if best, ok := g.fastest(task, workers); ok {
			text := fmt.Sprintf("%s (%s, %s) runs %s as fast as serial with %s",
				verb, task, number.Plural(workers, "worker"), best.speedup.In(number.Times), best.models[0])
			text += alike(best.models[1:])
			if python, real := v.realGIL(g, task, workers); real.N > 0 {
				text += fmt.Sprintf(", %s under the GIL of %s", number.Times(real.Estimate), python)
			} else if gil := g.speedup(task, "gil", workers); gil.N > 0 {
				text += fmt.Sprintf(", %s under an emulated GIL", number.Times(gil.Estimate))
			}
			parts = append(parts, text)
		}
	}
	say(v.compute, "computing", "primes", v.cores)
	say(v.waiting, "waiting", "sleep", v.many())
	if len(parts) == 0 {
		return "Neither primes nor sleep was measured in this run"
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// answered are the models of the answer, in the order of its picture.
var answered = []string{"goroutine", "pool", "thread", "process-pool", "process", "loop", "gil"}

// alike names the models that are not told from the best, as far as the picture has them.
func alike(models []string) string {
	named := slices.DeleteFunc(slices.Clone(models), func(m string) bool { return !slices.Contains(answered, m) })
	more := ""
	if n := len(models) - len(named); n > 0 {
		more = fmt.Sprintf("%d more", n)
	}
	if text := section.Joined(" and ", strings.Join(named, ", "), more); text != "" {
		return fmt.Sprintf(" (not told apart: %s)", text)
	}
	return ""
}

// planeFigure is tasks in flight across, cores busy up.
func (v view) planeFigure() figure {
	var points []chart.PlanePoint
	add := func(g grid, task, label string) {
		for _, m := range []string{"serial", "goroutine", "thread", "process-pool", "gil", "loop"} {
			workers := v.many()
			if m == "serial" {
				workers = 1
			}
			flight, busy := g.center(task, m, workers, "in-flight"), v.table.busy(g.experiment, cell(task, m, workers))
			if flight.N > 0 {
				points = append(points, chart.PlanePoint{Model: m, Workload: label, InFlight: flight.Estimate, CoresBusy: busy.Estimate})
			}
		}
	}
	add(v.compute, "primes", "computing (primes)")
	add(v.mixed, "mix/cpu=50", "half of each (mix)")
	add(v.waiting, "sleep", "waiting (sleep)")
	title := v.planeTitle()
	return figure{"plane", title, chart.Plane(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("Concurrency is tasks in flight, parallelism is cores busy: every model with %d workers, on %s", v.many(), v.perCores()),
		X:        "mean of tasks in flight", Y: "cores busy (CPU time / wall time)",
	}, v.cores, points)}
}

// planeTitle tells what one core and several do in each corner, as far as it
// was measured.
func (v view) planeTitle() string {
	busy := func(g grid, task, m string) stat.Interval { return v.table.busy(g.experiment, cell(task, m, v.many())) }
	var parts []string
	if flight := v.waiting.center("sleep", "loop", v.many(), "in-flight"); flight.N > 0 {
		parts = append(parts, fmt.Sprintf("waiting, one event loop holds %s tasks on %s cores",
			number.Short(flight.Estimate), number.Short(busy(v.waiting, "sleep", "loop").Estimate)))
	}
	if loop := busy(v.compute, "primes", "loop"); loop.N > 0 {
		parts = append(parts, fmt.Sprintf("computing, a loop keeps %s cores busy and goroutines %s",
			number.Short(loop.Estimate), number.Short(busy(v.compute, "primes", "goroutine").Estimate)))
	}
	if len(parts) == 0 {
		return "Tasks in flight and cores busy"
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// curveFigures are the speed-up curves, one for each workload that was measured
// with several numbers of workers.
func (v view) curveFigures() []figure {
	var all []figure
	for _, g := range []grid{v.compute, v.waiting} {
		for _, task := range g.works() {
			if len(g.workers(task, "goroutine")) > 1 {
				all = append(all, v.curveFigure(g, task))
			}
		}
	}
	return all
}

func (v view) curveFigure(g grid, task string) figure {
	title, note := curveTitle(g, task), ""
	linear := v.linear(g, task)
	if linear != nil {
		note = fmt.Sprintf("Dashed: linear, as many times serial as workers, until %s have no time left (at the least CPU time that a task took).", v.perCores())
	}
	return figure{"speedup-" + task, title, chart.Curves(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("Speed-up over serial code by number of workers, on %s", v.perCores()),
		X:        "workers", Y: "speed-up over serial", Level: "linear", Whiskers: v.ofSpeedups(), Note: note,
	}, linear, curves(g, task))}
}

// curves are the lines of a task's speed-ups.
func curves(g grid, task string) []chart.Series {
	var lines []chart.Series
	models := []string{"goroutine", "thread", "process-pool", "loop", "gil"}
	if best, ok := g.best(task, g.order()...); ok {
		models = with(models, best.model) // the title names it
	}
	for _, m := range models {
		s := chart.Series{Name: m}
		for _, w := range g.workers(task, m) {
			s.X, s.Y = append(s.X, float64(w)), append(s.Y, drawn(g.speedup(task, m, w)))
		}
		if len(s.X) > 0 {
			lines = append(lines, s)
		}
	}
	return lines
}

// linear is a speed-up as large as the number of workers, up to what the best of the
// measured points would reach if it kept all cores busy: with the CPU time that its
// tasks took, which may be less than alone, as for a disk that takes many writes at
// once. So no point lies beyond what the cores allow. Where the file does not tell how
// many there are, nothing is drawn.
func (v view) linear(g grid, task string) func(float64) float64 {
	if _, known := v.table.cores(); !known {
		return nil
	}
	cores := float64(v.cores)
	limit := cores / min(1, g.center(task, "serial", 1, "cores-busy").Estimate)
	for _, p := range g.points(task, g.order()) {
		busy := v.table.busy(g.experiment, cell(task, p.model, p.workers)).Estimate
		if all := p.speedup.Estimate * cores / busy; all > limit || math.IsNaN(limit) {
			limit = all
		}
	}
	return func(workers float64) float64 {
		if workers < limit || math.IsNaN(limit) {
			return workers
		}
		return limit
	}
}

// curveTitle says what the highest of the curves reaches, and the GIL's.
func curveTitle(g grid, task string) string {
	best, ok := g.best(task, g.order()...)
	if !ok {
		return task + " was not measured"
	}
	title := fmt.Sprintf("%s: up to %s as fast as serial (%s)", task, number.Times(best.speedup.Estimate), best)
	if gil, ok := g.best(task, "gil"); ok {
		title += fmt.Sprintf("; under an emulated GIL %s at best", number.Times(gil.speedup.Estimate))
	}
	return title
}

// mapFigure is the crossover map: model by CPU share.
func (v view) mapFigure() figure {
	shares := v.shares()
	rows := v.mixers()
	cells := make([][]chart.Cell, len(rows))
	columns := make([]string, len(shares))
	frame := "best of its column, and what cannot be told from it"
	for c, share := range shares {
		columns[c] = fmt.Sprintf("%d %%", share)
		best := ""
		for r, m := range rows {
			cells[r] = append(cells[r], chart.Cell{Value: v.mixSpeedup(share, m).Estimate})
			if !math.IsNaN(cells[r][c].Value) && (best == "" || cells[r][c].Value > v.mixSpeedup(share, best).Estimate) {
				best = m
			}
		}
		if best != "" && !v.mixSpeedup(share, best).Known() {
			frame = "highest of its column; too few rounds to tell it from others"
		}
		for r, m := range rows {
			cells[r][c].Best = m == best || v.mixed.alike(mixTask(share), m, best, v.mixWorkers(m), v.mixWorkers(best))
		}
	}
	title := v.crossover()
	return figure{"crossover", title, chart.Map(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("Tasks per second over serial code's, %d workers on %s", v.many(), v.perCores()),
		X:        "share of its time that a task computes", Mark: frame,
	}, columns, rows, cells)}
}

func (v view) mixSpeedup(share int, m string) stat.Interval {
	return v.mixed.speedup(mixTask(share), m, v.mixWorkers(m))
}

// mixWorkers is the number of workers that a model has in the map.
func (v view) mixWorkers(m string) int {
	if m == "serial" {
		return 1
	}
	return v.many()
}

// shares are the columns of the map: what a task computes of its time, in percent.
func (v view) shares() []int {
	var all []int
	for _, c := range v.mixed.cells {
		if share, err := c.Int("cpu", -1); err == nil && share >= 0 {
			all = append(all, share)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// mixers are its rows: the models, serial code last.
func (v view) mixers() []string {
	var all []string
	for _, m := range v.mixed.order() {
		if m != "serial" && slices.ContainsFunc(v.mixed.cells, func(c variant.Variant) bool { return c.Get("model") == m }) {
			all = append(all, m)
		}
	}
	return append(all, "serial")
}

func mixTask(share int) string { return fmt.Sprintf("mix/cpu=%d", share) }

// crossover finds the least measured CPU share at which the interval of goroutine over loop
// lies wholly above crossed, and at no higher one wholly below. "From it on" is said only
// where it lies above at all higher shares too.
func (v view) crossover() string {
	shares := v.shares()
	gains := make([]stat.Interval, len(shares))
	for i, share := range shares {
		gains[i] = v.manyOverLoop(share)
	}
	from, sure := -1, true // at all shares from there on
	for i, gain := range slices.Backward(gains) {
		if !gain.Known() || gain.High <= crossed {
			break
		}
		if gain.Low > crossed {
			from = i
		}
	}
	for _, gain := range gains[max(from, 0):] {
		sure = sure && gain.Low > crossed
	}
	cores, top := v.perCores(), len(shares)-1
	work := func(i int) string {
		return fmt.Sprintf("goroutines do %s the work of an event loop in the same time", gains[i].In(number.Times))
	}
	switch {
	case top < 0 || !gains[top].Known():
		return "The mix was not measured with enough rounds to find a crossover"
	case gains[top].High <= crossed:
		return fmt.Sprintf("At no CPU share %s beat one: at %d %% %s", cores, shares[top], work(top))
	case from < 0:
		return fmt.Sprintf("From which CPU share on %s beat one could not be told: at %d %% %s", cores, shares[top], work(top))
	case !sure:
		return fmt.Sprintf("At %d %% CPU %s beat one: there %s", shares[from], cores, work(from))
	case from == 0:
		return fmt.Sprintf("At every CPU share %s beat one: at %d %% %s", cores, shares[0], work(0))
	}
	return fmt.Sprintf("From %d %% CPU on, %s beat one: there %s", shares[from], cores, work(from))
}

// manyOverLoop is what goroutines do on all cores over what an event loop does in the
// same time.
func (v view) manyOverLoop(share int) stat.Interval {
	return v.table.ratio("mixing", cell(mixTask(share), "loop", v.many()), cell(mixTask(share), "goroutine", v.many()), "ns/op")
}

// crossing is that at every share, in a sentence; "" if nothing is known.
func (v view) crossing() string {
	var parts []string
	for _, share := range v.shares() {
		if r := v.manyOverLoop(share); r.N > 0 {
			parts = append(parts, fmt.Sprintf("%s at %d %%", r.In(number.Times), share))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("The work of goroutines on %s over that of an event loop, with %ss: %s.", v.perCores(), interval, strings.Join(parts, ", "))
}

// crossed is by how much several cores must beat one: less is of no use to
// anybody.
const crossed = 1.05

// dearer says by how much processes cost more than threads where they wait, "" if nobody
// knows.
func (v view) dearer(s section.Samples) string {
	over := func(unit, format string) string {
		return s.Fold(v.table.ratio("waiting", cell("sleep", "process-pool", v.many()), cell("sleep", "thread", v.many()), unit), format)
	}
	memory := over("peak-rss-bytes", fmt.Sprintf("with %d tasks that wait process-pool takes %%s the memory of thread", v.many()))
	if memory == "" {
		return ""
	}
	return section.Sentence(section.Joined(", ", memory, over("cpu-ns/op", "%s its CPU time a task")))
}

// priceFigure is what a waiting task costs under each model.
func (v view) priceFigure() figure {
	var rows []string
	panels := []chart.Panel{
		{Title: "CPU time per task, µs", Log: true, Format: number.Short},
		{Title: "peak memory, MiB", Log: true, Format: number.Short},
		{Title: "context switches per task", Log: true, Format: number.Short},
	}
	for _, m := range v.waiting.models("sleep", v.many()) {
		rows = append(rows, m)
		for i, p := range []struct {
			unit  string
			scale float64
		}{{"cpu-ns/op", 1e3}, {"peak-rss-bytes", 1 << 20}, {"ctxsw/op", 1}} {
			panels[i].Values = append(panels[i].Values, scaled(v.waiting.center("sleep", m, v.many(), p.unit), p.scale))
		}
	}
	title := cmp.Or(v.dearer(section.Samples{}), "What a waiting task costs")
	return figure{"price", title, chart.Dots(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("The workload sleep with %d workers, on %s. Memory is that of all of them, with the program", v.many(), v.perCores()),
		Whiskers: fmt.Sprintf("Whiskers: %ss of the medians.", interval),
		Note:     section.Medians + " Memory of processes is added up; pages that they share are counted in each. " + section.Paired,
	}, rows, panels)}
}

// verdictFigures are one for the grid and one for mechanisms: ratios of thousands
// would hide what a few percent decide.
func (v view) verdictFigures(judged []Judged) []figure {
	split := func(grid bool) []Judged {
		return slices.DeleteFunc(slices.Clone(judged), func(j Judged) bool { return (v.title(j.Experiment) == "") != grid })
	}
	var all []figure
	for _, part := range []struct {
		name, on string
		of       []Judged
	}{{"verdicts", "tasks", split(true)}, {"verdicts-mechanisms", "mechanisms", split(false)}} {
		if len(part.of) > 0 {
			all = append(all, verdictFigure(part.name, part.on, part.of))
		}
	}
	return all
}

// verdictFigure shows for each claim the comparison that decided it.
func verdictFigure(name, on string, judged []Judged) figure {
	var rows []chart.ForestRow
	var others, missing []Judged
	for _, j := range judged {
		if j.Verdict == NotMeasured {
			missing = append(missing, j)
			continue
		}
		if m := j.Deciding.Measure; m.How > card.Inverse && m != card.CoresBusy {
			others = append(others, j)
			continue // on another scale than ratios
		}
		rows = append(rows, chart.ForestRow{
			Group: j.ID + ": " + j.Text, Label: j.Deciding.Name,
			Ratio: drawn(j.Deciding.Sure), BoundLow: j.Deciding.Low, BoundHigh: j.Deciding.High,
			Verdict: string(j.Verdict), Open: j.Verdict == Undecided,
		})
	}
	title := fmt.Sprintf("%s on %s: %s", number.Plural(len(judged), "claim"), on, countVerdicts(judged, Refuted))
	subtitle := "For each claim the comparison with the least odds, which decides it; the bound is shaded"
	if slices.ContainsFunc(rows, func(r chart.ForestRow) bool { return r.Open }) {
		subtitle += "; a hollow dot is undecided"
	}
	if len(others) > 0 {
		subtitle += ". In the table only, decided by counting, by a gain or by a share of time: " + countVerdicts(others, Refuted, Undecided)
	}
	if len(missing) > 0 {
		subtitle += ". In the table only, with the reason: " + countVerdicts(missing, NotMeasured)
	}
	return figure{name, title, chart.Forest(chart.Text{
		Title:    title,
		Subtitle: subtitle,
		X:        "ratio",
		Whiskers: "Whiskers: intervals at the odds that are asked of every claim, whenever one looks.",
	}, rows)}
}

// countVerdicts writes "5 hold, 1 refuted (P2)": of some verdicts it says which claims
// have them.
func countVerdicts(judged []Judged, which ...Verdict) string {
	ids := map[Verdict][]string{}
	for _, j := range judged {
		ids[j.Verdict] = append(ids[j.Verdict], j.ID)
	}
	var counts []string
	for _, v := range []Verdict{Holds, Refuted, Undecided, NotMeasured} {
		n := len(ids[v])
		if n == 0 {
			continue
		}
		word := string(v)
		if v == Holds && n > 1 {
			word = "hold"
		}
		text := fmt.Sprintf("%d %s", n, word)
		if slices.Contains(which, v) {
			text += fmt.Sprintf(" (%s)", strings.Join(ids[v], ", "))
		}
		counts = append(counts, text)
	}
	return strings.Join(counts, ", ")
}

// figures draws all charts of a report.
func (v view) figures(judged []Judged) []figure {
	var all []figure
	if len(v.compute.cells)+len(v.waiting.cells) > 0 {
		all = append(all, v.answerFigure(), v.planeFigure())
	}
	all = append(all, lanesFigures(v.table.Lanes)...)
	if len(judged) > 0 {
		all = append(all, v.verdictFigures(judged)...)
	}
	all = append(all, v.curveFigures()...)
	if f, there := v.adviseFigure(); there {
		all = append(all, f)
	}
	if len(v.mixed.cells) > 0 {
		all = append(all, v.mapFigure())
	}
	if len(v.waiting.cells) > 0 {
		all = append(all, v.priceFigure())
	}
	all = append(all, v.crowdFigures()...)
	all = append(all, v.fidelityFigures()...)
	for _, c := range v.chapters {
		for _, s := range c.parts {
			if s.figure.Figure != nil {
				all = append(all, s.figure)
			}
		}
	}
	return all
}
