package section

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parcon/experiments/forecast"
	"parcon/experiments/number"
	"parcon/experiments/variant"
)

// A Forecast tells what a queue and its workers would do where there are more of them
// than a machine can hold, from what a task was measured to cost. The variants of its
// tasks differ in their key workers. It is checked first: from the costs at one worker the
// other numbers of workers that were measured are foretold, and where it misses one by
// more than a tenth it foretells nothing.
//
// What a task costs the queue depends on how busy it is: a server that is woken for each
// message takes several times as long for it as one that always finds some. So what is
// foretold takes the least that any of the tasks cost, and beside it, for one stream, the
// least that these ones did.
//
// Trials must be long, as what is foretold has no end: a worker that took tasks ahead may be
// left with them when all others are done. With ten times as many tasks for each worker as
// it takes ahead that is a few percent. And those of tasks that do nothing must be as long
// at one worker as at many: in its first hundredths of a second a server takes more for
// each. With 16,000 tasks that do nothing in each trial, and for each worker 40 of 2 ms, of
// which it takes 4 ahead, 14 rounds on two cores were foretold within 6 %.
//
// The key prefetch tells how many tasks a worker takes ahead of the one that it does; one
// if there is none. Tasks that wait do so for as long as they took one worker.
type Forecast struct {
	Claims                []string // their IDs, that more workers do more
	Of                    Pick     // all variants
	Tasks                 []ForecastTask
	Queue, Master, Worker string // units of the CPU time that each takes for a task
	// Hop is how long a message is taken to be on its way between machines.
	Hop time.Duration
}

// A ForecastTask is a kind of task.
type ForecastTask struct {
	Name  string // "tasks of 1 ms": for a reader
	Of    Pick   // further keys of its variants
	Waits bool   // else it computes, or does nothing
}

// What is foretold.
var (
	foretoldWorkers = []int{10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000}
	foretoldStreams = []int{1, 4, 16}
)

const (
	mostMiss     = 0.1 // with which a forecast is still believed
	foretoldLoad = 0.8 // of the capacity, for latencies
	foretoldSeed = 1
)

// Sections are the check, and a forecast of each kind of task.
func (f Forecast) Sections() []Section {
	all := []Section{{
		Topic: "How well a forecast from one worker foretells more", Claims: f.Claims, Form: Func(f.check),
		Why: "Where tasks share nothing, each worker adds what one does alone, until the cores or what hands tasks out are used up.",
	}}
	for _, task := range f.Tasks {
		all = append(all, Section{
			Topic: fmt.Sprintf("More workers than a machine holds: %s", task.Name),
			Form:  Func(func(s Samples) Shown { return f.foretell(s, task) }),
		})
	}
	return all
}

// A measuredCrew is a number of workers, and what was foretold of it.
type measuredCrew struct {
	variant.Variant
	workers  int
	measured number.Interval // tasks in a second
	costs    forecast.System
	unknown  error   // why costs has none
	foretold float64 // tasks in a second; 0 if it was not
	miss     float64 // by which share of what was measured that is wrong
}

// A checkedTask is a kind of task, as far as it was measured.
type checkedTask struct {
	name  string
	crews []measuredCrew // by their workers
	why   string         // nothing is foretold; "" if it is
}

// worst is where the forecast misses most.
func (c checkedTask) worst() measuredCrew {
	return slices.MaxFunc(c.crews, func(a, b measuredCrew) int { return cmp.Compare(math.Abs(a.miss), math.Abs(b.miss)) })
}

// cheapest are the costs of the task where queue and master took the least time for it,
// of several tasks; no workers if none are known.
func cheapest(tasks ...checkedTask) forecast.System {
	var least forecast.System
	for _, t := range tasks {
		for _, crew := range t.crews {
			if c := crew.costs; crew.unknown == nil && (least.Workers == 0 || c.Queue+c.Master < least.Queue+least.Master) {
				least = c
			}
		}
	}
	return least
}

// missing is the name of a task whose costs are not known, "" if there is none: which of
// them keeps the queue most busy is not known then.
func missing(tasks []checkedTask) string {
	for _, t := range tasks {
		if cheapest(t).Workers == 0 {
			return t.name
		}
	}
	return ""
}

