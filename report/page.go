package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// page is all that a report says, computed.
type page struct {
	view
	answer   string
	measured []experiments.Experiment
	judged   []Judged
	figures  []figure
}

// markdown writes the report.
func (p page) markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "# Which way of running many tasks wins, on %s\n\n**%s**\n\n", p.perCores(), p.answer)
	if len(p.compute.cells) > 0 || len(p.waiting.cells) > 0 {
		p.picture(&w, "answer")
		p.picture(&w, "plane")
	}
	p.verdicts(&w)
	if len(p.compute.cells) > 0 {
		p.curves(&w, p.compute, "Computing", "CPU-bound tasks: the ideal is a speed-up as large as the number of workers, up to the number of cores.")
	}
	if len(p.waiting.cells) > 0 {
		p.curves(&w, p.waiting, "Waiting", "IO-bound tasks: the ideal is a speed-up as large as the number of workers, as long as the cores have the little CPU time that the tasks need.")
	}
	if len(p.mixed.cells) > 0 {
		w.WriteString("## Where the best model changes\n\n")
		p.picture(&w, "crossover")
	}
	if len(p.crowd.cells) > 0 {
		p.crowds(&w)
	}
	p.prices(&w)
	p.single(&w)
	p.doubts(&w)
	p.environment(&w)
	return w.String()
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

func (p page) verdicts(w *strings.Builder) {
	if len(p.judged) == 0 {
		return
	}
	w.WriteString("## What the claims are worth here\n\nA claim was written down with its bound before anything ran. It *holds* when the 95 % intervals of all its comparisons lie inside the bound, is *refuted* when one lies wholly outside, and is *undecided* while one straddles it.\n\n")
	p.picture(w, "verdicts")
	var rows [][]string
	for _, j := range p.judged {
		row := []string{j.ID, j.Text, "**" + string(j.Verdict) + "**", "–", "–", j.Reason}
		if len(j.Compared) > 0 {
			row[3] = label(j.Decider.Comparison) + ": " + withInterval(j.Decider.Value, number)
			row[4] = bound(j.Decider.Low, j.Decider.High)
		}
		rows = append(rows, row)
	}
	table(w, []string{"id", "claim", "verdict", "decided by", "bound", "why"}, rows)
	w.WriteString("Ratios are of throughput, tasks per second, where nothing else is named; \"x 8\" means with 8 workers, on both sides where it stands once.\n\n")
	for _, j := range p.judged {
		if j.Caveat != "" {
			fmt.Fprintf(w, "- %s: %s\n", j.ID, j.Caveat)
		}
	}
	w.WriteString("\n")
	p.comparisons(w)
}

// comparisons lists all that the verdicts rest on, folded away.
func (p page) comparisons(w *strings.Builder) {
	var rows [][]string
	for _, j := range p.judged {
		for _, c := range j.Compared {
			rows = append(rows, []string{
				j.ID, label(c.Comparison), withInterval(c.Value, number), bound(c.Low, c.High), string(c.Verdict), fmt.Sprint(c.Value.N),
			})
		}
	}
	fmt.Fprintf(w, "<details><summary>All %d comparisons</summary>\n\n", len(rows))
	table(w, []string{"claim", "comparison", "ratio or value (95 % interval)", "bound", "verdict", "rounds"}, rows)
	w.WriteString("</details>\n\n")
}

// curves is a chapter with the best model of each workload and its curves.
func (p page) curves(w *strings.Builder, g grid, title, doc string) {
	fmt.Fprintf(w, "## %s\n\n%s\n\n", title, doc)
	var rows [][]string
	for _, task := range g.works() {
		serial := g.center(task, "serial", 1, "ns/op")
		row := []string{task, span(serial.Estimate), "–", "–", "–"}
		if best, ok := g.fastest(task, 0); ok {
			row[2], row[3] = best.String(), withInterval(best.speedup, times)
		}
		if n := g.workers(task, "gil"); len(n) > 0 {
			last := n[len(n)-1]
			row[4] = fmt.Sprintf("%s with %d workers", withInterval(g.speedup(task, "gil", last), times), last)
		}
		rows = append(rows, row)
	}
	table(w, []string{"workload", "one task, serial", "fastest, and what cannot be told from it", "speed-up (95 % interval)", "under a GIL"}, rows)
	for _, task := range g.works() {
		p.picture(w, "speedup-"+task)
	}
}

