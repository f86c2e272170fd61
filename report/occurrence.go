package report

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// An Occurrence is how often something was seen to happen.
type Occurrence struct {
	Count, Tries float64       // of all trials together
	Rate         stat.Interval // of trials, per try
	with         int           // trials that counted any
	trials       stat.Occurrence
}

// observe counts in how many trials a fact lies within its bound.
func observe(t *Table, experiment string, c card.Comparison) Occurrence {
	counted, tries := t.counts(experiment, c.Of, c.Measure.Unit)
	f := Occurrence{trials: stat.Occurrence{Every: c.Measure.How == card.Every}}
	shares := make([]float64, len(counted))
	for i := range counted {
		f.Count += counted[i]
		f.Tries += tries[i]
		shares[i] = counted[i] / tries[i]
		if shares[i] >= c.Low && shares[i] <= c.High {
			f.trials.Hits++
		}
	}
	for _, n := range counted {
		if n > 0 {
			f.with++
		}
	}
	f.trials.N = len(counted)
	f.Rate = stat.Values(shares).Interval(t.level)
	return f
}

// String tells it: "200 of 200", "300 of 14,000 (1.9 % to 2.4 %)" with the interval
// of the rate, or, where it is so rare that the interval says nothing, "1 of 1,400,
// in 1 of 14 trials".
func (f Occurrence) String() string {
	if f.trials.N == 0 {
		return "–"
	}
	text := fmt.Sprintf("%s of %s", number.Grouped(f.Count), number.Grouped(f.Tries))
	switch {
	case f.Count == 0 || f.Count == f.Tries:
		return text
	case f.Rate.Known() && f.Rate.Low < f.Rate.High && f.Rate.Low >= 0.0005:
		return text + fmt.Sprintf(" (%s to %s)", number.Percent(number.AtMostAll(f.Rate.Low)), number.Percent(number.AtMostAll(f.Rate.High)))
	}
	return text + fmt.Sprintf(", in %d of %s", f.with, number.Plural(f.trials.N, "trial"))
}

// decideOccurrence holds what was seen against what was claimed.
func decideOccurrence(f Occurrence, claim card.Comparison, level float64) Compared {
	c := Compared{Comparison: claim, Value: f.trials.Interval(level), evidence: f.trials, inside: f.trials.Inside(), outside: f.trials.Outside(), Occurrence: &f}
	switch {
	case f.trials.N == 0:
		c.Verdict, c.inside, c.outside = NotMeasured, 1, 1
	case c.inside <= (1-level)/2:
		c.Verdict = Holds
	case c.outside <= (1-level)/2:
		c.Verdict = Refuted
	default:
		c.Verdict = Undecided
	}
	return c
}

// demand writes what a comparison must satisfy.
func demand(c card.Comparison) string {
	switch c.Measure.How {
	case card.Every:
		if c.High == 0 {
			return "never"
		}
		return "every time"
	case card.Some:
		return "it happens"
	}
	return bound(c.Low, c.High)
}

// found writes what the samples say of a comparison.
func (c Compared) found() string {
	if c.Occurrence != nil {
		return c.Occurrence.String()
	}
	return c.Value.In(number.Short)
}
