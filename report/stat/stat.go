// Package stat estimates from few, noisy samples, and says how sure it is.
//
// A sample is one trial: the tasks inside it share its luck and are never
// counted. Two variants are compared round by round. The ratio of two trials
// that ran close together is free of the drift between rounds, and what differs
// from trial to trial within a round is in its spread, so the ratio of a round is
// one value, and the number of rounds is n.
//
// The estimate is the median of these values. Two kinds of evidence say how sure it is.
//
// A run that is going on is looked at after every round, and ends when it is decided: a
// Series is evidence that may be looked at any time. It is the sign test as a bet (see
// LogOdds), and its intervals are that bet inverted. It asks of a round, given those
// before it, that it is as likely to lie above the truth as below; the random order
// within a round brings that about where a disturbance hits either side alike. Where it
// does not (a neighbour on one of two cores hits what uses both, and not what uses one),
// the truth is the median ratio on the machine as it was, that neighbour included.
//
// Two files that are compared are looked at once: their pairs by the sign test with its
// exact p-values (Once), other samples by their ranks (Shift), and Holm corrects the rows
// of a table. That asks besides that rounds are independent.
//
// The bet on signs was chosen by what it does where there is nothing to find: how often,
// of 10,000 simulated runs looked at after each of 200 rounds, it ever reaches 1,380 to
// 1, of which 7 are allowed, beside tests at p = 1/1,380 (TestMethods makes the table
// again):
//
//	noise                  bet on signs   sign test   t test
//	normal                            3          65      123
//	heavy tails (t2)                  8          68       65
//	skewed                            4          53    9,450
//
// It keeps its promise under skewed and heavy-tailed noise, as real noise is, where no
// method does that goes by sizes. Its price are rounds: n of them cannot tell chances
// below 1/2^n, so that odds of 900 to 1 take 11 rounds at least. What it does not stand
// are rounds that lean on each other (see Lean) and a drift within a round.
//
// Everything here is a pure function.
package stat

import (
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"parcon/experiments/number"
)

// Level is the level of intervals.
const Level = 0.95

// MinSamples is the least number of samples that has an interval at Level, for who looks
// once.
const MinSamples = 6

// An Interval is an estimate with its interval, from N samples.
type Interval = number.Interval

// Evidence is what samples that are looked at once say of one unknown number: the centre
// of values, or the ratio of two variants.
type Evidence interface {
	// Interval covers the number with probability level.
	Interval(level float64) Interval
	// Above is the one-sided p-value of "it is at most c": small if the samples
	// speak for a number above c.
	Above(c float64) float64
	// Below is the one-sided p-value of "it is at least c".
	Below(c float64) float64
	// Visible is the smallest difference from a ratio of 1, as a factor above 1,
	// that nine in ten repetitions of the same measurement would tell, where the
	// chance of telling one that is not there must be at most alpha. It is
	// infinite where so few samples cannot be so sure of anything, NaN beside zeros.
	Visible(alpha float64) float64
}

// Once is the evidence of a series that is looked at once, at its end: the sign test.
type Once struct{ Series }

// Interval covers the median with probability level, or more: order statistics go in
// steps.
func (o Once) Interval(level float64) Interval {
	return o.unscaled(inner(o.sorted, o.N(), mostAgainst(o.N(), 1-level)))
}

// Above is the exact p-value of the sign test: the chance that so few rounds lie above
// their median.
func (o Once) Above(c float64) float64 { return signTail(o.N(), o.N()-o.above(c)+1) }

// Below mirrors Above.
func (o Once) Below(c float64) float64 { return signTail(o.N(), o.N()-o.below(c)+1) }

// Visible is that of the sign test.
func (o Once) Visible(alpha float64) float64 { return o.visible(mostAgainst(o.N(), alpha)) }

// mostAgainst is how many of n rounds may lie on the wrong side where the sign test
// decides at the level alpha, two-sided; -1 if it cannot.
func mostAgainst(n int, alpha float64) int {
	return sort.Search(n, func(k int) bool { return 2*signTail(n, k+1) > alpha }) - 1
}

// signTail is the chance that fewer than d of n values lie below their median.
func signTail(n, d int) float64 {
	return distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(d - 1))
}