// tried foretells what was measured of a kind of task. The variants are the card's, or
// those of the grid in its chapter.
func (f Forecast) tried(s Samples, task ForecastTask) checkedTask {
	all := checkedTask{name: task.Name}
	pairs := slices.Concat(f.Of, task.Of)
	variants := s.With(pairs...)
	if len(variants) == 0 {
		variants = s.Card("").With(pairs...)
	}
	for _, v := range variants {
		workers, err := v.Int("workers", 0)
		if rate := PerSecond(s, v); err == nil && workers > 0 && rate.N > 0 && rate.Estimate > 0 {
			crew := measuredCrew{Variant: v, workers: workers, measured: rate}
			crew.costs, crew.unknown = f.costs(s, v, workers, task.Waits)
			all.crews = append(all.crews, crew)
		}
	}
	slices.SortFunc(all.crews, func(a, b measuredCrew) int { return a.workers - b.workers })
	switch {
	case len(all.crews) == 0 || all.crews[0].workers != 1:
		all.why = "one worker was not measured, so that it is not known what a task costs"
	case all.crews[0].unknown != nil:
		all.why = all.crews[0].unknown.Error()
	case len(all.crews) == 1:
		all.why = "only one worker was measured, so that there is nothing to check it by"
	default:
		all.check(s)
	}
	return all
}

// check foretells what was measured. Whether that is right is told by the speed-up over
// one worker in each round: what slows the machine down for a while slows both.
func (c *checkedTask) check(s Samples) {
	first := c.crews[0]
	for i, crew := range c.crews {
		of := first.costs
		of.Workers, of.Prefetch, of.Streams, of.Cores = crew.workers, crew.costs.Prefetch, 1, max(1, s.Cores)
		paired := s.Over(crew.Variant, first.Variant, "ns/op")
		if crew.unknown != nil || paired.N == 0 {
			continue
		}
		one, err := foretellOne(of, false)
		if err != nil {
			c.why = err.Error()
			return
		}
		c.crews[i].foretold = one.full.Throughput
		c.crews[i].miss = paired.Estimate*one.full.Throughput/first.measured.Estimate - 1
	}
	if w := c.worst(); !(math.Abs(w.miss) <= mostMiss) {
		c.why = fmt.Sprintf("at %s it misses what was measured by %s", number.Plural(w.workers, "worker"), number.Percent(math.Abs(w.miss)))
	}
}

// costs are those of a variant: the time of a task, and which part of it each had in the
// same trials.
func (f Forecast) costs(s Samples, v variant.Variant, workers int, waits bool) (forecast.System, error) {
	task := s.Center(v, "ns/op").Estimate
	times := func(unit string) float64 { return threeDigits(task, s.Ratio(v, unit, v, "ns/op")) }
	worker, whole := times(f.Worker), times("ns/op")
	of := forecast.System{Queue: times(f.Queue), Master: times(f.Master), Worker: worker, Workers: workers, Waits: waits}
	if math.IsNaN(of.Queue + of.Master + worker + whole) {
		return of, fmt.Errorf("the CPU time of queue, master and worker was not measured at %s", number.Plural(workers, "worker"))
	}
	ahead, err := v.Int("prefetch", 1)
	of.Prefetch = ahead + 1
	if of.Length = max(0, whole*float64(workers)-worker); !waits {
		of.Worker, of.Length = 0, worker
	}
	return of, err
}

// threeDigits are those of a cost that it is known to at best; NaN if it was not measured.
func threeDigits(whole float64, part number.Interval) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(whole*part.Estimate, 'g', 3, 64), 64)
	if part.N == 0 || err != nil {
		return math.NaN()
	}
	return rounded
}

// check is the table of what was measured and foretold.
func (f Forecast) check(s Samples) Shown {
	shown := Shown{
		Head: []string{"task", "workers", "measured, tasks/s ({interval})", "foretold", "error"},
		Note: "Foretold by a simulation that knows what a task cost at one worker, and that queue, master and workers share {cores}; of the other numbers of workers it knows nothing. How long tasks wait that do was seen at one worker too, which checks nothing there. Errors are medians over rounds, so not exactly those of the medians shown.",
	}
	points, most := 0, 0.0
	var all []checkedTask
	var not []string
	for _, task := range f.Tasks {
		one := f.tried(s, task)
		for _, crew := range one.crews {
			row := []string{one.name, number.Grouped(float64(crew.workers)), crew.measured.In(number.Rate), "–", "–"}
			if crew.foretold > 0 {
				row[3], row[4] = number.Rate(crew.foretold), fmt.Sprintf("%+.1f %%", math.Round(1000*crew.miss)/10+0)
				points, most = points+1, max(most, math.Abs(crew.miss))
			}
			shown.Rows = append(shown.Rows, row)
		}
		if len(one.crews) > 0 && one.why != "" {
			not = append(not, fmt.Sprintf("%s (%s)", one.name, one.why))
		}
		all = append(all, one)
	}
	if name := missing(all); name != "" {
		not = []string{fmt.Sprintf("any task (what %s cost was not measured, and so not what a busy queue takes)", name)}
	}
	if points > 0 {
		shown.Finding = fmt.Sprintf("A forecast from one worker is off by %s at most, at %s", number.Percent(most), number.Plural(points, "point"))
	}
	if len(not) > 0 {
		shown.Note += " Nothing more is foretold of: " + strings.Join(not, "; ") + "."
	}
	return shown
}

