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
// Two files that are compared are looked at once: a Sample has the sign test's interval
// and exact p-values, with Hettmansperger and Sheather's interpolation between
// neighbouring values (Confidence intervals based on interpolated order statistics,
// Statistics and Probability Letters 4, 1986), and Holm corrects the rows of a table. It
// asks besides that rounds are independent.
//
// The sign test was chosen by its measured coverage, of the nominal 95 %, and width
// (median of the half-widths, in percent) in 8,000 simulated comparisons each; the
// noise is that of one trial, with a standard deviation of 1 %, or hit by
// slow-downs of up to 60 % (TestMethods makes such a table again):
//
//	noise, rounds            sign test     t             Yuen          signed ranks
//	normal, 10               95.2  1.07    95.2  0.98    94.4  1.13    95.4  1.00
//	normal, 20               95.5  0.78    94.8  0.65    94.9  0.74    95.2  0.67
//	heavy tails (t2), 20     95.1  1.11    96.2  1.34    94.9  1.07    95.2  1.12
//	one in ten slow, 10      94.9  1.68    98.8  9.68    95.9  1.51    95.1  10.4
//	one in ten slow, 20      95.0  1.00    98.0  6.75    95.3  0.96    94.9  1.30
//	one in five slow, 20     95.3  1.41    95.9  9.28    97.6  1.36    95.4  6.30
//	one in three slow, 20    95.0  5.19    95.4  11.3    99.4  5.43    95.2  10.2
//
// It covers what it promises everywhere, as the signed ranks do, and stays
// narrow where trials are ruined, as Yuen's trimmed mean does, whose coverage is
// wrong there. Its price is an interval a tenth to a fifth wider than t's where
// noise is normal. To be nearly certain it needs rounds: n of them cannot tell chances
// below 1/2^n, so that odds of 900 to 1 take 11 rounds at least.
//
// Everything here is a pure function.
package stat

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"

	"parcon/experiments/number"
)

// Level is the level of intervals.
const Level = 0.95

// MinSamples is the least number of samples that has an interval at Level.
const MinSamples = 6

// An Interval is an estimate with its interval, from N samples.
type Interval = number.Interval

// Evidence is what samples say of one unknown number: the centre of values, or
// the ratio of two variants.
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
	// infinite where so few samples cannot be so sure of anything.
	Visible(alpha float64) float64
}

// A Sample is the evidence of values that each stand for one round.
type Sample struct {
	sorted []float64
	ratio  bool // the values are logarithms of ratios
}

// Values makes a sample of values. Those that are no finite number are left out.
func Values(values []float64) Sample {
	x := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	slices.Sort(x)
	return Sample{sorted: x}
}

// Ratios makes a sample of the ratios a[i]/b[i]. Values that are not positive
// numbers have no ratio: their pair is left out. It panics if the lengths
// differ.
func Ratios(a, b []float64) Sample {
	if len(a) != len(b) {
		panic("stat.Ratios: the samples are not paired")
	}
	var logs []float64
	for i := range a {
		if a[i] > 0 && b[i] > 0 {
			logs = append(logs, math.Log(a[i])-math.Log(b[i]))
		}
	}
	s := Values(logs)
	s.ratio = true
	return s
}

// ZeroRatios is Ratios with zero as a value like others: over zero a ratio is
// infinite, of two zeros it is 1. Values below zero, and those that are not finite,
// have none.
func ZeroRatios(a, b []float64) Sample {
	s := Sample{ratio: true}
	for i := range a {
		switch {
		case !(a[i] >= 0 && b[i] >= 0) || math.IsInf(a[i], 0) || math.IsInf(b[i], 0):
		case a[i] == 0 && b[i] == 0:
			s.sorted = append(s.sorted, 0)
		default:
			s.sorted = append(s.sorted, math.Log(a[i])-math.Log(b[i]))
		}
	}
	slices.Sort(s.sorted)
	return s
}

