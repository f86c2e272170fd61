// Package advice answers how many workers to run a command by at once, from rounds of trials,
// and says which numbers to try next. Everything here is a pure function.
//
// The answer is the smallest number of which no larger one brings at least 2 % more tasks in a
// second, by the rules of package contest.
//
// Numbers are tried by doubling as long as it pays, then between the neighbours of the best.
// That finds the best where more workers bring more up to some number, and no more or less
// beyond it, as Amdahl's law and the Universal Scalability Law have it; a second hill beyond a
// valley it does not find.
//
// Where all cores are busy and other programs hold some of them, more workers bring more by
// taking that from the others. Their rate is then counted as if they had the cores that they
// have work for (fair), and none more are advised than have work for all cores (enoughFor).
package advice

import (
	"maps"
	"math"
	"slices"

	"parcon/report/contest"
	"parcon/report/stat"
)

// A Setting is what bounds the number of workers.
type Setting struct {
	Cores     float64 // that may be used
	Most      int     // workers, at most
	Memory    float64 // bytes for all workers; 0: not known
	PerWorker float64 // bytes of one, as first seen; 0: not known
}

// A Trial is what some tasks by so many workers gave. What is not known is NaN.
type Trial struct {
	Round, Workers int
	Failed         string  // the reason; "" if it did not
	Rate           float64 // tasks in a second
	Busy           float64 // cores
	Others         float64 // cores that other programs kept busy
	CPU            float64 // seconds of CPU time for a task
	Delay          float64 // seconds for which a task was ready and waited for a core
	Took           float64 // seconds that a task took
	IO             float64 // share of the time in which somebody waited for a disk
	Peak           float64 // bytes, the most that a worker took
	Left           float64 // processes that a task left behind
}

// view is the trials as they are looked at.
type view struct {
	Setting
	trials  []Trial
	workers []int              // that were tried, ascending
	rates   contest.Table[int] // of workers
	alone   float64            // cores that one worker has work for
	enough  int                // workers that have work for all cores; 0: see enoughFor
}

func look(s Setting, trials []Trial) view {
	v := view{Setting: s, trials: trials, rates: contest.Table[int]{}}
	v.alone = v.demand()
	for _, t := range trials {
		v.rates.Add(t.Workers, t.Round, v.fair(t))
	}
	v.workers = slices.Sorted(maps.Keys(v.rates))
	v.enough = v.enoughFor()
	return v
}

// demand is how many cores one worker has work for: those that it kept busy of the time in
// which it did not wait for one.
func (v view) demand() float64 {
	var all []float64
	for _, t := range v.trials {
		if t.Workers == 1 && t.Failed == "" {
			all = append(all, contest.Demand(t.CPU, t.Took, t.Delay))
		}
	}
	return stat.SeriesOf(all).Median()
}

// fair is a trial's rate had no other program run, where that can be told. What mostly waits is
// left as it is, but where many together have work for all cores.
func (v view) fair(t Trial) float64 {
	if t.Failed != "" || !(t.Rate > 0) || math.IsInf(t.Rate, 0) {
		return math.NaN()
	}
	wanted := min(v.Cores, float64(t.Workers)*v.alone)
	if v.alone > 0.5 || contest.Full(wanted, v.Cores) {
		return t.Rate * contest.Slowed(wanted, t.Busy, t.Others, v.Cores)
	}
	return t.Rate
}

// enoughFor is how many workers have work for all cores where other programs held some of them
// in most trials, and the command computes: more workers could only take from the others. 0 where
// that is not so, and trials tell.
func (v view) enoughFor() int {
	taken, of := 0, 0
	for _, t := range v.trials {
		if t.Failed == "" {
			of++
			if fair := v.fair(t); fair > t.Rate {
				taken++
			}
		}
	}
	if taken == 0 || 2*taken < of || !(v.alone > 0.5) {
		return 0
	}
	return int(max(1, math.Round(v.Cores/v.alone)))
}