// A foretold number of workers, with some streams.
type foretold struct {
	workers, streams int
	full, open       forecast.Outcome // open only of those in the table
}

// inTable says whether a number of workers has a row.
func inTable(workers int) bool {
	log := math.Log10(float64(workers))
	return log == math.Round(log)
}

// foretoldOf remembers what was simulated: a report is written again and again of the same
// costs, and the answer is always the same.
var foretoldOf sync.Map // of foretoldKey

type foretoldKey struct {
	forecast.System
	latency bool
}

func foretellOne(of forecast.System, latency bool) (foretold, error) {
	if known, ok := foretoldOf.Load(foretoldKey{of, latency}); ok {
		return known.(foretold), nil
	}
	one := foretold{workers: of.Workers, streams: of.Streams}
	var err error
	if latency {
		one.full, one.open, err = of.Predict(foretoldLoad, foretoldSeed)
	} else {
		one.full, err = of.Capacity(foretoldSeed)
	}
	if err == nil {
		foretoldOf.Store(foretoldKey{of, latency}, one)
	}
	return one, err
}

// foretell is the section on one kind of task.
func (f Forecast) foretell(s Samples, task ForecastTask) Shown {
	checked := f.tried(s, task)
	if checked.why != "" {
		return Shown{}
	}
	var others []checkedTask
	for _, other := range f.Tasks {
		others = append(others, f.tried(s, other))
	}
	if missing(others) != "" {
		return Shown{}
	}
	busy, own := cheapest(others...), cheapest(checked)
	of := checked.crews[0].costs
	of.Hop = float64(f.Hop)
	dear := of
	of.Queue, of.Master, dear.Queue, dear.Master = busy.Queue, busy.Master, own.Queue, own.Master
	var lines [][]foretold
	for _, streams := range foretoldStreams {
		of.Streams = streams
		lines = append(lines, line(of))
	}
	var single []foretold // at the dear cost, if it is another one
	if dear.Streams = 1; dear.Queue > of.Queue*(1+mostMiss) {
		single = line(dear)
	}
	if slices.ContainsFunc(lines, func(l []foretold) bool { return len(l) == 0 }) {
		return Shown{}
	}
	return Shown{
		Finding: foretoldFinding(checked.name, lines, single), Figure: f.figure(s, checked, lines, single),
		Head: foretoldHead(), Rows: foretoldRows(lines), Note: f.assumptions(of, dear, single),
	}
}

// line foretells all numbers of workers that give each stream one.
func line(of forecast.System) []foretold {
	var all []foretold
	for _, workers := range foretoldWorkers {
		of.Workers = workers
		if one, err := foretellOne(of, inTable(workers)); err == nil {
			all = append(all, one)
		}
	}
	return all
}

// figure draws the lines, and what was measured.
func (f Forecast) figure(s Samples, checked checkedTask, lines [][]foretold, single []foretold) *Figure {
	fig := &Figure{
		Name:     "forecast-" + strings.ReplaceAll(checked.name, " ", "-"),
		Subtitle: "Dashed: foretold from what a task costs a busy queue and a worker, with a core for each worker and each stream. Marks: measured, where all share {cores}; the dashes through them are foretold of that.",
		Whiskers: Whiskers, X: "workers", Y: "tasks per second",
	}
	add := func(name string, line []foretold) {
		one := Series{Name: name, Computed: true}
		for _, p := range line {
			one.X, one.Y = append(one.X, float64(p.workers)), append(one.Y, exactly(p.full.Throughput))
		}
		fig.Curves = append(fig.Curves, one)
	}
	for _, line := range lines {
		add(number.Plural(line[0].streams, "stream")+", foretold", line)
	}
	if len(single) > 0 {
		add("1 stream, less busy", single)
		fig.Note = "Less busy: foretold from what such a task cost the queue when it was measured."
	}
	again, measured := Series{Computed: true}, Series{Name: s.Fill("measured, {cores}"), Points: true}
	for _, crew := range checked.crews {
		again.X, again.Y = append(again.X, float64(crew.workers)), append(again.Y, exactly(crew.foretold))
		measured.X, measured.Y = append(measured.X, float64(crew.workers)), append(measured.Y, crew.measured)
	}
	fig.Curves = append(fig.Curves, again, measured)
	return fig
}

