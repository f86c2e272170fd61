// Package contest compares those that were measured in the same rounds, for an answer that is the
// simplest of them that none of the others beats by 2 %. Everything here is a pure function.
//
// Two of them are compared by the ratio of what they gave in each round that had both, with the
// evidence of package stat, which may be looked at after every round. Each pair is decided at 20 to 1
// for every pair that there is, so the chance that noise makes an answer wrong that is said to be
// sure is at most 5 %.
package contest

import (
	"maps"
	"math"
	"slices"

	"parcon/report/stat"
)

// Worth is the ratio from which a better one is worth it.
const Worth = 1.02

// A Table is what each gave in each round, by the round's number; NaN where it failed.
type Table[C comparable] map[C]map[int]float64

// Add notes what one gave in a round.
func (t Table[C]) Add(of C, round int, gave float64) {
	if t[of] == nil {
		t[of] = map[int]float64{}
	}
	t[of][round] = gave
}

// Rounds are the numbers of those that there are, ascending.
func (t Table[C]) Rounds() []int {
	var all []int
	for _, rounds := range t {
		all = slices.AppendSeq(all, maps.Keys(rounds))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Ratio is how many times what another one gave one gave, in the rounds of both.
func (t Table[C]) Ratio(of, over C) stat.Series {
	var a, b []float64
	for _, round := range slices.Sorted(maps.Keys(t[of])) {
		if y, both := t[over][round]; both {
			a, b = append(a, t[of][round]), append(b, y)
		}
	}
	return stat.RatioSeries(a, b)
}

// seen is the gain that makes one round worth a further look.
const seen = 1.05

// More says that one seems to give more than another by what is worth it, in more rounds than chance would
// easily have: by one standard deviation of their number. The highest of many that are alike is none
// of these.
func (t Table[C]) More(of, over C) bool {
	s := t.Ratio(of, over)
	n, right := s.N(), s.RightInside(Worth, math.Inf(1))
	if n == 1 {
		return s.Median() >= seen
	}
	return n > 1 && s.Median() >= Worth && float64(2*right-n) >= math.Sqrt(float64(n))
}

// Odds is the logarithm of those at which a pair is decided.
func (t Table[C]) Odds() float64 {
	n := max(4, len(t))
	return math.Log(20 * float64(n*(n-1)/2))
}

// First is the first of some, the simplest first, that none after it beats; false if there are none.
func First[C any](all []C, beats func(x, than C) bool) (first C, ok bool) {
	for i, x := range all {
		if !slices.ContainsFunc(all[i+1:], func(y C) bool { return beats(y, x) }) {
			return x, true
		}
	}
	return first, false
}