// crowds is the table of thousands of waiting tasks.
func (p page) crowds(w *strings.Builder) {
	w.WriteString("## Thousands of tasks that wait\n\nEach task sleeps for as long as its name says; all of them are meant to wait at once.\n\n")
	var rows [][]string
	for _, task := range p.crowd.works() {
		for _, n := range p.crowd.counts(task) {
			for _, m := range p.crowd.models(task, n) {
				value := func(unit string, form func(float64) string) string {
					return form(p.crowd.center(task, m, n, unit).Estimate)
				}
				rows = append(rows, []string{
					task, fmt.Sprint(n), m,
					value("ns/op", func(ns float64) string { return whole(1e9 / ns) }), value("max-in-flight", whole),
					value("peak-rss-bytes", mebibytes), value("cpu-ns/op", span), value("threads", whole),
				})
			}
		}
	}
	table(w, []string{"task", "at once", "model", "tasks per second", "most in flight", "peak memory", "CPU time per task", "threads"}, rows)
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
				at.task, fmt.Sprint(at.workers), m, value("ns/op", span), value("cpu-ns/op", span),
				value("cores-busy", number), value("in-flight", number), value("p99-ns", span),
				value("ctxsw/op", number), value("peak-rss-bytes", mebibytes),
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	w.WriteString("## The price of a task\n\n")
	p.picture(w, "price")
	table(w, []string{"workload", "workers", "model", "time per task", "CPU time per task", "cores busy", "tasks in flight", "p99 of a task", "switches per task", "peak memory"}, rows)
	w.WriteString("Times are wall time divided by the number of tasks. Memory of process models is the sum over all their processes. A task is in flight, and its latency counts, from its start to its end: not while it waits for a worker, nor while a process for it starts.\n\n")
}

// single lists what was measured outside the catalogue.
func (p page) single(w *strings.Builder) {
	g := gridOf(p.table, "single")
	if len(g.cells) == 0 {
		return
	}
	w.WriteString("## Variants named by hand\n\n")
	var rows [][]string
	for _, v := range g.cells {
		serial := v.With("model", "serial").With("workers", "1")
		rows = append(rows, []string{
			v.String(), span(p.table.center("single", v, "ns/op").Estimate),
			withInterval(p.table.ratio("single", serial, v, "ns/op"), times),
			number(p.table.center("single", v, "cores-busy").Estimate),
			mebibytes(p.table.center("single", v, "peak-rss-bytes").Estimate),
		})
	}
	table(w, []string{"variant", "time per task", "speed-up over serial (95 % interval)", "cores busy", "peak memory"}, rows)
}

// doubts prints what speaks against the numbers above.
func (p page) doubts(w *strings.Builder) {
	w.WriteString("## Doubts\n\n")
	for _, d := range p.allDoubts() {
		w.WriteString("- " + d + "\n")
	}
	w.WriteString("\n")
}

