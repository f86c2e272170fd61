package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Occurrence is the evidence on something that a trial either shows or does not: Hits
// of N trials did. A trial is the sample here too: the tries inside it share its
// luck.
//
// That something never fails, or can happen, is not a number to be estimated. One
// trial against "every time" refutes it, and one trial for "it happens" proves it;
// no statistics is needed for either. What remains uncertain is what was not seen:
// after N trials without a single exception, more than half of all trials might
// still be exceptions with a chance of 1/2^N only. That is the p-value here.
type Occurrence struct {
	Hits, N int
	Every   bool // the claim is that each trial shows it; else that one does
}

// Interval is that of the share of trials that show it (Clopper and Pearson, as
// in Rate).
func (f Occurrence) Interval(level float64) Interval { return rate(f.Hits, f.N, level) }

// Inside is the one-sided p-value of "the claim is false": 1 without trials.
func (f Occurrence) Inside() float64 {
	switch {
	case f.N == 0:
		return 1
	case f.Every && f.Hits == f.N:
		return math.Exp2(-float64(f.N))
	case !f.Every && f.Hits > 0:
		return 0
	}
	return 1
}

// Outside is the one-sided p-value of "the claim is true".
func (f Occurrence) Outside() float64 {
	switch {
	case f.N == 0:
		return 1
	case f.Every && f.Hits < f.N:
		return 0
	case !f.Every && f.Hits == 0:
		return math.Exp2(-float64(f.N))
	}
	return 1
}

// rate is the exact binomial interval of k in n.
func rate(k, n int, level float64) Interval {
	i := Interval{Estimate: math.NaN(), Low: 0, High: 1, N: n}
	if n < 1 || k < 0 || k > n {
		return i
	}
	x, m, tail := float64(k), float64(n), (1-level)/2
	i.Estimate = x / m
	if k > 0 {
		i.Low = distuv.Beta{Alpha: x, Beta: m - x + 1}.Quantile(tail)
	}
	if k < n {
		i.High = distuv.Beta{Alpha: x + 1, Beta: m - x}.Quantile(1 - tail)
	}
	return i
}
