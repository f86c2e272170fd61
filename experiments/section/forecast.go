package section

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/forecast"
)

// A Forecast tells what a queue and its workers would do where there are more of them
// than a machine can hold, from what a task was measured to cost at one worker. The
// variants of its tasks differ in their key workers. It is checked against the numbers of
// workers that were measured, and where it misses one of them by more than a tenth it
// foretells nothing.
//
// Tasks that have a key delay wait for so long, others compute; a worker holds as many
// tasks as the key prefetch says, or 64.
type Forecast struct {
	Of                    Pick   // all variants
	Tasks                 []Pick // further keys, of each kind of task
	Queue, Master, Worker string // units of the CPU time that each takes for a task
	// Hop is how long a message is taken to be on its way between machines.
	Hop time.Duration
}

// What is foretold.
var (
	foretoldWorkers = []int{10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000}
	foretoldStreams = []int{1, 4, 16}
)

const (
	mostMiss        = 0.1 // with which a forecast is still believed
	foretoldLoad    = 0.8 // of the capacity, for latencies
	foretoldSeed    = 1
	foretoldHolding = 64 // tasks of a worker
)

// Sections are the check, and a forecast of each kind of task.
func (f Forecast) Sections() []Section {
	all := []Section{{Topic: "How well a forecast from one worker foretells more", Form: Func(f.check)}}
	for _, task := range f.Tasks {
		all = append(all, Section{
			Topic: fmt.Sprintf("More workers than a machine holds: %s", taskName(task)),
			Form:  Func(func(s Samples) Shown { return f.foretell(s, task) }),
		})
	}
	return all
}

