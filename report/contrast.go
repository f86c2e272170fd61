package report

import (
	"math"

	"parcon/report/stat"
)

// Difference is what samples say of two sides.
type Difference string

// The differences. A ratio that is surely not 1 and surely within the margin is
// Equal: it makes no difference to anybody.
const (
	Higher     Difference = "higher"
	Lower      Difference = "lower"
	Equal      Difference = "equal"     // within the stated margin
	NotTold    Difference = "undecided" // neither a difference nor that there is none
	NoneToTell Difference = "not measured"
)

// A Contrast is a ratio with what can be said of it among all the others of its
// table.
type Contrast struct {
	Ratio      stat.Interval // at the level of the table, for itself alone
	Difference Difference
	P          float64 // of no difference, two-sided, corrected by Holm; NaN if not measured
	Visible    float64 // the smallest factor above 1 that would have been told; +Inf: none
}

// Contrasts tells of every ratio of a table whether it is above or below 1, or
// equal to it: within 1/margin and margin (two one-sided tests). All ratios are
// corrected together, so the chance that any of them is called a difference
// wrongly is at most 5 %, and so is the chance that any is called equal wrongly.
func Contrasts(ratios []stat.Evidence, margin float64) []Contrast {
	alpha := 1 - stat.Level
	different, equal := make([]float64, len(ratios)), make([]float64, len(ratios))
	all := make([]Contrast, len(ratios))
	measured := 0
	for i, r := range ratios {
		all[i].Ratio = r.Interval(stat.Level)
		if all[i].Ratio.N == 0 {
			different[i], equal[i] = math.NaN(), math.NaN()
			continue
		}
		measured++
		different[i] = min(1, 2*min(r.Above(1), r.Below(1)))
		equal[i] = max(r.Above(1/margin), r.Below(margin))
	}
	different, equal = stat.Holm(different), stat.Holm(equal)
	for i, r := range ratios {
		c := &all[i]
		c.P, c.Difference = different[i], NotTold
		switch {
		case c.Ratio.N == 0:
			c.Difference, c.Visible = NoneToTell, math.Inf(1)
			continue
		case equal[i] <= alpha:
			c.Difference = Equal
		case different[i] <= alpha && c.Ratio.Estimate > 1:
			c.Difference = Higher
		case different[i] <= alpha:
			c.Difference = Lower
		}
		c.Visible = r.Visible(alpha / float64(measured))
	}
	return all
}
