package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/report/scaling"
	"parcon/report/stat"
	"parcon/results"
)

// page is all that a report says, computed.
type page struct {
	view
	answer      string
	measured    []card.Chapter
	judged      []Judged
	beside      []Judged            // verdicts on the same sentences under something else; none counts
	odds        float64             // asked of each claim, to one
	sides       map[string]Contrast // of the comparisons, by contrastKey
	aa          AATest
	sensitivity sensitivity
	// disturbances tell what was seen around the trials, by cause.
	disturbances []attribution
	detections   []Detection // of a self-check
	figures      []figure
}

// sensitivity is what the claims are worth without the disturbed trials.
type sensitivity struct {
	left   int // out so many trials
	judged []Judged
}

// markdown writes the report: the answer, what to do with it, what was found, and then the evidence.
func (p page) markdown() string {
	var head, w strings.Builder
	fmt.Fprintf(&head, "# %s\n\n**%s**\n\n", p.title(), p.answer)
	if p.table.Seen().Restless() {
		p.calmness(&head)
	}
	if len(p.compute.cells) > 0 || len(p.waiting.cells) > 0 {
		p.picture(&head, "answer")
		fmt.Fprintf(&head, "[%s](#%s)\n\n", namesHeading, slug(namesHeading))
	}
	if len(p.mixed.cells) > 0 {
		heading(&w, "##", "What to use when")
		p.picture(&w, "crossover")
		if text := p.crossing(); text != "" {
			fmt.Fprintf(&w, "%s\n\n", text)
		}
		p.choices(&w)
	}
	p.lanes(&w)
	p.advise(&w)
	p.findings(&w)
	p.plainly(&w)
	p.corner(&w)
	p.evidence(&w)
	return head.String() + contents(w.String()) + w.String()
}

const namesHeading = "What the names mean"

// models says what the names of the first pictures mean, for who wants to know.
func (p page) models(w *strings.Builder) {
	named := p.mixers()
	for _, bars := range p.answerBars() {
		named = with(named, bars.Rows...)
	}
	var rows [][]string
	for _, m := range p.table.catalogue.Models {
		if slices.Contains(named, m) {
			rows = append(rows, []string{m, p.table.catalogue.Mapping[m]})
		}
	}
	heading(w, "##", namesHeading)
	table(w, []string{"model", "how it runs tasks"}, rows)
}

// calmness says what was seen of the machine between the trials.
func (p page) calmness(w *strings.Builder) {
	if p.table.unordered == 0 { // parcon ran them
		fmt.Fprintf(w, "%s\n\n", p.table.Seen())
	}
}

// evidence is what all of that rests on, and what speaks against it.
func (p page) evidence(w *strings.Builder) {
	p.verdicts(w)
	if len(p.compute.cells) > 0 || len(p.waiting.cells) > 0 {
		heading(w, "##", "Concurrent and parallel")
		p.picture(w, "plane")
	}
	if len(p.compute.cells) > 0 {
		p.curves(w, p.compute, "Computing", "CPU-bound tasks: linear is a speed-up as large as the number of workers, up to the number of cores.")
		p.laws(w)
	}
	if len(p.waiting.cells) > 0 {
		p.curves(w, p.waiting, "Waiting", "IO-bound tasks: linear is a speed-up as large as the number of workers, as long as the cores have the little CPU time that the tasks need.")
	}
	if len(p.crowd.cells) > 0 {
		p.crowds(w)
	}
	p.prices(w)
	for _, c := range p.chapters {
		p.chapter(w, c)
	}
	p.single(w)
	p.selfcheck(w)
	if len(p.compute.cells) > 0 || len(p.waiting.cells) > 0 {
		p.models(w)
	}
	p.doubts(w)
	p.environment(w)
}

// title says what the report is about.
func (p page) title() string {
	switch {
	case p.advice() != nil:
		return "How many of a command to run at once"
	case len(p.detections) > 0:
		return "How often parcon is wrong on this machine"
	case !p.grids() && len(p.chapters) > 0:
		var titles []string
		for _, c := range p.chapters {
			titles = append(titles, c.title)
		}
		return strings.Join(titles, ", ") + ": on " + p.perCores()
	}
	return "Which way of running many tasks wins, on " + p.perCores()
}

// grids says whether any experiment on models was measured.
func (v view) grids() bool {
	return len(v.compute.cells)+len(v.waiting.cells)+len(v.mixed.cells)+len(v.crowd.cells) > 0
}