// exactly is a number that was computed, and has no interval.
func exactly(v float64) number.Interval {
	return number.Interval{Estimate: v, Low: math.Inf(-1), High: math.Inf(1), N: 1}
}

// foretoldFinding says where one stream is the limit, and what more of them bring.
func foretoldFinding(name string, lines [][]foretold, single []foretold) string {
	end := func(line []foretold) foretold { return line[len(line)-1] }
	first, all := lines[0], end(lines[len(lines)-1])
	few, one := first[0], end(first)
	if limit := one.full.Limit(); limit == "workers" || limit == "prefetch" {
		return Sentence(fmt.Sprintf("%s: %s workers do %s tasks/s, and one stream has time left", name, number.Grouped(float64(one.workers)), number.Rate(one.full.Throughput)))
	}
	carries, upTo := number.Rate(one.full.Throughput), ""
	if len(single) > 0 {
		carries, upTo = number.Rate(end(single).full.Throughput)+" to "+carries, "up to "
	}
	enough := fmt.Sprintf(", and %s %d workers fill it", upTo, few.workers)
	if few.full.Limit() != one.full.Limit() {
		// The line of few workers, drawn on, meets that of many here.
		each := few.full.Throughput / float64(few.workers)
		enough = ", enough for "
		if len(single) > 0 {
			enough += number.Grouped(roundly(end(single).full.Throughput/each)) + " to "
		}
		enough += number.Grouped(roundly(one.full.Throughput/each)) + " workers"
	}
	text := fmt.Sprintf("%s: one stream carries %s tasks/s%s; %d carry %s%s", name, carries, enough, all.streams, upTo, number.Rate(all.full.Throughput))
	if all.full.Limit() == "master" {
		text += ", then the master is full"
	}
	return Sentence(strings.ReplaceAll(text, "  ", " "))
}

// roundly has two digits.
func roundly(v float64) float64 {
	digits := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Round(v/digits) * digits
}

func foretoldHead() []string {
	head := []string{"workers"}
	for _, streams := range foretoldStreams {
		head = append(head, number.Plural(streams, "stream")+": tasks/s, p99, limit")
	}
	return head
}

// foretoldRows has one for each power of ten.
func foretoldRows(lines [][]foretold) [][]string {
	var rows [][]string
	for _, workers := range foretoldWorkers {
		if !inTable(workers) {
			continue
		}
		row := []string{number.Grouped(float64(workers))}
		for _, line := range lines {
			cell := "–"
			for _, p := range line {
				if p.workers == workers {
					cell = fmt.Sprintf("%s, %s, %s", number.Rate(p.full.Throughput), number.RoundSpan(p.open.P99), p.full.Limit())
				}
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// assumptions are those of the simulation, with what it was fed.
func (f Forecast) assumptions(of, dear forecast.System, single []foretold) string {
	worker := "computes for " + number.Span(of.Length)
	if of.Waits {
		worker = fmt.Sprintf("is with it for %s, of which it computes %s", number.Span(of.Worker+of.Length), number.Span(of.Worker))
	}
	text := fmt.Sprintf("Foretold, not measured. p99 is the latency that one in a hundred tasks exceeds, from being due to its answer at the master, where tasks come at random at %s of the throughput beside it. "+
		"Assumed: a task costs the queue's server %s of CPU time and the master %s, however many workers there are: the least that any task here cost them; its worker %s, as at one worker; all tasks are equally long; "+
		"each worker has a core of its own, so has each stream, and the one master; a stream handles one message after another, with all the CPU time of the server; "+
		"a message between machines is %s on its way; a worker takes up to %d tasks ahead, and streams give them out in turn. ",
		number.Percent(foretoldLoad), number.Span(of.Queue), number.Span(of.Master), worker, number.Span(float64(f.Hop)), of.Prefetch-1)
	if n := len(single); n > 0 {
		text += fmt.Sprintf("These tasks came more slowly and cost the server %s and the master %s, as messages that come one by one wake it for each: the line of a stream that is less busy is for that, and ends at %s tasks/s; the truth may lie between. ", number.Span(dear.Queue), number.Span(dear.Master), number.Rate(single[n-1].full.Throughput))
	}
	return text + "A network that is full, a server that slows down with many connections, and machines that fail are not foretold."
}
