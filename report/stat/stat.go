// Package stat estimates from few, noisy, paired samples.
//
// A sample is one trial. Two variants are compared round by round: the ratio
// of a pair of trials that ran close together is free of the drift between
// rounds. The estimate is the Hodges-Lehmann estimate, the median of the means
// of all pairs of values (Hodges and Lehmann, Estimates of Location Based on
// Rank Tests, 1963), its interval the set of centres that Wilcoxon's
// signed-rank test does not reject at 5 %. Both shrug off a few disturbed
// trials, assume no normal distribution but only that a disturbance is as likely to
// hit either side of the pair, and are nearly as sharp as the t interval when
// the noise is normal.
//
// Everything here is a pure function.
package stat

import (
	"math"
	"slices"
)

// An Interval is an estimate with its 95 % interval, from N samples. With fewer
// than MinSamples no interval at that level exists: Low and High are infinite.
type Interval struct {
	Estimate, Low, High float64
	N                   int
}

// MinSamples is the least number of samples that allow a 95 % interval: with
// five, the most extreme outcome of the signed-rank test still has a
// probability of 2/32.
const MinSamples = 6

// Known says whether the interval has two finite ends.
func (i Interval) Known() bool {
	return i.N >= MinSamples && !math.IsInf(i.Low, 0) && !math.IsInf(i.High, 0) && !math.IsNaN(i.Estimate)
}

// HalfWidth is half the width of the interval relative to its estimate, for a
// ratio or a positive value.
func (i Interval) HalfWidth() float64 { return (i.High - i.Low) / 2 / i.Estimate }

// Center estimates the centre of values.
func Center(values []float64) Interval {
	x := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	slices.Sort(x)
	n := len(x)
	if n == 0 {
		return Interval{math.NaN(), math.Inf(-1), math.Inf(1), 0}
	}
	pairs := n * (n + 1) / 2
	// The median of an even number of means is the mean of the two middle ones.
	i := Interval{(walsh(x, (pairs-1)/2) + walsh(x, pairs/2)) / 2, math.Inf(-1), math.Inf(1), n}
	if c := critical(n); c >= 0 {
		i.Low, i.High = walsh(x, c), walsh(x, pairs-1-c)
	}
	return i
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

// walsh returns the k-th smallest, from 0, of the means (x[i]+x[j])/2 over all
// i <= j, for sorted x.
func walsh(x []float64, k int) float64 {
	if len(x) <= exactWalsh {
		return walshExact(x, k)
	}
	return walshBisect(x, k)
}

// exactWalsh is the number of samples up to which all means are laid out.
const exactWalsh = 100

func walshExact(x []float64, k int) float64 {
	means := make([]float64, 0, len(x)*(len(x)+1)/2)
	for i := range x {
		for j := i; j < len(x); j++ {
			means = append(means, x[i]/2+x[j]/2)
		}
	}
	slices.Sort(means)
	return means[k]
}

// walshBisect halves the range in which the mean lies until it is no wider
// than the numbers are exact. Each step counts in one pass: thousands of
// samples have millions of means.
func walshBisect(x []float64, k int) float64 {
	low, high := x[0], x[len(x)-1]
	for range 100 {
		middle := low/2 + high/2
		if middle <= low || middle >= high {
			break
		}
		if countWalsh(x, middle) > k {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// countWalsh counts the means that are at most t.
func countWalsh(x []float64, t float64) int {
	count, j := 0, len(x)-1
	for i := range x {
		for j >= i && x[i]/2+x[j]/2 > t {
			j--
		}
		if j < i {
			break
		}
		count += j - i + 1
	}
	return count
}

// critical is the number of the smallest means that lie outside the 95 %
// interval, -1 if there are too few samples for one.
func critical(n int) int {
	if n > exactRanks {
		m, v := float64(n)*float64(n+1)/4, float64(n)*float64(n+1)*float64(2*n+1)/24
		return int(math.Floor(m-1.959964*math.Sqrt(v))) - 1
	}
	return criticalExact(n)
}

// exactRanks is the number of samples up to which the distribution of the
// signed-rank statistic is counted out.
const exactRanks = 50

// criticalExact counts in how many of the 2^n sign patterns the sum of the
// ranks with a plus is w, and returns the largest c with P(W <= c) <= 2.5 %.
func criticalExact(n int) int {
	top := n * (n + 1) / 2
	ways := make([]float64, top+1)
	ways[0] = 1
	for rank := 1; rank <= n; rank++ {
		for w := top; w >= rank; w-- {
			ways[w] += ways[w-rank]
		}
	}
	limit, sum := 0.025*math.Pow(2, float64(n)), 0.0
	for w := range ways {
		if sum += ways[w]; sum > limit {
			return w - 1
		}
	}
	return top
}
