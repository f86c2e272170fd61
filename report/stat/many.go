package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Holm corrects p-values for their number (Holm, A simple sequentially
// rejective multiple test procedure, Scandinavian Journal of Statistics 6,
// 1979): where all tests are true, the chance that any corrected value is below
// some level is at most that level, however they depend on each other. NaN
// stands for what was not tested: it stays and does not count.
func Holm(p []float64) []float64 {
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	corrected := slices.Clone(p)
	least := 0.0
	for rank, i := range order {
		least = max(least, min(1, p[i]*float64(len(order)-rank)))
		corrected[i] = least
	}
	return corrected
}

// Rate is how often something happened, k times in n tries, with the exact 95 %
// interval of Clopper and Pearson (The use of confidence or fiducial limits
// illustrated in the case of the binomial, Biometrika 26, 1934).
func Rate(k, n int) Interval {
	i := Interval{Estimate: math.NaN(), Low: 0, High: 1, N: n}
	if n < 1 || k < 0 || k > n {
		return i
	}
	x, m := float64(k), float64(n)
	i.Estimate = x / m
	if k > 0 {
		i.Low = distuv.Beta{Alpha: x, Beta: m - x + 1}.Quantile((1 - Level) / 2)
	}
	if k < n {
		i.High = distuv.Beta{Alpha: x + 1, Beta: m - x}.Quantile((1 + Level) / 2)
	}
	return i
}

// AtLeast is the chance of k or more in n tries of which each succeeds with
// probability p.
func AtLeast(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return 1 - distuv.Binomial{N: float64(n), P: p}.CDF(float64(k-1))
}

// Signs tell whether rounds lie above their median, 1, or below it, -1; 0 is the median
// itself, and a round that failed.
func Signs(x []float64) []float64 {
	signs, median := make([]float64, len(x)), SeriesOf(x).Median()
	for i, v := range x {
		if v != median && !math.IsNaN(v) {
			signs[i] = math.Copysign(1, v-median)
		}
	}
	return signs
}

// Lean is the lag-1 correlation of signs, in the order of their rounds: of n that do not
// lean on each other it is -1/n on average. It is NaN if they are all 0.
func Lean(signs []float64) float64 {
	last, sum, n := 0.0, 0.0, 0.0
	for _, s := range signs {
		sum, n, last = sum+last*s, n+s*s, s
	}
	return sum / n
}