// Interval estimates the median, between order statistics.
func (s Sample) Interval(level float64) Interval {
	x, n := s.sorted, len(s.sorted)
	i := Interval{Estimate: math.NaN(), Low: math.Inf(-1), High: math.Inf(1), N: n}
	if n > 0 {
		i.Estimate = x[(n-1)/2]/2 + x[n/2]/2
	}
	// The low end lies between the d-th value and the next.
	if d, part := place(n, (1-level)/2); d > 0 {
		i.Low = between(x[d-1], x[d], part)
		i.High = between(x[n-d], x[n-d-1], part)
	}
	if s.ratio {
		i.Estimate, i.Low, i.High = math.Exp(i.Estimate), math.Exp(i.Low), math.Exp(i.High)
	}
	return i
}

// between is a point on the way from x to y: x itself where one of them is infinite.
func between(x, y, part float64) float64 {
	if math.IsInf(x, 0) || math.IsInf(y, 0) {
		return x
	}
	return x + (y-x)*part
}

// place finds where the low end of an interval lies whose one-sided error is
// tail: after the d-th smallest of n values, and which part of the way to the
// next. d is 0 if n values cannot be so sure.
func place(n int, tail float64) (d int, part float64) {
	if n < 2 || signTail(n, 1) > tail {
		return 0, 0
	}
	d = sort.Search(n/2, func(i int) bool { return signTail(n, i+1) > tail })
	at, next := signTail(n, d), signTail(n, d+1)
	share := min(1, (tail-at)/(next-at))
	rest := float64(n - 2*d)
	return d, float64(n-d) * share / (float64(d) + rest*share)
}

// signTail is the chance that fewer than d of n values lie below their median.
func signTail(n, d int) float64 {
	if n > exact {
		return distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(d - 1))
	}
	if d > n {
		return 1
	}
	one := math.Ldexp(1, -n) // of n choose 0, and so on
	sum := 0.0
	for i := range d {
		sum += one
		one *= float64(n-i) / float64(i+1)
	}
	return min(1, sum)
}

// exact is up to how many values the sum is taken: above, 2^-n would come near
// the smallest number that there is, and the sum is long.
const exact = 200

// Above is the exact p-value of the sign test: the chance that so few values lie
// at or below their median. It is not interpolated, so that nothing has to be
// assumed for it; a test at some level is a little more careful than the
// interval at that level.
func (s Sample) Above(c float64) float64 { return above(s.sorted, s.scale(c)) }

// Below mirrors Above.
func (s Sample) Below(c float64) float64 {
	mirrored := make([]float64, len(s.sorted))
	for i, v := range s.sorted {
		mirrored[len(mirrored)-1-i] = -v
	}
	return above(mirrored, -s.scale(c))
}

// Visible is that of the sign test, if the noise near its middle is as normal
// noise is: so many of the rounds have to lie on one side, and with a difference
// of so many standard deviations of a round nine in ten repetitions have them.
func (s Sample) Visible(alpha float64) float64 {
	n := len(s.sorted)
	against, i := mostAgainst(n, alpha), s.Interval(Level)
	if against >= 0 && s.ratio && (math.IsInf(s.sorted[0], 0) || math.IsInf(s.sorted[n-1], 0)) {
		return math.NaN() // beside zeros it is no number
	}
	if against < 0 || !i.Known() {
		return math.Inf(1)
	}
	// The share of rounds on the wrong side with which at most that many are.
	wrong := distuv.Beta{Alpha: float64(against + 1), Beta: float64(n - against)}.Quantile(1 - nineInTen)
	// The standard error of a median is 1.2533 times that of a mean.
	round := deviationOf(i) * math.Sqrt(float64(n)) / math.Sqrt(math.Pi/2)
	return math.Exp(distuv.UnitNormal.Quantile(1-wrong) * round)
}

// scale turns what a caller asks about into the values' own scale.
func (s Sample) scale(c float64) float64 {
	if s.ratio {
		return math.Log(max(c, 0))
	}
	return c
}

func above(sorted []float64, c float64) float64 {
	notAbove := sort.Search(len(sorted), func(i int) bool { return sorted[i] > c })
	if math.IsNaN(c) {
		return 1
	}
	return signTail(len(sorted), notAbove+1)
}
