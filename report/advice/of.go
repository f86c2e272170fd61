package advice

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"parcon/experiments/number"
	"parcon/report/scaling"
	"parcon/report/stat"
)

// An Advice is the answer, and what it rests on.
type Advice struct {
	Workers   int           `json:"workers"` // 0: none can be given
	Or        []int         `json:"or"`      // those that cannot be told from it
	Sure      bool          `json:"sure"`    // at odds of 20 to 1
	Speedup   stat.Interval `json:"speedup"` // over one worker, in tasks a second
	Sentence  string        `json:"sentence"`
	Limit     Limit         `json:"limit"`
	PerWorker float64       `json:"bytes_per_worker"` // the most that one took; 0: not known
	Fit       int           `json:"fit"`              // how many have room in the memory that may be used; 0: not known
	Points    []Point       `json:"points"`
	Law       string        `json:"law"` // by which the curve goes, or why none is told
	Notes     []string      `json:"notes"`
}

// A Point is what is known of one number of workers.
type Point struct {
	Workers int           `json:"workers"`
	Trials  int           `json:"trials"`
	Failed  int           `json:"failed"`
	Why     string        `json:"why"`   // the first of these failed
	Rate    float64       `json:"rate"`  // tasks in a second, the middle of the trials
	Ratio   stat.Interval `json:"ratio"` // to one worker
	Busy    float64       `json:"cores_busy"`
	CPU     float64       `json:"cpu_seconds"` // of a task
	Others  float64       `json:"others_busy"`
	Took    float64       `json:"took_seconds"` // by a task
	Delay   float64       `json:"-"`
	IO      float64       `json:"-"`
}

// Columns are the heads of a table of points, whose rows are Row.
var Columns = []string{"at once", "tasks a second", "times one", "cores busy", "CPU time of a task", "trials", "failed"}

// Row is a point as a row of a table.
func (p Point) Row() []string {
	row := []string{strconv.Itoa(p.Workers), "–", "–", "–", "–", strconv.Itoa(p.Trials), strconv.Itoa(p.Failed)}
	if p.Rate > 0 {
		copy(row[1:], []string{number.Short(p.Rate), p.Ratio.In(number.Times), number.Short(p.Busy), number.Span(p.CPU * 1e9)})
	}
	return row
}

// Of answers by the trials so far.
func Of(s Setting, trials []Trial) Advice {
	v := look(s, trials)
	a := Advice{Points: []Point{}, Or: []int{}, Notes: []string{}, PerWorker: v.perWorker()}
	if v.Memory > 0 && a.PerWorker > 0 {
		a.Fit = int(v.Memory / a.PerWorker)
	}
	for _, w := range v.workers {
		a.Points = append(a.Points, v.point(w))
	}
	first := v.first()
	if first == 0 {
		a.Sentence, a.Limit.Name = v.nothing(), NotKnown
		return a
	}
	a.Workers, a.Or = v.choose(first)
	a.Sure = len(v.larger(a.Workers, open, hopeless, close)) == 0 && v.ruledOut(a.Workers)
	a.Speedup = v.overOne(a.Workers)
	a.Limit = v.limit(slices.Max(append([]int{a.Workers}, a.Or...))) // what may be as good is no limit
	a.Notes = append(a.Notes, v.notes()...)
	a.Sentence = v.sentence(a)
	return a
}

// choose is the smallest number of which all larger ones surely bring little more, if there is
// one, else what seems best, and what may be as good.
func (v view) choose(first int) (int, []int) {
	best, or := max(first, v.best()), []int{}
	for _, w := range v.alive() {
		if w < first || w > best {
			continue
		}
		if v.most(w) < nearly {
			return w, or
		}
		or = append(or, w) // it may be as good
	}
	may := append([]int{first}, v.larger(first, open, hopeless, close)...)
	return best, slices.DeleteFunc(may, func(w int) bool { return w == best })
}

// ruledOut says that all smaller numbers surely are too small.
func (v view) ruledOut(than int) bool {
	alive := v.alive()
	i := slices.Index(alive, than)
	return i == 0 || slices.ContainsFunc(alive[i:], func(x int) bool { return v.compare(x, alive[i-1]) == more })
}

// nearly is a gain that is as good as none where it can't be told from none.
const nearly = 1.1

// most is what any larger number brings at most, as a ratio: 0 if none larger was tried, +Inf
// where that is not known.
func (v view) most(than int) (high float64) {
	for _, x := range v.alive() {
		if x > than {
			i := v.rates.Ratio(x, than).Running()
			if !i.Known() {
				return math.Inf(1)
			}
			high = max(high, i.High)
		}
	}
	return high
}

// point is the middle of the trials of so many workers.
func (v view) point(workers int) Point {
	p := Point{Workers: workers, Trials: len(v.rates[workers]), Failed: v.failures(workers)}
	middle := func(of func(Trial) float64) float64 {
		var all []float64
		for _, t := range v.trials {
			if t.Workers == workers && t.Failed == "" {
				all = append(all, of(t))
			}
		}
		if x := stat.SeriesOf(all).Median(); !math.IsNaN(x) && !math.IsInf(x, 0) {
			return x
		}
		return 0 // not known
	}
	for _, t := range v.trials {
		if t.Workers == workers && t.Failed != "" && p.Why == "" {
			p.Why = t.Failed
		}
	}
	p.Rate = middle(func(t Trial) float64 { return t.Rate })
	p.Busy = middle(func(t Trial) float64 { return t.Busy })
	p.CPU = middle(func(t Trial) float64 { return t.CPU })
	p.Others = middle(func(t Trial) float64 { return t.Others })
	p.Took = middle(func(t Trial) float64 { return t.Took })
	p.Delay = middle(func(t Trial) float64 { return t.Delay / t.Took })
	p.IO = middle(func(t Trial) float64 { return t.IO })
	p.Ratio = v.overOne(workers)
	return p
}

// overOne is the ratio to one worker: of the rounds in which both were tried, or else of the
// middles of all their rounds, without an interval.
func (v view) overOne(workers int) stat.Interval {
	i := v.rates.Ratio(workers, 1).Running()
	if i.N == 0 {
		i.Estimate = v.middle(workers) / v.middle(1)
	}
	return i
}

// middle is the middle of the rates of so many workers.
func (v view) middle(workers int) float64 {
	return stat.SeriesOf(slices.Collect(maps.Values(v.rates[workers]))).Median()
}

// lawSeed makes the law of the same trials the same.
const lawSeed = 1

// Law fits a scaling law to the ratios to one worker, which takes a moment, and says it in
// words. Beyond the cores, workers that compute take turns, which it is not about: what waits
// is fitted as far as it was tried.
func Law(s Setting, trials []Trial) string {
	v := look(s, trials)
	if len(v.workers) == 0 {
		return ""
	}
	most := v.workers[len(v.workers)-1]
	if v.point(1).Busy > 0.5 {
		most = min(most, int(v.Cores))
	}
	var points []scaling.Point
	for _, w := range v.alive() {
		if w > most {
			continue
		}
		p := scaling.Point{Workers: w}
		for _, round := range v.rates.Rounds() {
			x, tried := v.rates[w][round]
			one, also := v.rates[1][round]
			if !tried || !also {
				x, one = math.NaN(), 1
			}
			p.Speedups = append(p.Speedups, x/one)
		}
		points = append(points, p)
	}
	laws, declined := scaling.Fit(points, most, lawSeed)
	if declined != "" {
		return "no scaling law is fitted: " + declined
	}
	return laws.USL.String()
}
