// Package choice answers under which model, and by how many workers, to run a task, from rounds
// of trials, and says which to try next. Everything here is a pure function.
//
// Two variants are compared by the ratio of their times in the same round, with the evidence of
// package stat, which may be looked at after every round. Each pair is decided at 20 to 1 for
// every pair that there is, so the chance that noise makes an answer wrong that is said to be
// sure is at most 5 %.
//
// Time that other programs took is not counted where that can be told: see fair.
//
// The answer is the simplest variant that none other beats by 2 %. Simple is what needs the least
// code, and the least care: see Models. Of two numbers of workers the smaller is simpler.
package choice

import (
	"cmp"
	"math"
	"slices"

	"parcon/report/stat"
)

// Models are those that may be chosen, the simplest first: nothing at all; a goroutine for
// each task behind a limit; workers and a channel; one core, for which all other code of the
// process must wait too; threads, which cost memory and give nothing to Go code that goroutines
// do not; and processes, to which tasks and answers must be sent.
var Models = []string{Serial, "goroutine", "pool", "loop", "thread", "process-pool", "process"}

// Serial is the baseline.
const Serial = "serial"

// isolated are the models whose tasks share no memory: what is not safe at once is safe there.
var isolated = []string{Serial, "process-pool", "process"}

// worth is the ratio from which a faster variant is worth it.
const worth = 1.02

// A Variant is a model with so many workers.
type Variant struct {
	Model   string `json:"model"`
	Workers int    `json:"workers"`
}

// alone is serial as a variant.
var alone = Variant{Serial, 1}

// A Setting is what is known before anything is measured.
type Setting struct {
	Cores  int
	Unsafe string // why tasks must not run at once in one process; "" if nothing speaks against it
}

// A Trial is one that was run. What is not known is NaN.
type Trial struct {
	Variant
	Round  int
	Failed string  // the reason; "" if it did not
	Wall   float64 // nanoseconds for a task
	CPU    float64 // nanoseconds of CPU time for a task
	Took   float64 // nanoseconds that a task took, the mean
	Delay  float64 // nanoseconds of it for which it was ready and waited for a core
	Peak   float64 // bytes of memory
	Others float64 // cores that other programs kept busy
}

// view is the trials as they are looked at.
type view struct {
	trials   []Trial
	variants []Variant // that were tried, the simplest first
	unsafe   string    // why only isolated models may be chosen; "" if all may
	walls    map[Variant]map[int]float64
	rounds   []int // the numbers of those that there are
}

func look(set Setting, trials []Trial) view {
	v := view{trials: trials, walls: map[Variant]map[int]float64{}}
	for _, t := range trials {
		if v.walls[t.Variant] == nil {
			v.walls[t.Variant] = map[int]float64{}
			v.variants = append(v.variants, t.Variant)
		}
		v.walls[t.Variant][t.Round] = t.fair(float64(set.Cores))
		if n := len(v.rounds); n == 0 || v.rounds[n-1] != t.Round {
			v.rounds = append(v.rounds, t.Round)
		}
	}
	slices.Sort(v.rounds)
	v.rounds = slices.Compact(v.rounds)
	slices.SortFunc(v.variants, func(a, b Variant) int {
		return cmp.Or(cmp.Compare(slices.Index(Models, a.Model), slices.Index(Models, b.Model)), cmp.Compare(a.Workers, b.Workers))
	})
	v.unsafe = cmp.Or(set.Unsafe, v.harm())
	return v
}

// What others take counts from this many cores on, and cores are all busy from this share on.
const (
	noticed = 0.15
	full    = 0.93
)