// picture places a chart, with its finding as the text for those who do not see
// it.
func (p page) picture(w *strings.Builder, name string) {
	for _, f := range p.figures {
		if f.name == name {
			fmt.Fprintf(w, "![%s](charts/%s.png)\n\n", f.title, f.name)
		}
	}
}

// curves is a chapter with the best model of each workload and its curves.
func (p page) curves(w *strings.Builder, g grid, title, doc string) {
	heading(w, "##", title)
	fmt.Fprintf(w, "%s\n\n", doc)
	var rows [][]string
	for _, task := range g.works() {
		serial := g.center(task, "serial", 1, "ns/op")
		row := []string{task, number.Span(serial.Estimate), "–", "–", "–"}
		if best, ok := g.best(task, g.order()...); ok {
			row[2] = fmt.Sprintf("%s: %s", best.speedup.In(number.Times), best)
		}
		if alike, ok := g.fastest(task, 0); ok && alike.speedup.Known() {
			row[3] = alike.String()
		}
		if gil, ok := g.best(task, "gil"); ok {
			row[4] = fmt.Sprintf("%s with %s", gil.speedup.In(number.Times), number.Plural(gil.workers, "worker"))
		}
		rows = append(rows, row)
	}
	table(w, []string{"workload", "one task, serial", fmt.Sprintf("best speed-up (%s)", interval), "fewest workers that cannot be told from it", "under an emulated GIL, at best"}, rows)
	for _, task := range g.works() {
		p.picture(w, "speedup-"+task)
	}
}

// laws says what the scaling laws make of the speed-up curves.
func (p page) laws(w *strings.Builder) {
	w.WriteString("### Where does it stop paying?\n\n")
	var rows [][]string
	reasons := map[string]bool{}
	for _, task := range p.compute.works() {
		for _, m := range []string{"goroutine", "thread", "process-pool"} {
			var points []scaling.Point
			for _, n := range p.compute.workers(task, m) {
				if n <= p.cores {
					points = append(points, scaling.Point{Workers: n, Speedups: p.speedups(task, m, n)})
				}
			}
			laws, declined := scaling.Fit(points, p.cores, lawSeed)
			if declined != "" {
				reasons[declined] = true
				continue
			}
			rows = append(rows, []string{task, m, laws.Amdahl.String(), laws.USL.String()})
		}
	}
	if len(rows) > 0 {
		level := fmt.Sprintf(" (%s intervals)", number.Percent(stat.Level)) // whatever the table's: the bootstrap has its own
		table(w, []string{"workload", "model", "Amdahl's law" + level, "Universal Scalability Law" + level}, rows)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "No scaling law is fitted: %s.\n\n", why)
	}
}

// lawSeed is that of the bootstrap: a report on the same trials is the same.
const lawSeed = 1

// speedups are those of each round that serial code has, NaN where the model has
// none.
func (p page) speedups(task, model string, workers int) []float64 {
	took := map[int]float64{}
	wall := p.table.unit("ns/op")
	p.table.find("compute", cell(task, model, workers)).eachRound(wall, func(round int, ns float64) { took[round] = ns })
	var all []float64
	p.table.find("compute", cell(task, "serial", 1)).eachRound(wall, func(round int, ns float64) {
		mine, ok := took[round]
		if !ok {
			mine = math.NaN()
		}
		all = append(all, ns/mine)
	})
	return all
}

