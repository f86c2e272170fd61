package stat

import "math"

// Exact is the evidence of two numbers that are what they are, as counts that come out
// the same each time: there is no chance in their ratio new/old. Over zero it is
// infinite, of two zeros it is 1.
type Exact struct {
	New, Old float64
	N        int // samples of the side that has fewer
}

// Interval is the ratio itself.
func (e Exact) Interval(float64) Interval {
	ratio := 1.0
	if e.New != e.Old {
		ratio = e.New / e.Old
	}
	return Interval{Estimate: ratio, Low: ratio, High: ratio, N: e.N}
}

// Above is 0 or 1.
func (e Exact) Above(c float64) float64 { return certain(e.Interval(Level).Low > c) }

// Below mirrors Above.
func (e Exact) Below(c float64) float64 { return certain(e.Interval(Level).High < c) }

func certain(yes bool) float64 {
	if yes {
		return 0
	}
	return 1
}

// Visible is any difference at all, NaN beside a zero.
func (e Exact) Visible(float64) float64 {
	if e.New == 0 || e.Old == 0 {
		return math.NaN()
	}
	return 1
}