func (p page) allDoubts() []string {
	all := []string{p.twins(), p.roundsDoubt(), p.chance()}
	all = append(all, p.noise()...)
	if n := len(p.table.Failed); n > 0 {
		all = append(all, fmt.Sprintf("%s failed and count in no number above:", plural(n, "trial")))
		for i, f := range p.table.Failed {
			if i == mostFailures {
				all = append(all, fmt.Sprintf("  - … and %d more", n-i))
				break
			}
			all = append(all, fmt.Sprintf("  - %s/%s in round %d: %s", f.Experiment, f.Variant, f.Round+1, f.Reason))
		}
	}
	if n := len(p.table.Bad); n > 0 {
		all = append(all, fmt.Sprintf("%s of the result file could not be read and were passed over; the first: %s", plural(n, "line"), p.table.Bad[0]))
	}
	if name := p.table.Get("programs"); name != "" && name != "small" {
		all = append(all, fmt.Sprintf("the trials ran in %s, because the small trial program could not be built: processes start more slowly and take more memory than they need", name))
	}
	if fs := p.table.Get("filesystem"); fs == "tmpfs" || fs == "ramfs" {
		all = append(all, fmt.Sprintf("the workload file wrote to %s, which is memory: it says nothing of a disk", fs))
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// mostFailures is how many failed trials are told one by one.
const mostFailures = 20

// twins compares the variants that ran twice under two names.
func (p page) twins() string {
	called, compared := 0, 0
	var worst stat.Interval
	for _, name := range p.table.names {
		experiment, rest, _ := strings.Cut(name, "/")
		v, err := variant.Parse(rest)
		if err != nil || v.Get("twin") == "" {
			continue
		}
		r := p.table.ratio(strings.ToLower(experiment), v, v.Without("twin"), "ns/op")
		if !r.Known() {
			continue
		}
		compared++
		if r.Low > 1 || r.High < 1 {
			called++
		}
		if worst.N == 0 || math.Abs(math.Log(r.Estimate)) > math.Abs(math.Log(worst.Estimate)) {
			worst = r
		}
	}
	if compared == 0 {
		return "no variant ran twice under two names in enough rounds, so this run cannot show how often it calls the same thing different"
	}
	return fmt.Sprintf("%d of %s that ran twice under two names were called different (5 %% are to be expected); the largest ratio between the two was %s",
		called, plural(compared, "variant"), withInterval(worst, number))
}

// chance tells what so many comparisons mean.
func (p page) chance() string {
	n := 0
	for _, j := range p.judged {
		n += len(j.Compared)
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("each of the %d comparisons has its own 95 %% interval and no correction for their number: of those whose truth lies exactly at a bound, one in 40 would be called refuted by chance", n)
}

// roundsDoubt tells how many rounds each experiment has.
func (p page) roundsDoubt() string {
	var parts []string
	few := false
	for _, e := range p.measured {
		most := 0
		for _, v := range gridOf(p.table, e.Name).cells {
			most = max(most, len(p.table.find(e.Name, v).rounds))
		}
		few = few || most < fewRounds
		parts = append(parts, fmt.Sprintf("%s %d", e.Name, most))
	}
	if len(parts) == 0 {
		return ""
	}
	text := "rounds: " + strings.Join(parts, ", ")
	if few {
		text += fmt.Sprintf("; with fewer than %d rounds intervals are wide, and small differences stay unseen", fewRounds)
	}
	return text
}

const fewRounds = 10

// noise sums up what the system said around the trials.
func (p page) noise() []string {
	var stolen, throttled float64
	disturbed, told := 0, 0
	for _, s := range p.table.series {
		for i := range s.rounds {
			steal := s.at(unitIndex("steal-ns"), i)
			if math.IsNaN(steal) {
				continue
			}
			told++
			stolen += steal
			if throttle := s.at(unitIndex("throttled-ns"), i); throttle > 0 {
				throttled += throttle
			}
			if steal > 0 {
				disturbed++
			}
		}
	}
	if told == 0 {
		return []string{"this system does not tell what disturbed a trial (stolen time, throttling)"}
	}
	var all []string
	if others := stat.Center(p.values("others-busy")); others.Known() {
		all = append(all, fmt.Sprintf("beside a trial's own, %s cores were busy on average: other programs, parcon's runner and its delay server", number(math.Max(0, others.Estimate))))
	}
	all = append(all, fmt.Sprintf("the hypervisor took processor time in %d of %s, %s in all", disturbed, plural(told, "trial"), span(stolen)))
	if throttled > 0 {
		all = append(all, fmt.Sprintf("a CPU quota held the trials back for %s in all: the numbers are those of the quota, not of the machine", span(throttled)))
	}
	return all
}

// values are those of one unit over all trials of the file.
func (p page) values(unit string) []float64 {
	var all []float64
	for _, name := range p.table.names {
		all = append(all, p.table.series[name].values[unitIndex(unit)]...)
	}
	return all
}

func (p page) environment(w *strings.Builder) {
	w.WriteString("## Where and how this was measured\n\n")
	var rows [][]string
	for _, e := range p.table.Setup {
		rows = append(rows, []string{e.Key, e.Value})
	}
	table(w, []string{"key", "value"}, rows)
	w.WriteString("Each trial ran in a fresh process; each round ran every variant once, in random order. `trials.txt` beside this report holds every trial in the Go benchmark format: `benchstat -col /model trials.txt` reads it, and `parcon report` makes this page from it again. Serial code ran with GOMAXPROCS=1, so that its garbage collector has the same one core.\n")
}