// prices tells what a task costs under each model.
func (p page) prices(w *strings.Builder) {
	type place struct {
		g       grid
		task    string
		workers int
	}
	var rows [][]string
	for _, at := range []place{
		{p.compute, "primes", p.cores},
		{p.waiting, "sleep", p.many()},
		{p.waiting, "network", p.many()},
		{p.waiting, "http", p.many()},
		{p.waiting, "file", p.many()},
	} {
		for _, m := range at.g.models(at.task, at.workers) {
			value := func(unit string, form func(float64) string) string {
				return form(at.g.center(at.task, m, at.workers, unit).Estimate)
			}
			rows = append(rows, []string{
				at.task, fmt.Sprint(at.workers), m, value("ns/op", number.Span), value("cpu-ns/op", number.Span),
				number.Short(p.table.busy(at.g.experiment, cell(at.task, m, at.workers)).Estimate), value("in-flight", number.Short), value("p99-ns", number.Span),
				value("ctxsw/op", number.Short), value("peak-rss-bytes", number.Mebibytes),
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	heading(w, "##", "The price of a task")
	p.picture(w, "price")
	if text := p.dearer(section.Samples{Whole: true}); text != "" {
		fmt.Fprintf(w, "%s\n\n", inFull(text))
	}
	table(w, []string{"workload", "workers", "model", "time per task", "CPU time per task", "cores busy", "tasks in flight", "p99 of a task", "switches per task", "peak memory"}, rows)
	w.WriteString("Times are wall time divided by the number of tasks. Memory of process models is the sum over all their processes. A task is in flight, and its latency counts, from its start to its end: not while it waits for a worker, nor while a process for it starts.\n\n")
}

// single lists what was measured outside the catalogue.
func (p page) single(w *strings.Builder) {
	g, mechanisms := gridOf(p.table, "single"), p.named()
	if len(g.cells)+len(mechanisms) == 0 {
		return
	}
	heading(w, "##", "Variants named by hand")
	var rows [][]string
	for _, v := range g.cells {
		serial := baseline(v)
		rows = append(rows, []string{
			v.String(), number.Span(p.table.center("single", v, "ns/op").Estimate),
			p.table.ratio("single", serial, v, "ns/op").In(number.Times),
			number.Short(p.table.busy("single", v).Estimate),
			number.Mebibytes(p.table.center("single", v, "peak-rss-bytes").Estimate),
		})
	}
	if len(rows) > 0 {
		table(w, []string{"variant", "time per task", fmt.Sprintf("speed-up over serial (%s)", interval), "cores busy", "peak memory"}, rows)
	}
	rows = nil
	for _, v := range mechanisms {
		observed := seen(p.table, "single", card.Comparison{Measure: card.Happens, Of: v})
		rows = append(rows, []string{v.String(), p.table.center("single", v, "ns/op").Span(), observed.String()})
	}
	if len(rows) > 0 {
		table(w, []string{"mechanism", fmt.Sprintf("time per operation or try (%s)", interval), "seen in so many tries"}, rows)
	}
}

// named lists the variants of mechanisms that were named by hand, without their
// A/A pairs.
func (p page) named() []variant.Variant {
	var all []variant.Variant
	for _, name := range p.table.names {
		experiment, rest, _ := strings.Cut(name, "/")
		v, err := variant.Parse(rest)
		if err == nil && experiment == card.Title("single") && card.Names(v) && v.Get(card.AA) == "" {
			all = append(all, v)
		}
	}
	return all
}

// selfcheck tells how often parcon was wrong.
func (p page) selfcheck(w *strings.Builder) {
	if len(p.detections) == 0 {
		return
	}
	heading(w, "##", "How often two sides are called different")
	p.picture(w, "false-positives")
	head, rows := detectionRows(p.detections)
	table(w, head, rows)
	fmt.Fprintf(w, "*parcon*: rounds in random order, each trial in a fresh process. One looks after every round and stops as soon as the running 95 %% interval of the ratio leaves 1 out: as soon as the evidence that the sides differ reaches 20 to 1, which is 40 to 1 at an end. However often one looks, that happens to the same code in at most 5 %% of comparisons. *%s*: ten samples of one side and then ten of the other, by Go's testing package, Mann and Whitney's test at 0.05, as benchstat has it, and one look at the end. *Interval misses the truth*: of parcon's running intervals when one stopped, of which at most 5 %% are to miss it. A way that errs often also finds differences by luck.\n\n", wayNames[WayUsual])
}

func (p page) environment(w *strings.Builder) {
	heading(w, "##", "Where and how this was measured")
	if len(p.judged) == 0 && len(p.table.Looks) > 0 {
		p.calmness(w)
	}
	var rows [][]string
	for _, e := range p.table.Setup {
		key := e.Key
		if key == results.KeyRounds {
			key += ", at most"
		}
		rows = append(rows, []string{key, e.Value})
	}
	table(w, []string{"key", "value"}, rows)
	switch {
	case len(p.detections) > 0:
		w.WriteString("`trials.txt` beside this report holds every trial and every sample in the Go benchmark format, and `parcon report` makes this page from it again.\n")
		return
	case p.table.unordered == 0:
		w.WriteString("Each trial ran in a fresh process; each round ran every variant once, in random order. ")
	}
	w.WriteString("`trials.txt` beside this report holds every trial in the Go benchmark format: `benchstat -col /model trials.txt` reads it, and `parcon report` makes this page from it again. Serial code ran with GOMAXPROCS=1, each task in a goroutine of its own, one after another, so that its garbage collector has the one core and the turns that it has under loop.\n")
}