// fair is a task's time had no other program run, as far as that can be told, so that none is
// chosen because it takes more from the others: without the time for which a task was ready and
// waited for a core, but no less than the cores need for all that was computed, since tasks wait
// for each other too. Where that time is not known, as of processes that have ended, tasks are
// taken to have work for as many cores as there are tasks in flight.
func (t Trial) fair(cores float64) float64 {
	if t.Failed != "" || !(t.Wall > 0) {
		return math.NaN()
	}
	busy, flight := t.CPU/t.Wall, max(1, t.Took/t.Wall)
	wanted := min(cores, flight)
	switch {
	case t.Delay > 0:
		return min(t.Wall, max(t.Wall-t.Delay/flight, t.CPU/cores))
	case math.IsNaN(t.Delay) && t.Others > noticed && busy+t.Others > full*cores && wanted > busy && busy > 0:
		return t.Wall * busy / wanted
	}
	return t.Wall
}

// ratio is how many times the time of another variant one takes.
func (v view) ratio(of, over Variant) stat.Series {
	var a, b []float64
	for _, round := range v.rounds {
		x, tried := v.walls[of][round]
		y, also := v.walls[over][round]
		if tried && also {
			a, b = append(a, x), append(b, y)
		}
	}
	return stat.RatioSeries(a, b)
}

// failures are the reasons of the trials of a variant that failed.
func (v view) failures(of Variant) (reasons []string) {
	for _, t := range v.trials {
		if t.Variant == of && t.Failed != "" {
			reasons = append(reasons, t.Failed)
		}
	}
	return reasons
}

// alive are the variants that may be chosen.
func (v view) alive() []Variant {
	return slices.DeleteFunc(slices.Clone(v.variants), func(x Variant) bool {
		return len(v.failures(x)) > 0 || v.unsafe != "" && !slices.Contains(isolated, x.Model)
	})
}

// odds is the logarithm of those that decide a pair.
func (v view) odds() float64 {
	n := max(4, len(v.variants))
	return math.Log(20 * float64(n*(n-1)/2))
}

// slower says that one variant surely takes more than so many times the time of another one.
func (v view) slower(of, than Variant, bound float64) bool {
	return v.ratio(of, than).Highest(bound, math.Inf(1)) >= v.odds()
}

// fastest is the one with the least time by the middle of the rounds.
func (v view) fastest() (Variant, bool) {
	alive := v.alive()
	if len(alive) == 0 {
		return Variant{}, false
	}
	best := alive[0]
	for _, x := range alive[1:] {
		if v.ratio(x, best).Median() < 1 {
			best = x
		}
	}
	return best, true
}

// chosen is the simplest that the fastest does not beat by what is worth it.
func (v view) chosen() (Variant, bool) {
	fastest, any := v.fastest()
	if !any {
		return Variant{}, false
	}
	for _, x := range v.alive() {
		if v.ratio(x, fastest).Median() < worth {
			return x, true
		}
	}
	return fastest, true
}

// open are the variants of which it is not certain whether they are to be preferred to the
// chosen one: the simpler, that they are slower; the others, that they are not faster by what
// is worth it.
func (v view) open(chosen Variant) (all []Variant) {
	simpler := true
	for _, x := range v.alive() {
		if x == chosen {
			simpler = false
			continue
		}
		bound := 1 / worth
		if simpler {
			bound = 1
		}
		if !v.slower(x, chosen, bound) {
			all = append(all, x)
		}
	}
	return all
}

// Next says of which of the variants another trial would tell something. In the first rounds
// these are all.
func Next(set Setting, all []Variant, trials []Trial) []Variant {
	v := look(set, trials)
	if len(v.rounds) < leastRounds {
		return slices.DeleteFunc(slices.Clone(all), func(x Variant) bool { return len(v.failures(x)) > 0 })
	}
	chosen, any := v.chosen()
	if !any {
		return nil
	}
	next := slices.DeleteFunc(v.open(chosen), func(x Variant) bool { return v.given(x, chosen) })
	if len(next) == 0 {
		return nil
	}
	return append(next, chosen)
}

// leastRounds is how many of them every variant has.
const leastRounds = 3

// given says that what is open of a pair will hardly ever be decided.
func (v view) given(x, chosen Variant) bool {
	s, need := v.ratio(x, chosen), v.odds()
	return stat.Hopeless(s.N(), s.RightInside(1/worth, math.Inf(1)), need)
}
