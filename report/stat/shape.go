package stat

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/combin"
)

// A Shape tells whether two sides differ other than in their middle: whether more
// samples of one side than of the other lie far above the middle of all, or far below
// it. Far is by more than a margin.
//
// Its p-values are those of Fisher's exact test (The logic of inductive inference,
// Journal of the Royal Statistical Society 98, 1935) of the numbers of samples that are
// far, at most 1; for pairs, of the sign test of the pairs that differ by more than
// the margin (McNemar, Note on the sampling error of the difference between correlated
// proportions or percentages, Psychometrika 12, 1947). So that a middle which moved
// within the margin is no change of shape, the side that is to have more must have them
// further out by the margin once more.
//
// That six of 20 samples became twice as slow gives a p-value of 0.040; of ten a side
// it takes six for 0.022, of eight six for 0.014.
type Shape struct {
	Higher, Lower      float64 // p-values of "new does not reach higher (lower) than old"
	NewAbove, OldAbove int     // samples that are far above; of pairs, those in which new (old) is
	NewBelow, OldBelow int
	// Apart is the largest share of samples by which one side is ahead of the other,
	// wherever one looks, made larger by the margin, and Chance that of being so far
	// apart were the sides of one kind (Smirnov, Table for estimating the goodness of fit
	// of empirical distributions, Annals of Mathematical Statistics 19, 1948).
	Apart, Chance float64
	known         bool
}

// P is the p-value of either.
func (s Shape) P() float64 {
	if !s.known {
		return math.NaN()
	}
	return min(1, 2*min(s.Higher, s.Lower))
}

// Shapes compares the shapes of two sides. margin is a factor above 1.
func Shapes(new, old []float64, margin float64) Shape {
	if len(new) == 0 || len(old) == 0 {
		return Shape{Higher: 1, Lower: 1, Chance: 1}
	}
	x, y := slices.Sorted(slices.Values(new)), slices.Sorted(slices.Values(old))
	all := slices.Sorted(slices.Values(slices.Concat(new, old)))
	centre := all[(len(all)-1)/2]/2 + all[len(all)/2]/2
	s := Shape{known: true}
	far := func(more, than []float64) (up, down float64) {
		up = moreOften(countAbove(more, centre*margin*margin), len(more), countAbove(than, centre*margin), len(than))
		down = moreOften(countBelow(more, centre/margin/margin), len(more), countBelow(than, centre/margin), len(than))
		return up, down
	}
	newUp, newDown := far(x, y)
	oldUp, oldDown := far(y, x)
	s.Higher, s.Lower = min(1, 2*min(newUp, oldDown)), min(1, 2*min(newDown, oldUp))
	s.NewAbove, s.OldAbove = countAbove(x, centre*margin), countAbove(y, centre*margin)
	s.NewBelow, s.OldBelow = countBelow(x, centre/margin), countBelow(y, centre/margin)
	s.Apart = max(ahead(x, y, margin), ahead(y, x, margin))
	m, n := float64(len(x)), float64(len(y))
	s.Chance = min(1, 2*math.Exp(-2*s.Apart*s.Apart*m*n/(m+n)))
	return s
}

// PairShapes compares the sides of pairs.
func PairShapes(new, old []float64, margin float64) Shape {
	if len(new) == 0 {
		return Shape{Higher: 1, Lower: 1, Chance: 1}
	}
	s := Shape{known: true}
	for i := range new {
		if new[i] > old[i]*margin {
			s.NewAbove++
		}
		if old[i] > new[i]*margin {
			s.OldAbove++
		}
	}
	far := s.NewAbove + s.OldAbove
	s.Higher, s.Lower = signTail(far, s.OldAbove+1), signTail(far, s.NewAbove+1)
	s.Apart = math.Abs(float64(s.NewAbove-s.OldAbove)) / float64(len(new))
	s.Chance = s.P()
	return s
}

// countAbove counts the values of a sorted sample that are larger than c.
func countAbove(sorted []float64, c float64) int {
	return len(sorted) - countBelow(sorted, math.Nextafter(c, math.Inf(1)))
}

// countBelow counts those that are smaller.
func countBelow(sorted []float64, c float64) int {
	i, _ := slices.BinarySearch(sorted, c)
	return i
}

// ahead is the largest share of one side that lies above where the other has as few:
// sorted samples, the first divided by the margin.
func ahead(x, y []float64, margin float64) float64 {
	most, below := 0.0, 0
	for i, v := range x {
		for below < len(y) && y[below] < v/margin {
			below++
		}
		most = max(most, float64(below)/float64(len(y))-float64(i)/float64(len(x)))
	}
	return most
}

// moreOften is Fisher's one-sided p-value: the chance of k or more of those k+l among
// the m, if each of the m+n is as likely to be one.
func moreOften(k, m, l, n int) float64 {
	sum := 0.0
	for i := max(k, k+l-n); i <= min(m, k+l); i++ {
		sum += math.Exp(choose(m, i) + choose(n, k+l-i) - choose(m+n, k+l))
	}
	return min(1, sum)
}

// choose is the logarithm of n choose k.
func choose(n, k int) float64 { return combin.LogGeneralizedBinomial(float64(n), float64(k)) }
