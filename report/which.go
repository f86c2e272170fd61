package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/stat"
	"parcon/results"
)

// Work is a kind of tasks that somebody has.
type Work struct {
	Share  float64       // of its time that a task computes, 0 to 1; for the rest it waits
	Length time.Duration // of a task that is alone; 0: as those that were measured
	Memory float64       // bytes that all of it may take at most; 0: any
}

// A Choice is what to use for a work, and how far everything else is from it. It rests on
// what was measured at the nearest shares of CPU time on either side, whose intervals it
// takes together. Between them a model is reckoned to take the time on the straight line,
// which is no less than it takes: more work is limited by one thing at a time. For
// shorter tasks what handing one over costs is added, which was measured apart.
type Choice struct {
	Work     Work
	Best     Rival
	Rivals   []Rival       // all that were measured, the simplest first; Best is one of them
	Shares   []int         // percent: what it rests on
	Measured time.Duration // how long the tasks were; 0: the file does not tell
}

// A Rival is a model as it does some work.
type Rival struct {
	Model   string
	Workers int
	Gain    stat.Interval // its work over that of serial code in the same time
	Memory  float64       // bytes at the peak, of all its processes; NaN: not measured
	Behind  stat.Interval // the best one's work over its own
	Place   Place

	own, handed stat.Interval // the time of a task, and what handing it over adds, over serial code's
}

// A Place is where a rival stands beside the best one.
type Place string

// The best is the simplest of those that are as good as the fastest.
const (
	IsBest     Place = "best"
	IsAsGood   Place = "as good"
	IsBehind   Place = "behind"
	IsOpen     Place = "not told apart"
	IsTooLarge Place = "too much memory"
	IsUnknown  Place = "not measured"
)

// rivals are the models that one can choose in Go, the simplest first: no more is to be
// learnt, started or kept in memory for one than for those after it.
var rivals = []string{"serial", "loop", "goroutine", "thread", "process-pool"}

// handing is what measures the time to hand a task over to a model's workers. A thread's
// are not measured apart, and of serial code there are none.
var handing = map[string]variant.Variant{
	"loop":         variant.New("mechanism", "create").With("unit", "goroutine"),
	"goroutine":    variant.New("mechanism", "create").With("unit", "goroutine"),
	"process-pool": variant.New("mechanism", "submit").With("way", "map").With("transport", "pipe").With("workers", "2").With("chunk", "1"),
}

// asGood is by how much at most one is behind another that is as good: as well, in the
// words of the claims.
const asGood = 1.1

// shortestWait is the length of tasks that wait down to which those that were measured
// tell of them: a wake-up from a wait is some 50 us late (timerslack_ns, proc(5)), however
// short it is, and so is each turn after it.
const shortestWait = time.Millisecond

// Which says what to use for a work, by the trials of the mixing experiment.
func Which(t *Table, w Work) (Choice, error) {
	cores, known := t.cores()
	v := viewOf(t, cores)
	switch {
	case len(v.mixed.cells) == 0:
		return Choice{}, errors.New("the run holds nothing to choose by: measure it with `parcon run mixing costs`")
	case !known:
		return Choice{}, errors.New("the file does not tell the number of cores, which its models had")
	case !(w.Share >= 0 && w.Share <= 1):
		return Choice{}, fmt.Errorf("a CPU share of %v: give one from 0 to 1", w.Share)
	}
	c := Choice{Work: w, Shares: nearest(v.shares(), 100*w.Share)}
	if length, err := time.ParseDuration(t.Get(results.KeyTaskMix)); err == nil {
		c.Measured = length
	}
	if c.reckoned() && c.Measured == 0 {
		return Choice{}, errors.New("the file does not tell how long its tasks were, so that shorter ones cannot be reckoned")
	}
	if c.reckoned() && w.Share < 1 && w.Length < shortestWait {
		return Choice{}, fmt.Errorf("tasks that wait and take %v were not measured, and what a wait costs beside its time does not shrink with it: give %v at least, or measure yours with `parcon advise`", w.Length, shortestWait)
	}
	for _, m := range rivals {
		c.Rivals = append(c.Rivals, c.rival(v, m))
	}
	if !slices.ContainsFunc(c.Rivals, func(r Rival) bool { return r.Model != "serial" && r.Gain.Known() }) {
		return Choice{}, errors.New("the mix was measured in too few rounds to tell one model from another: measure it longer, as with `parcon run mixing costs`")
	}
	if err := c.choose(v); err != nil {
		return Choice{}, err
	}
	return c, nil
}

