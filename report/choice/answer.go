package choice

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/report/contest"
	"parcon/report/stat"
)

// An Answer is what the trials say.
type Answer struct {
	Sentence string          `json:"sentence"`
	Kind     string          `json:"kind"` // computes, waits or both
	Share    float64         `json:"cpu_share"`
	Best     Variant         `json:"best"`
	Sure     bool            `json:"sure"`
	Speedup  number.Interval `json:"speedup"`          // over serial
	Unsafe   string          `json:"unsafe,omitempty"` // why only isolated models are chosen
	Notes    []string        `json:"notes"`
	Points   []Point         `json:"variants"`
}

// A Point is one variant, beside serial.
type Point struct {
	Variant
	Wall   float64         `json:"ns_per_call"`
	Times  number.Interval `json:"times_serial"`
	CPU    float64         `json:"cpu_ns_per_call"`
	Peak   float64         `json:"peak_bytes"`
	Trials int             `json:"trials"`
	Failed string          `json:"failed,omitempty"`
}

// Of is the answer for a function, whose name is given. ok is false if nothing can be chosen.
func Of(name string, set Setting, trials []Trial) (a Answer, ok bool) {
	v := look(set, trials)
	best, ok := v.chosen()
	if !ok || !slices.Contains(v.alive(), alone) { // there is nothing to compare with
		return Answer{}, false
	}
	a = Answer{Best: best, Unsafe: v.unsafe}
	a.Share = v.share()
	a.Kind = kind(a.Share)
	for _, x := range v.variants {
		a.Points = append(a.Points, v.point(x))
	}
	slices.SortStableFunc(a.Points, func(p, q Point) int { return cmp.Compare(known(q.Times.Estimate), known(p.Times.Estimate)) })
	open := v.open(best)
	a.Sure = len(open) == 0
	a.Speedup = v.times(best)
	a.Sentence = v.sentence(name, a)
	a.Notes = v.notes(best, open)
	return a, true
}

// known is a number, 0 for what is not known.
func known(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// From which CPU share on a function computes, and below which it waits.
const (
	computing = 0.9
	waiting   = 0.1
)

func kind(share float64) string {
	switch {
	case share >= computing:
		return "computes"
	case share < waiting:
		return "waits"
	}
	return "computes and waits"
}

// times is how many times as fast as serial a variant is.
func (v view) times(x Variant) number.Interval {
	if x == alone {
		return number.Interval{Estimate: 1, Low: 1, High: 1, N: len(v.walls[x])}
	}
	return v.walls.Ratio(alone, x).Running()
}

func (v view) point(x Variant) Point {
	p := Point{Variant: x, Times: v.times(x), Trials: len(v.walls[x])}
	var walls []float64
	for _, t := range v.trials {
		if t.Variant == x && t.Failed == "" {
			walls = append(walls, v.walls[x][t.Round])
			p.Peak = max(p.Peak, known(t.Peak))
		}
	}
	p.Wall = stat.SeriesOf(walls).Median()
	_, p.CPU = v.of(x)
	if reasons := v.failures(x); len(reasons) > 0 {
		p.Failed = reasons[0]
	}
	p.Wall, p.CPU = known(p.Wall), known(p.CPU)
	return p
}

// share is which part of a task's time alone it had work for a core, without the time for
// which it waited for one; 1 if nothing is known.
func (v view) share() float64 {
	var all []float64
	for _, t := range v.trials {
		if t.Variant == alone && t.Failed == "" {
			all = append(all, contest.Demand(t.CPU, t.Took, t.Delay))
		}
	}
	if share := stat.SeriesOf(all).Median(); !math.IsNaN(share) {
		return number.AtMostAll(share)
	}
	return 1
}

// sentence is the answer in one.
func (v view) sentence(name string, a Answer) string {
	unsafe := ""
	if a.Unsafe != "" {
		unsafe = "not safe: " + a.Unsafe + ". "
	}
	what := "run it under " + a.Best.Model + " by " + number.Plural(a.Best.Workers, "worker") + ", " + a.Speedup.In(number.Times) + " as fast as serially"
	if a.Best.Model == Serial {
		what = "call it serially, nothing is faster by 2 %"
	}
	if !a.Sure {
		what += ", as far as these rounds can tell"
	}
	return unsafe + name + " " + a.Kind + " (" + number.Percent(a.Share) + " of its time on a core): " + what
}

// others is how many cores other programs kept busy, in the middle; 0 if nobody knows.
func (v view) others() float64 {
	var all []float64
	for _, t := range v.trials {
		all = append(all, t.Others)
	}
	return known(stat.SeriesOf(all).Median())
}

// notes say what it costs, and what is not certain.
func (v view) notes(best Variant, open []Variant) (notes []string) {
	serial, here := v.point(alone), v.point(best)
	if best.Model != Serial && serial.CPU > 0 && here.CPU > 0 {
		notes = append(notes, "it costs "+number.Times(here.CPU/serial.CPU)+" the CPU time of a call, and "+number.Mebibytes(here.Peak)+" of memory at its peak where serial has "+number.Mebibytes(serial.Peak))
	}
	if best.Model != Serial && slices.Contains(isolated, best.Model) {
		notes = append(notes, "each process has memory of its own: what calls leave in variables, and locks in them, they do not share")
	}
	if others := v.others(); others > contest.Noticed {
		notes = append(notes, "other programs kept "+number.Short(others)+" cores busy: times are counted as if they had not run, as far as that can be told")
	}
	var same, doubt []string
	for _, x := range v.alive() {
		if x == best || x.Workers != best.Workers && x.Model != Serial {
			continue
		}
		if i := v.walls.Ratio(x, best).Running(); i.Low > 1/contest.Worth && i.High < contest.Worth {
			same = append(same, x.Model)
		}
	}
	if len(same) > 0 {
		notes = append(notes, "within 2 % of it are "+strings.Join(same, ", ")+": it is the simplest of them")
	}
	for _, x := range open {
		doubt = append(doubt, x.String())
	}
	if len(doubt) > 0 {
		notes = append(notes, "not certain beside "+strings.Join(doubt, ", ")+": a longer --budget tells more")
	}
	return notes
}