// taskName writes a kind of task: "sleep, 5 ms".
func taskName(task Pick) string {
	var words []string
	for i := 0; i+1 < len(task); i += 2 {
		word := task[i+1]
		if _, err := time.ParseDuration(word); err == nil {
			word = number.Spaced(word)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// A measured number of workers, and what was foretold of it.
type measuredCrew struct {
	workers  int
	measured number.Interval // tasks in a second
	foretold float64         // 0 if it was not
}

// miss is by which share of what was measured the forecast is wrong.
func (c measuredCrew) miss() float64 { return c.foretold/c.measured.Estimate - 1 }

// A checked kind of task.
type checkedTask struct {
	name  string
	costs forecast.System
	crews []measuredCrew
	why   string // nothing is foretold; "" if it is
}

// worst is where the forecast misses most.
func (c checkedTask) worst() measuredCrew {
	worst := c.crews[0]
	for _, one := range c.crews[1:] {
		if math.Abs(one.miss()) > math.Abs(worst.miss()) {
			worst = one
		}
	}
	return worst
}

// tried foretells what was measured of a kind of task. The variants are the card's, or
// those of the grid in its chapter.
func (f Forecast) tried(s Samples, task Pick) checkedTask {
	all := checkedTask{name: taskName(task)}
	pairs := slices.Concat(f.Of, task)
	variants := s.With(pairs...)
	if len(variants) == 0 {
		variants = s.Card("").With(pairs...)
	}
	for _, v := range variants {
		workers, err := v.Int("workers", 0)
		if rate := PerSecond(s, v); err == nil && workers > 0 && rate.N > 0 && rate.Estimate > 0 {
			all.crews = append(all.crews, measuredCrew{workers: workers, measured: rate})
			if workers == 1 {
				all.costs, err = f.costs(s, v)
			}
		}
		if err != nil {
			all.why = err.Error()
		}
	}
	slices.SortFunc(all.crews, func(a, b measuredCrew) int { return a.workers - b.workers })
	switch {
	case all.why != "":
	case len(all.crews) == 0 || all.crews[0].workers != 1:
		all.why = "one worker was not measured, so that it is not known what a task costs"
	case len(all.crews) == 1:
		all.why = "only one worker was measured, so that there is nothing to check it by"
	default:
		all.check(s.Cores)
	}
	return all
}

// check foretells what was measured.
func (c *checkedTask) check(cores int) {
	for i, crew := range c.crews {
		of := c.costs
		of.Workers, of.Streams, of.Cores = crew.workers, 1, max(1, cores)
		one, err := foretellOne(of, false)
		if err != nil {
			c.why = err.Error()
			return
		}
		c.crews[i].foretold = one.full.Throughput
	}
	if w := c.worst(); math.Abs(w.miss()) > mostMiss {
		c.why = fmt.Sprintf("at %s it misses what was measured by %s", number.Plural(w.workers, "worker"), number.Percent(math.Abs(w.miss())))
	}
}

// costs are those of the variant with one worker. They are known to three digits at best.
func (f Forecast) costs(s Samples, v variant.Variant) (forecast.System, error) {
	digits := func(unit string) float64 {
		i := s.Center(v, unit)
		if i.N == 0 {
			return math.NaN()
		}
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(i.Estimate, 'g', 3, 64), 64)
		if err != nil {
			return math.NaN()
		}
		return rounded
	}
	of := forecast.System{Queue: digits(f.Queue), Master: digits(f.Master)}
	worker := digits(f.Worker)
	if math.IsNaN(of.Queue + of.Master + worker) {
		return of, fmt.Errorf("the CPU time of queue, master and worker was not measured at one worker")
	}
	var err error
	if of.Prefetch, err = v.Int("prefetch", foretoldHolding); err != nil {
		return of, err
	}
	text := v.Get("delay")
	if of.Waits = text != ""; !of.Waits {
		of.Length = worker
		return of, nil
	}
	delay, err := time.ParseDuration(text)
	of.Worker, of.Length = worker, float64(delay)
	return of, err
}

// check is the table of what was measured and foretold.
func (f Forecast) check(s Samples) Shown {
	shown := Shown{
		Head: []string{"task", "workers", "measured, tasks/s ({interval})", "foretold", "error"},
	}
	points, most := 0, 0.0
	var not []string
	for _, task := range f.Tasks {
		one := f.tried(s, task)
		for _, crew := range one.crews {
			row := []string{one.name, number.Grouped(float64(crew.workers)), crew.measured.In(number.Rate), "–", "–"}
			if crew.foretold > 0 {
				row[3], row[4] = number.Rate(crew.foretold), fmt.Sprintf("%+.1f %%", math.Round(1000*crew.miss())/10+0)
				points, most = points+1, max(most, math.Abs(crew.miss()))
			}
			shown.Rows = append(shown.Rows, row)
		}
		if len(one.crews) > 0 && one.why != "" {
			not = append(not, fmt.Sprintf("%s (%s)", one.name, one.why))
		}
	}
	if points > 0 {
		shown.Finding = fmt.Sprintf("What the cost of a task at one worker foretells is off by %s at most, at %s", number.Percent(most), number.Plural(points, "point"))
	}
	shown.Note = "Foretold by a simulation that knows what a task cost at one worker, and that queue, master and workers share {cores}; of the other numbers of workers it knows nothing."
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
func (f Forecast) foretell(s Samples, task Pick) Shown {
	checked := f.tried(s, task)
	if checked.why != "" {
		return Shown{}
	}
	lines := make([][]foretold, len(foretoldStreams))
	for i, streams := range foretoldStreams {
		for _, workers := range foretoldWorkers {
			of := checked.costs
			of.Workers, of.Streams, of.Hop = workers, streams, float64(f.Hop)
			if streams > workers {
				continue // some of them would have nobody
			}
			one, err := foretellOne(of, inTable(workers))
			if err != nil {
				return Shown{}
			}
			lines[i] = append(lines[i], one)
		}
	}
	return Shown{
		Finding: foretoldFinding(checked.name, lines), Figure: f.figure(s, checked, lines),
		Head: foretoldHead(), Rows: foretoldRows(lines), Note: f.assumptions(checked.costs),
	}
}

// figure draws the lines, and what was measured.
func (f Forecast) figure(s Samples, checked checkedTask, lines [][]foretold) *Figure {
	fig := &Figure{
		Name:     "forecast-" + strings.ReplaceAll(checked.name, ", ", "-"),
		Subtitle: "Dashed: foretold from what a task costs at one worker, with a core for each worker and each stream of the queue. Marks: measured, where all share {cores}; the dashes through them are foretold of that.",
		Whiskers: Whiskers, X: "workers", Y: "tasks per second",
	}
	fig.Name = strings.ReplaceAll(fig.Name, " ", "")
	for _, line := range lines {
		one := Series{Name: number.Plural(line[0].streams, "stream") + ", foretold", Computed: true}
		for _, p := range line {
			one.X = append(one.X, float64(p.workers))
			one.Y = append(one.Y, exactly(p.full.Throughput))
		}
		fig.Curves = append(fig.Curves, one)
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
func foretoldFinding(name string, lines [][]foretold) string {
	first, last := lines[0], lines[len(lines)-1]
	few, one, all := first[0], first[len(first)-1], last[len(last)-1]
	text := fmt.Sprintf("%s: one stream carries %s tasks a second", name, number.Rate(one.full.Throughput))
	switch limit := one.full.Limit(); {
	case limit == "workers" || limit == "prefetch":
		return Sentence(fmt.Sprintf("%s: %s workers do %s tasks a second, and one stream has time left", name, number.Grouped(float64(one.workers)), number.Rate(one.full.Throughput)))
	case few.full.Limit() == limit:
		text += fmt.Sprintf(", and %d workers fill it", few.workers)
	default:
		// The line of few workers, drawn on, meets that of many here.
		text += fmt.Sprintf(", enough for %s workers", number.Grouped(roundly(one.full.Throughput/few.full.Throughput*float64(few.workers))))
	}
	text += fmt.Sprintf("; %d carry %s", all.streams, number.Rate(all.full.Throughput))
	if limit := all.full.Limit(); limit == "master" {
		text += ", where the master is full"
	}
	return Sentence(text)
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
func (f Forecast) assumptions(of forecast.System) string {
	task := "computes all that time"
	worker := of.Length
	if of.Waits {
		task = fmt.Sprintf("waits %s besides", number.Span(of.Length))
		worker = of.Worker
	}
	return fmt.Sprintf("Foretold, not measured. p99 is the latency that one in a hundred tasks exceeds, from being due to its answer at the master, where tasks come at random at %s of the throughput beside it. "+
		"Assumed: a task costs the queue's server %s of CPU time, the master %s and its worker %s, as measured at one worker, however many there are, and %s; all tasks are equally long; "+
		"each worker has a core of its own, so has each stream, and the one master; a stream handles one message after another, with all the CPU time of the server; "+
		"a message between machines is %s on its way; a worker holds up to %d tasks, and streams give them out in turn. "+
		"A network that is full, a server that slows down with many connections, and machines that fail are not foretold.",
		number.Percent(foretoldLoad), number.Span(of.Queue), number.Span(of.Master), number.Span(worker), task, number.Span(float64(f.Hop)), of.Prefetch)
}
