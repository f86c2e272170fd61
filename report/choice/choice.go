// Package choice answers under which model, and by how many workers, to run a task, from rounds
// of trials, and says which to try next. Everything here is a pure function.
//
// The answer is the simplest variant that none other beats by 2 %, by the rules of package contest.
// Simple is what needs the least code, and the least care: see Models. Of two numbers of workers the
// smaller is simpler.
//
// Time that other programs took is not counted where that can be told: see fair.
package choice

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"parcon/report/contest"
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
	walls    contest.Table[Variant]
}

func look(set Setting, trials []Trial) view {
	v := view{trials: trials, walls: contest.Table[Variant]{}}
	share := v.share()
	for _, t := range trials {
		v.walls.Add(t.Variant, t.Round, t.fair(float64(set.Cores), share))
	}
	v.variants = slices.SortedFunc(maps.Keys(v.walls), func(a, b Variant) int {
		return cmp.Or(cmp.Compare(slices.Index(Models, a.Model), slices.Index(Models, b.Model)), cmp.Compare(a.Workers, b.Workers))
	})
	v.unsafe = cmp.Or(set.Unsafe, v.harm())
	return v
}

// fair is a task's time had no other program run, as far as that can be told, so that none is
// chosen because it takes more from the others. Tasks have work for as many cores as are in
// flight, each for a share of its time: where they had those, as tasks that wait mostly have,
// nothing was taken from them. Else it is without the time for which a task was ready and waited
// for a core, but no less than the cores need for all that was computed, since tasks wait for each
// other too. Of processes that have ended that time is not known.
func (t Trial) fair(cores, share float64) float64 {
	if t.Failed != "" || !(t.Wall > 0) {
		return math.NaN()
	}
	flight := max(1, t.Took/t.Wall)
	busy, wanted := t.CPU/t.Wall, min(cores, share*flight)
	switch {
	case math.IsNaN(t.Delay):
		return t.Wall / contest.Slowed(wanted, busy, t.Others, cores)
	case t.Others > contest.Noticed && wanted > busy:
		return min(t.Wall, max(t.Wall-t.Delay/flight, t.CPU/cores))
	}
	return t.Wall
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

// slower says that one variant surely takes more than so many times the time of another one.
func (v view) slower(of, than Variant, bound float64) bool {
	return v.walls.Ratio(of, than).Highest(bound, math.Inf(1)) >= v.walls.Odds()
}

// chosen is the simplest that takes no more time than another by what is worth it, as far as is seen.
func (v view) chosen() (Variant, bool) {
	return contest.First(v.alive(), func(x, than Variant) bool { return v.walls.More(than, x) })
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
		bound := 1 / contest.Worth
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
	if len(v.walls.Rounds()) < leastRounds {
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
	s, need := v.walls.Ratio(x, chosen), v.walls.Odds()
	return stat.Hopeless(s.N(), s.RightInside(1/contest.Worth, math.Inf(1)), need)
}
