package stat

import (
	"math"
	"slices"
	"sort"

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
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
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

// nineInTen is how often a visible difference is told.
const nineInTen = 0.9

// deviationOf is the standard error of an estimate's logarithm, as far as its
// interval at Level tells.
func deviationOf(i Interval) float64 {
	return math.Log(i.High/i.Low) / 2 / distuv.UnitNormal.Quantile(1-(1-Level)/2)
}

// SignSize is how often the sign test of n rounds calls the same thing different
// at the level alpha, two-sided: it goes in steps, so that is less than alpha.
func SignSize(n int, alpha float64) float64 {
	k := mostAgainst(n, alpha)
	return 2 * signTail(n, k+1)
}

// mostAgainst is how many of n rounds may lie on the wrong side where the sign
// test decides at the level alpha, two-sided; -1 if it cannot.
func mostAgainst(n int, alpha float64) int {
	return sort.Search(n, func(k int) bool { return 2*signTail(n, k+1) > alpha }) - 1
}
