package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"parcon/experiments"
	"parcon/report/scaling"
	"parcon/report/stat"
)

// page is all that a report says, computed.
type page struct {
	view
	answer    string
	measured  []experiments.Experiment
	judged    []Judged
	contrasts map[string]Contrast // of the comparisons, by measure and label
	twins     Twins
	calm      calm
	// disturbances tell what was seen around the trials, by cause.
	disturbances []attribution
	honesty      []Honesty // of a self-check
	figures      []figure
}

// calm is what the claims are worth without the disturbed trials.
type calm struct {
	left   int // out so many trials
	judged []Judged
}

// markdown writes the report.
func (p page) markdown() string {
	var w strings.Builder
	title := "Which way of running many tasks wins, on " + p.perCores()
	if len(p.honesty) > 0 {
		title = "How often parcon is wrong on this machine"
	}
	fmt.Fprintf(&w, "# %s\n\n**%s**\n\n", title, p.answer)
	if len(p.compute.cells) > 0 || len(p.waiting.cells) > 0 {
		p.picture(&w, "answer")
		p.picture(&w, "plane")
	}
	p.verdicts(&w)
	if len(p.compute.cells) > 0 {
		p.curves(&w, p.compute, "Computing", "CPU-bound tasks: the ideal is a speed-up as large as the number of workers, up to the number of cores.")
		p.laws(&w)
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
	p.selfcheck(&w)
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
	w.WriteString("## What the claims are worth here\n\nA claim was written down with its bound before anything ran. It *holds* when all its comparisons surely lie inside the bound, is *refuted* when one surely lies outside, and is *undecided* otherwise. All claims are corrected together: as far as noise is the cause, the chance of any wrong verdict in the table is at most 5 %.\n\n")
	p.picture(w, "verdicts")
	var rows [][]string
	for _, j := range p.judged {
		row := []string{j.ID, j.Text, "**" + string(j.Verdict) + "**", "–", "–", "–", j.Reason}
		if len(j.Compared) > 0 {
			row[3] = label(j.Decider.Comparison) + ": " + withInterval(j.Decider.Value, number)
			row[4] = bound(j.Decider.Low, j.Decider.High)
			row[5] = chanceOf(j.P)
		}
		rows = append(rows, row)
	}
	table(w, []string{"id", "claim", "verdict", "decided by (95 % interval)", "bound", "p", "why"}, rows)
	fmt.Fprintf(w, "*p*: the chance of evidence as strong as this if the verdict were wrong, corrected for the number of claims; at most %s decides. Ratios are of throughput, tasks per second, where nothing else is named; \"x 8\" means with 8 workers, on both sides where it stands once.\n\n", number(1-p.table.level))
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
	head := []string{"claim", "comparison", "ratio or value (95 % interval)", "bound", "verdict by itself", "sides", "visible", "rounds"}
	if p.calm.left > 0 {
		head = append(head, "without disturbed trials")
	}
	var rows [][]string
	for i, j := range p.judged {
		for k, c := range j.Compared {
			sides, visible := "–", "–"
			if contrast, ok := p.contrasts[contrastKey(j.Experiment, c.Comparison)]; ok {
				sides, visible = sideWords(c.Measure)[contrast.Difference], beyond(contrast.Visible)
			}
			row := []string{
				j.ID, label(c.Comparison), withInterval(c.Value, number), bound(c.Low, c.High), string(c.Verdict), sides, visible, fmt.Sprint(c.Value.N),
			}
			if p.calm.left > 0 {
				row = append(row, withInterval(p.calm.judged[i].Compared[k].Value, number))
			}
			rows = append(rows, row)
		}
	}
	fmt.Fprintf(w, "<details><summary>All %d comparisons</summary>\n\n", len(rows))
	table(w, head, rows)
	fmt.Fprintf(w, "*Verdict by itself*: by this interval alone. *Sides*: the first side against the second, all rows corrected together by Holm; equal means within %s. *Visible*: the smallest difference that nine in ten such runs would have told in this table.\n\n</details>\n\n", percent(experiments.Same-1))
}

// contrastKey names a comparison among all.
func contrastKey(experiment string, c experiments.Comparison) string {
	return experiment + " " + string(c.Measure) + " " + c.Of.String() + " " + c.Over.String()
}

// sideWords are the differences in the words of a measure.
func sideWords(m experiments.Measure) map[Difference]string {
	words := map[Difference]string{Higher: "more", Lower: "less", Equal: "equal", NotTold: "undecided", NoneToTell: "not measured"}
	if m == experiments.Throughput {
		words[Higher], words[Lower] = "faster", "slower"
	}
	return words
}

// contrast tells the sides of all comparisons apart, each once however many
// claims make it.
func contrast(judged []Judged, level float64) map[string]Contrast {
	var keys []string
	var ratios []stat.Evidence
	for _, j := range judged {
		for _, c := range j.Compared {
			key := contrastKey(j.Experiment, c.Comparison)
			if c.Measure == experiments.CoresBusy || slices.Contains(keys, key) {
				continue
			}
			keys, ratios = append(keys, key), append(ratios, c.evidence)
		}
	}
	told := map[string]Contrast{}
	for i, c := range contrasts(ratios, experiments.Same, level) {
		told[keys[i]] = c
	}
	return told
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
		table(w, []string{"workload", "model", "Amdahl's law", "Universal Scalability Law"}, rows)
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
	wall := unitIndex("ns/op")
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

// selfcheck tells how often parcon was wrong.
func (p page) selfcheck(w *strings.Builder) {
	if len(p.honesty) == 0 {
		return
	}
	w.WriteString("## How often two sides are called different\n\n")
	p.picture(w, "honesty")
	head, rows := honestyRows(p.honesty)
	table(w, head, rows)
	fmt.Fprintf(w, "*parcon*: rounds in random order, each trial in a fresh process, the sign test at 0.05. *%s*: ten samples of one side and then ten of the other, by Go's testing package, Mann and Whitney's test at 0.05, as benchstat has it. *Rate of its test*: how often that test errs if all that it assumes is true; tests of few samples go in steps, so it is below 5 %%. *Interval misses the truth*: of parcon's 95 %% intervals, 5 %% of which are to miss it. A way that errs often also finds differences by luck.\n\n", wayNames[WayUsual])
}

// doubts prints what speaks against the numbers above.
func (p page) doubts(w *strings.Builder) {
	w.WriteString("## Doubts\n\n")
	for _, d := range p.allDoubts() {
		w.WriteString("- " + d + "\n")
	}
	w.WriteString("\n")
	p.causes(w)
}

func (p page) allDoubts() []string {
	all := []string{p.aa(), p.roundsDoubt(), p.order(), p.cuts(), p.chance(), p.flattered()}
	if len(p.honesty) > 0 {
		all = []string{"like was compared with like, in random order: noise alone cannot make parcon err, a harness that favours one side could. What hits one of two different models more than the other is no error of this kind and is not seen here"}
	} else {
		all = append(all, p.noise()...)
	}
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

// chance tells what stands behind a verdict.
func (p page) chance() string {
	n := 0
	for _, j := range p.judged {
		if len(j.Compared) > 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("the verdicts on %s are corrected together by Holm: the chance that one or more of them is wrong is at most 5 %%, as far as noise is the cause and rounds are independent; so are, apart from them, the sides of all comparisons", plural(n, "claim"))
	if p.table.level != stat.Level {
		text += fmt.Sprintf(". This run ended experiments when their intervals were narrow enough, which favours those that are narrow by luck, so what stands here as 95 %% is computed at %s, and p decides at %s", percent(p.table.level), number(1-p.table.level))
	}
	return text
}

// order warns of a file that does not tell its rounds.
func (p page) order() string {
	if p.table.unordered == 0 || len(p.honesty) > 0 {
		return ""
	}
	return fmt.Sprintf("%s tell no round, as those of go test do not: the i-th of one variant is paired with the i-th of another although they were not measured together, so a machine that drifted is in the ratios", plural(p.table.unordered, "line"))
}

// flattered warns of the best of many.
func (p page) flattered() string {
	if len(p.compute.cells)+len(p.waiting.cells) == 0 {
		return ""
	}
	return "the fastest of several models that are in truth alike is the one that luck favoured: its speed-up is a little too high, and its interval is not corrected for that"
}

// cuts tells of rounds that were interrupted.
func (p page) cuts() string {
	var parts []string
	for _, c := range p.table.Cut {
		parts = append(parts, fmt.Sprintf("round %d of %s (%s)", c.Round+1, c.Experiment, plural(c.Trials, "trial")))
	}
	if len(parts) == 0 {
		return ""
	}
	return "interrupted, and not used: " + strings.Join(parts, ", ")
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

// aa tells what the twins say.
func (p page) aa() string {
	text := p.twins.String()
	if p.twins.Failed() {
		text += "; that is to be expected in fewer than one run in a hundred, so all verdicts are withheld: measure again, and if it happens again do not trust what is measured here"
	}
	return text
}

// noise sums up what the system said around the trials.
func (p page) noise() []string {
	told := 0
	for _, a := range p.disturbances {
		told = max(told, a.told)
	}
	if told == 0 {
		return []string{"this system does not tell what disturbed a trial (stolen time, throttling, load)"}
	}
	text := fmt.Sprintf("a trial counts as disturbed, by a rule that was fixed beforehand, if the hypervisor or other programs took %s of the machine's processor time while it lived, or a quota held it back for as long (all of it, not only what is unusual for its variant): ", percent(disturbedShare))
	if p.calm.left == 0 {
		return []string{text + "none was"}
	}
	text += fmt.Sprintf("%d of %s. The verdicts rest on all trials, because leaving out what one does not like is how numbers are bent; without the disturbed ones ", p.calm.left, plural(p.table.trials-len(p.table.Failed), "trial"))
	var changed []string
	for i, j := range p.judged {
		if was, is := j.Verdict, p.calm.judged[i].Verdict; was != is {
			changed = append(changed, fmt.Sprintf("%s would be %s, not %s", j.ID, is, was))
		}
	}
	if len(changed) == 0 {
		return []string{text + "all verdicts are the same"}
	}
	return []string{text + strings.Join(changed, ", ")}
}

// causes is the table of what disturbed the trials.
func (p page) causes(w *strings.Builder) {
	if len(p.disturbances) == 0 {
		return
	}
	var rows [][]string
	for _, a := range p.disturbances {
		rows = append(rows, []string{a.cause, fmt.Sprintf("%d of %d", a.trials, a.told), withInterval(a.slowdown, times)})
	}
	fmt.Fprintf(w, "What the system saw around the trials. One is counted where a cause took %s more of its life than is usual for its variant.\n\n", percent(disturbedShare))
	table(w, []string{"cause", "trials", "their time over their variant's median"}, rows)
}

func (p page) environment(w *strings.Builder) {
	w.WriteString("## Where and how this was measured\n\n")
	var rows [][]string
	for _, e := range p.table.Setup {
		rows = append(rows, []string{e.Key, e.Value})
	}
	table(w, []string{"key", "value"}, rows)
	if p.table.unordered == 0 {
		w.WriteString("Each trial ran in a fresh process; each round ran every variant once, in random order. ")
	}
	w.WriteString("`trials.txt` beside this report holds every trial in the Go benchmark format: `benchstat -col /model trials.txt` reads it, and `parcon report` makes this page from it again. Serial code ran with GOMAXPROCS=1, so that its garbage collector has the same one core.\n")
}