// fits is how many workers there may be.
func (v view) fits() int {
	most := v.Most
	if per := v.perWorker(); v.Memory > 0 && per > 0 {
		most = int(min(float64(most), v.Memory/per))
	}
	if v.enough > 0 {
		most = min(most, v.enough)
	}
	return max(1, most)
}

// perWorker is the memory of one, in bytes; 0 if it is not known.
func (v view) perWorker() float64 {
	most := v.PerWorker
	for _, t := range v.trials {
		if t.Peak > most { // false for NaN
			most = t.Peak
		}
	}
	return most
}

// fails says that so many workers are none to recommend: more than a quarter of their trials
// failed.
func (v view) fails(workers int) bool {
	failed := v.failures(workers)
	return failed > 0 && 4*failed > len(v.rates[workers])
}

func (v view) failures(workers int) (failed int) {
	for _, rate := range v.rates[workers] {
		if math.IsNaN(rate) {
			failed++
		}
	}
	return failed
}

// alive are the numbers that may be recommended.
func (v view) alive() []int {
	most := v.fits()
	return slices.DeleteFunc(slices.Clone(v.workers), func(w int) bool { return v.fails(w) || w > most })
}

// A finding is what is certain of a pair.
type finding int

const (
	open finding = iota
	hopeless
	close // whether it is worth it cannot be told yet, but it is surely little
	more  // the larger number surely brings what is worth it
	less  // it surely does not
)

// little is a gain that is not looked at any longer after so many rounds.
const (
	little  = 1.05
	patient = 12
)

// compare says it of two numbers of workers, of which the second is smaller.
func (v view) compare(of, over int) finding {
	s, need := v.rates.Ratio(of, over), v.rates.Odds()
	above, below := s.Highest(contest.Worth, math.Inf(1)), s.Highest(0, contest.Worth)
	switch {
	case above >= need && above >= below:
		return more
	case below >= need:
		return less
	case s.N() >= patient && s.Running().High < little:
		return close
	case stat.Hopeless(s.N(), max(s.RightInside(contest.Worth, math.Inf(1)), s.RightInside(0, contest.Worth)), need):
		return hopeless
	}
	return open
}

// first is the smallest number that may be the answer: no larger one surely or clearly brings
// more; 0 if all fail. Where one brings more than some number, it does so over all that are
// smaller still: see the package's comment.
func (v view) first() int {
	alive := v.alive()
	for i, w := range slices.Backward(alive) {
		if slices.ContainsFunc(alive[i+1:], func(x int) bool { return v.compare(x, w) == more || v.clearly(x, w) }) {
			return alive[i+1]
		}
	}
	if len(alive) == 0 {
		return 0
	}
	return alive[0]
}

// What nobody doubts: a gain like this in one round, in each of two, and any in each of several.
const (
	obvious = 1.6
	clear   = 1.25
	several = 5
)

// clearly says that a larger number brought more in every round, so much that it is no matter
// of evidence.
func (v view) clearly(of, over int) bool {
	s := v.rates.Ratio(of, over)
	n := s.N()
	if n == 0 || s.RightInside(contest.Worth, math.Inf(1)) < n {
		return false
	}
	return s.Median() > obvious || n > 1 && s.Median() > clear || n >= several
}

// best is the smallest of which no larger one seems to bring more, however few rounds there
// are.
func (v view) best() int {
	best, _ := contest.First(v.alive(), v.rates.More) // 0 of none
	return best
}

// larger are the larger numbers of which that is found.
func (v view) larger(than int, which ...finding) []int {
	return slices.DeleteFunc(v.alive(), func(x int) bool { return x <= than || !slices.Contains(which, v.compare(x, than)) })
}

// smaller is the largest of the smaller numbers of which it is open whether the given one
// brings more; 0 if there is none, or if that does not matter because a larger one of them
// surely is too small.
func (v view) smaller(than int) int {
	for _, w := range slices.Backward(v.alive()) {
		if w >= than {
			continue
		}
		switch v.compare(than, w) {
		case open:
			return w
		case more:
			return 0
		}
	}
	return 0
}
