// Package stat estimates from few, noisy, paired samples.
//
// A sample is one trial. Two variants are compared round by round: the ratio
// of a pair of trials that ran close together is free of the drift between
// rounds. The estimate is the mean of the middle half of the logarithms of these
// ratios (the 25 % trimmed mean), its interval Yuen's for a trimmed mean, from
// the winsorized variance (Yuen, The two-sample trimmed t for unequal
// population variances, Biometrika 61, 1974; Tukey and McLaughlin 1963).
//
// It was chosen by simulation, 10,000 runs each, of paired noise that is normal,
// exponential, heavy-tailed, or hit by trials that are 35 % slower. Beside the t
// interval and Hodges and Lehmann's, its median width and its coverage of the
// truth were
//
//	noise                 rounds   Yuen             t                Hodges-Lehmann
//	normal                8        0.067   95.6 %   0.045   95.1 %   0.049   96.3 %
//	normal                20       0.031   95.0 %   0.026   95.2 %   0.027   95.4 %
//	one in ten is slow    8        0.044   96.3 %   0.186   98.4 %   0.168   96.0 %
//	one in ten is slow    20       0.020   95.9 %   0.116   96.2 %   0.025   95.1 %
//	one in three is slow  20       0.268   98.5 %   0.187   95.0 %   0.163   95.0 %
//
// So it is much the sharpest where a few trials in a run are ruined, as happens
// on shared machines, and pays for that where noise is normal or where a third
// of all trials is ruined: there it is wider than it need be. It assumes that a
// disturbance is as likely to hit either side of a pair.
//
// Everything here is a pure function.
package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// An Interval is an estimate with its 95 % interval, from N samples. With fewer
// than MinSamples no interval at that level exists: Low and High are infinite.
type Interval struct {
	Estimate, Low, High float64
	N                   int
}

// MinSamples is the least number of samples that an interval is given for:
// below it the middle half is two or three values.
const MinSamples = 6

// Known says whether the interval has two finite ends.
func (i Interval) Known() bool {
	return i.N >= MinSamples && !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0) && !math.IsNaN(i.Estimate)
}

// HalfWidth is half the width of the interval relative to its estimate, for a
// ratio or a positive value.
func (i Interval) HalfWidth() float64 { return (i.High - i.Low) / 2 / i.Estimate }

// Center estimates the centre of values: the mean of their middle half.
func Center(values []float64) Interval {
	x := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	slices.Sort(x)
	n := len(x)
	if n == 0 {
		return Interval{math.NaN(), math.Inf(-1), math.Inf(1), 0}
	}
	cut := n / 4 // so many at each end
	middle := x[cut : n-cut]
	i := Interval{mean(middle), math.Inf(-1), math.Inf(1), n}
	if n >= MinSamples {
		half := critical(n) * standardError(x, cut)
		i.Low, i.High = i.Estimate-half, i.Estimate+half
	}
	return i
}

// standardError is that of the trimmed mean: what was cut off counts as the
// nearest value that was not.
func standardError(sorted []float64, cut int) float64 {
	n := len(sorted)
	x := slices.Clone(sorted)
	for i := range cut {
		x[i], x[n-1-i] = x[cut], x[n-1-cut]
	}
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	h := float64(n - 2*cut)
	return math.Sqrt(sum / h / (h - 1))
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v / float64(len(x)) // divided first, so that no sum is too large
	}
	return sum
}

// critical is how many standard errors the interval reaches to either side.
// Student's t with as many degrees of freedom as values in the middle, less
// one, is Yuen's choice; with few samples it is a little short, so up to
// len(simulated) samples the 95 % quantile under normal noise was simulated
// (400,000 runs each), and above, the difference fades with the number.
func critical(n int) float64 {
	if n < len(simulated) {
		return simulated[n]
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n-2*(n/4)) - 1}
	return t.Quantile(0.975) * (1 + 0.7/float64(n))
}

var simulated = [...]float64{
	6: 3.432, 7: 2.905, 8: 3.587, 9: 2.993, 10: 2.717, 11: 2.546, 12: 2.768, 13: 2.574, 14: 2.477, 15: 2.381,
	16: 2.483, 17: 2.402, 18: 2.333, 19: 2.282, 20: 2.358, 21: 2.302, 22: 2.259, 23: 2.238, 24: 2.270,
}

// Ratio estimates the ratio a[i]/b[i], pair by pair. Values that are not
// positive numbers have no ratio: their pair is left out. It panics if the
// lengths differ.
func Ratio(a, b []float64) Interval {
	if len(a) != len(b) {
		panic("stat.Ratio: the samples are not paired")
	}
	var logs []float64
	for i := range a {
		if a[i] > 0 && b[i] > 0 {
			logs = append(logs, math.Log(a[i])-math.Log(b[i]))
		}
	}
	i := Center(logs)
	return Interval{math.Exp(i.Estimate), math.Exp(i.Low), math.Exp(i.High), i.N}
}