// nearest are the one or two of some shares, which ascend, on either side of another.
func nearest(shares []int, share float64) []int {
	i := slices.IndexFunc(shares, func(s int) bool { return float64(s) >= share-0.5 })
	switch {
	case i < 0:
		return shares[len(shares)-1:]
	case i == 0 || float64(shares[i]) <= share+0.5:
		return shares[i : i+1]
	}
	return shares[i-1 : i+1]
}

// reckoned says whether tasks are shorter than those that were measured.
func (c Choice) reckoned() bool {
	return c.Work.Length > 0 && (c.Measured == 0 || c.Work.Length < c.Measured)
}

// between is what lies at the work's share of what was measured on either side: on a
// straight line, and all that is possible there.
func (c Choice) between(at func(share int) stat.Interval) stat.Interval {
	a, b := at(c.Shares[0]), at(c.Shares[len(c.Shares)-1])
	to := 0.0
	if len(c.Shares) > 1 {
		to = (100*c.Work.Share - float64(c.Shares[0])) / float64(c.Shares[1]-c.Shares[0])
	}
	return stat.Interval{
		Estimate: (1-to)*a.Estimate + to*b.Estimate, Low: min(a.Low, b.Low), High: max(a.High, b.High), N: min(a.N, b.N),
	}
}

// rival is a model at the work, as it was measured: it stands nowhere yet.
func (c Choice) rival(v view, m string) Rival {
	r := Rival{Model: m, Workers: v.mixWorkers(m), Memory: math.NaN(), Place: IsUnknown}
	r.own = c.between(func(share int) stat.Interval { return v.took(share, m, "serial") })
	r.handed = c.handed(v, m)
	r.Gain = plus(r.own, r.handed).Inverse(1)
	if peak := c.between(func(share int) stat.Interval {
		return v.mixed.center(mixTask(share), m, r.Workers, "peak-rss-bytes")
	}); peak.N > 0 {
		r.Memory = peak.Estimate
	}
	return r
}

// took is the time of a task under a model over that under another.
func (v view) took(share int, m, base string) stat.Interval {
	return v.table.ratio("mixing", cell(mixTask(share), m, v.mixWorkers(m)), cell(mixTask(share), base, v.mixWorkers(base)), "ns/op")
}

// handed is what handing a task over costs beyond what it cost those that were measured,
// in times of the work's length. Its N is 0 where that was not measured.
func (c Choice) handed(v view, m string) stat.Interval {
	if m == "serial" || !c.reckoned() {
		return stat.Interval{N: math.MaxInt}
	}
	of, ok := handing[m]
	if !ok {
		return stat.Interval{}
	}
	share := 1/float64(c.Work.Length) - 1/float64(c.Measured)
	return v.table.center("costs", of, "ns/op").Over(1 / share)
}

// plus is the sum of two estimates, as wide as both together.
func plus(a, b stat.Interval) stat.Interval {
	return stat.Interval{Estimate: a.Estimate + b.Estimate, Low: a.Low + b.Low, High: a.High + b.High, N: min(a.N, b.N)}
}

// choose finds the fastest, what is as good, and of these the simplest.
func (c *Choice) choose(v view) error {
	may := func(r Rival) bool { return r.Gain.N > 0 && !c.tooLarge(r) }
	fastest := -1
	for i, r := range c.Rivals {
		if may(r) && (fastest < 0 || r.Gain.Estimate > c.Rivals[fastest].Gain.Estimate) {
			fastest = i
		}
	}
	if fastest < 0 {
		return fmt.Errorf("nothing that was measured takes %s or less: give more memory", number.Mebibytes(c.Work.Memory))
	}
	best := fastest
	for i, r := range slices.Backward(c.Rivals) {
		behind := c.behind(v, r, c.Rivals[fastest])
		good := behind.Known() && behind.Low >= 1/asGood && behind.High <= asGood
		if r.Model == "serial" { // it is what a gain must be sure over
			good = !(c.Rivals[fastest].Gain.Known() && c.Rivals[fastest].Gain.Low > 1)
		}
		if may(r) && good {
			best = i // the simplest comes last
		}
	}
	for i := range c.Rivals {
		r := &c.Rivals[i]
		r.Behind = c.behind(v, *r, c.Rivals[best])
		r.Place = c.place(*r, i == best)
	}
	c.Best = c.Rivals[best]
	return nil
}

func (c Choice) tooLarge(r Rival) bool {
	return c.Work.Memory > 0 && !(r.Memory <= c.Work.Memory)
}

