package report

import (
	"math"

	"parcon/report/stat"
)

// A Bench is the rule by which benchmarks that are measured old and new round by round
// change, or do not, and by which they rest. A round is one value, the ratio of new to old:
// where both sides are linked anew for each round, the luck of two layouts of functions is
// in it and nothing of it in the next.
//
// It may be looked at after every round. Of m benchmarks each one differs at odds of 40 m
// to 1 at either end of its interval (stat.Series.Sure), so that the chance that any of
// them is called different wrongly is at most 5 %, whenever the measuring stops; and each
// is equal at 20 m to 1 for both ends of the margin (stat.Series.Highest), with the same
// chance.
type Bench struct {
	Question
	Compared int // benchmarks
}

// odds are those of either end.
func (b Bench) odds() float64 { return 2 * defaultOdds(b.Compared) }

// Change is what changed of a benchmark, of which old and new are nanoseconds by round; NaN
// stands for a round that failed.
func (b Bench) Change(name string, old, new []float64) Change {
	s := stat.RatioSeries(new, old)
	low, high := b.sure(s)
	c := Change{Name: name, Old: middle(old), New: middle(new), NOld: len(old), NNew: len(new), PShape: math.NaN()}
	c.Contrast = Contrast{Ratio: s.Running(), Difference: b.difference(s, low, high), P: math.NaN(), Visible: s.Visible(b.odds())}
	if math.IsInf(c.Ratio.Low, -1) {
		c.Ratio.Low = 0 // open, as that of ranks
	}
	if c.Ratio.N == 0 {
		c.Difference, c.Visible = NoneToTell, math.Inf(1)
	}
	less, more := words("ns/op")
	c.Verdict = string(c.Difference)
	switch c.Difference {
	case Lower:
		c.Verdict = less
	case Higher:
		c.Verdict = more
	}
	c.Worse = c.Difference == Higher && low > 1+b.Threshold
	return c
}

// sure is the interval that decides, without ends where rounds disagree.
func (b Bench) sure(s stat.Series) (low, high float64) {
	if i, agree := s.Sure(b.odds()); agree {
		return i.Low, i.High
	}
	return math.Inf(-1), math.Inf(1)
}

// difference is what a series says, whose deciding interval that is.
func (b Bench) difference(s stat.Series, low, high float64) Difference {
	margin := 1 + b.Margin
	switch {
	case s.Highest(1/margin, margin) >= math.Log(defaultOdds(b.Compared)):
		return Equal
	case low > 1:
		return Higher
	case high < 1:
		return Lower
	}
	return NotTold
}

// Rests says that a benchmark needs no further round: it is decided, on which side of the
// threshold it lies too, or will hardly ever be.
func (b Bench) Rests(old, new []float64) bool {
	s := stat.RatioSeries(new, old)
	low, high := b.sure(s)
	beyond := 1 + b.Threshold
	if b.difference(s, low, high) != NotTold && (b.Threshold == 0 || low > beyond || high <= beyond) {
		return true
	}
	n, margin := s.N(), 1+b.Margin
	different, equal := math.Log(b.odds()), math.Log(defaultOdds(b.Compared))
	return stat.Hopeless(n, s.RightOutside(1, 1), different) && stat.Hopeless(n, s.RightInside(1/margin, margin), equal)
}