// behind is the best one's work over a rival's own, by what both did in the same rounds.
func (c Choice) behind(v view, r, best Rival) stat.Interval {
	if r.Model == best.Model {
		return stat.Interval{Estimate: 1, Low: 1, High: 1, N: r.own.N}
	}
	over := c.between(func(share int) stat.Interval { return v.took(share, r.Model, best.Model) })
	reckon := func(over, mine, other float64) float64 {
		return (over*best.own.Estimate + mine) / (best.own.Estimate + other)
	}
	return stat.Interval{
		Estimate: reckon(over.Estimate, r.handed.Estimate, best.handed.Estimate),
		Low:      reckon(over.Low, r.handed.Low, best.handed.High),
		High:     reckon(over.High, r.handed.High, best.handed.Low),
		N:        min(over.N, r.handed.N, best.handed.N),
	}
}

func (c Choice) place(r Rival, best bool) Place {
	switch {
	case r.Gain.N == 0 || r.Behind.N == 0:
		return IsUnknown
	case c.Work.Memory > 0 && math.IsNaN(r.Memory):
		return IsUnknown
	case c.tooLarge(r):
		return IsTooLarge
	case best:
		return IsBest
	case r.Behind.Known() && r.Behind.Low >= 1/asGood && r.Behind.High <= asGood:
		return IsAsGood
	case r.Behind.Known() && r.Behind.Low > 1:
		return IsBehind
	}
	return IsOpen
}

// String is the choice as a sentence, without its full stop.
func (c Choice) String() string {
	b := c.Best
	use := fmt.Sprintf("Use %s with %s: %s the work of serial code", b.Model, number.Plural(b.Workers, "worker"), b.Gain.In(number.Times))
	if b.Model == "serial" {
		use = "Run them one after another: nothing is surely faster"
	}
	parts := []string{use}
	for _, also := range []struct {
		place Place
		words string
	}{{IsAsGood, "as good: %s"}, {IsBehind, "behind: %s"}, {IsOpen, "not told apart from it: %s"}, {IsTooLarge, "too large: %s"}, {IsUnknown, "not measured for this: %s"}} {
		if named := c.named(also.place); named != "" {
			parts = append(parts, fmt.Sprintf(also.words, named))
		}
	}
	return strings.Join(parts, "; ")
}

// named lists the rivals in a place, with what matters there.
func (c Choice) named(p Place) string {
	var all []string
	for _, r := range c.Rivals {
		switch {
		case r.Place != p:
		case p == IsBehind || p == IsOpen:
			all = append(all, fmt.Sprintf("%s, by %s", r.Model, r.Behind.In(number.Times)))
		case p == IsTooLarge:
			all = append(all, fmt.Sprintf("%s (%s)", r.Model, number.Mebibytes(r.Memory)))
		default:
			all = append(all, r.Model)
		}
	}
	return strings.Join(all, ", ")
}

// Basis says what the choice rests on, as a sentence without its full stop.
func (c Choice) Basis() string {
	var shares []string
	for _, s := range c.Shares {
		shares = append(shares, fmt.Sprintf("%d %%", s))
	}
	basis := "measured at " + strings.Join(shares, " and ") + " CPU"
	if c.Measured > 0 {
		basis += fmt.Sprintf(", with tasks of %v", c.Measured)
	}
	if c.reckoned() {
		basis += "; for shorter ones what it costs to hand one over is added"
	}
	return basis
}

// choiceRow is a choice for programs. Numbers that do not exist are null.
type choiceRow struct {
	Answer   string     `json:"answer"`
	Basis    string     `json:"basis"`
	Share    float64    `json:"cpu_share"`
	Length   float64    `json:"task_ns,omitempty"`
	Model    string     `json:"model"`
	Workers  int        `json:"workers"`
	Shares   []int      `json:"measured_cpu_percent"`
	Measured int64      `json:"measured_task_ns"`
	Rivals   []rivalRow `json:"rivals"`
}

type rivalRow struct {
	Model   string        `json:"model"`
	Workers int           `json:"workers"`
	Place   Place         `json:"place"`
	Gain    stat.Interval `json:"over_serial"`
	Behind  stat.Interval `json:"best_over_it"`
	Memory  *float64      `json:"memory_bytes"`
}

// Row is the choice for encoding/json.
func (c Choice) Row() any {
	row := choiceRow{
		Answer: c.String() + ".", Basis: c.Basis(), Share: c.Work.Share, Length: float64(c.Work.Length),
		Model: c.Best.Model, Workers: c.Best.Workers, Shares: c.Shares, Measured: int64(c.Measured),
	}
	for _, r := range c.Rivals {
		row.Rivals = append(row.Rivals, rivalRow{r.Model, r.Workers, r.Place, r.Gain, r.Behind, number.Finite(r.Memory)})
	}
	return row
}
