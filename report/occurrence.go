package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// An Occurrence is how often something was seen to happen.
type Occurrence struct {
	Count, Tries float64       // of all trials together
	Rate         stat.Interval // of trials, per try
	Every        bool          // the claim is that each trial shows it; else that one does
	hits, trials int           // trials that are as claimed, of so many
	with         int           // trials that counted any
	samples      int           // what is independent of each other: trials, episodes or tries
	sample       string        // one of these
}

// rare is the rate of exceptions that a fact that "always" happens, or "never", is held
// against: with the odds that a verdict asks there are fewer.
const rare = 0.05

// seen counts in how many trials a fact lies within its bound.
func seen(t *Table, experiment string, c card.Comparison) Occurrence {
	counted, tries := t.counts(experiment, c.Of, c.Measure.Unit)
	o := Occurrence{Every: c.Measure.How == card.Every, trials: len(counted)}
	shares := make([]float64, len(counted))
	for i := range counted {
		o.Count += counted[i]
		o.Tries += tries[i]
		shares[i] = counted[i] / tries[i]
		if shares[i] >= c.Low && shares[i] <= c.High {
			o.hits++
		}
		if counted[i] > 0 {
			o.with++
		}
	}
	o.Rate = stat.SeriesOf(shares).Running()
	o.samples, o.sample = o.trials, "trial"
	if t.catalogue.find(c.Of.Get(card.Key)).Independent {
		o.samples, o.sample = int(o.Tries), "try"
	} else if episodes, trials := t.episodes(experiment, c.Of); trials > 0 { // the others count as one each
		o.samples, o.sample = int(episodes)+max(0, o.trials-trials), "episode"
	}
	return o
}

// observe weighs a fact. One trial against "every time" refutes it, and one for "it
// happens" proves it; no statistics is needed for either. What remains uncertain is what
// was not seen: after n tries the odds against a rate of exceptions of 5 % are
// 0.95^-n to 1.
func (c *Compared) observe(t *Table, experiment string) {
	o := seen(t, experiment, c.Comparison)
	c.Occurrence = &o
	unseen := float64(o.samples) * -math.Log1p(-rare)
	yes, no := math.Inf(1), math.Inf(-1)
	switch {
	case o.Every && o.hits < o.trials:
		c.inside, c.outside = no, []float64{yes}
	case o.Every && c.lost > 0: // what ended a trial may have been the exception
		c.inside, c.outside = no, []float64{no}
	case o.Every:
		c.inside, c.outside = unseen, []float64{no}
	case o.hits > 0:
		c.inside, c.outside = yes, []float64{no}
	default:
		c.inside, c.outside = no, []float64{unseen}
	}
	c.Value = stat.Interval{Estimate: float64(o.hits) / float64(o.trials), Low: 0, High: 1, N: o.trials}
	switch { // the ends may be shown at any time: only one of them is in doubt
	case o.trials == 0:
	case o.hits == o.trials:
		c.Value.Low = math.Pow(1-stat.Level, 1/float64(o.trials))
	case o.hits == 0:
		c.Value.High = 1 - math.Pow(1-stat.Level, 1/float64(o.trials))
	}
	c.Sure = c.Value
}

// unit is several samples, in words.
func (o Occurrence) unit() string {
	if o.sample == "try" {
		return "tries"
	}
	return o.sample + "s"
}

// unseen is the rate of exceptions that so many would have shown with 95 %.
func (o Occurrence) unseen() float64 {
	return 1 - math.Pow(1-stat.Level, 1/float64(max(1, o.samples)))
}

// needs is how many more would decide.
func (o Occurrence) needs(need float64) int {
	return max(1, int(math.Ceil(need/-math.Log1p(-rare)))-o.samples)
}

// String tells it: "200 of 200", "300 of 14,000 (1.9 % to 2.4 %)" with the interval
// of the rate, or, where it is so rare that the interval says nothing, "1 of 1,400,
// in 1 of 14 trials".
func (o Occurrence) String() string {
	if o.trials == 0 {
		return "–"
	}
	text := fmt.Sprintf("%s of %s", number.Grouped(o.Count), number.Grouped(o.Tries))
	switch {
	case o.Count == 0 || o.Count == o.Tries:
		return text
	case o.Rate.Known() && o.Rate.Low < o.Rate.High && o.Rate.Low >= 0.0005:
		return text + fmt.Sprintf(" (%s to %s)", number.Percent(number.AtMostAll(o.Rate.Low)), number.Percent(number.AtMostAll(o.Rate.High)))
	}
	return text + fmt.Sprintf(", in %d of %s", o.with, number.Plural(o.trials, "trial"))
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
	return cmp.Or(c.Word, bound(c.Low, c.High, form(c.Measure)))
}

// found writes what the samples say of a comparison.
func (c Compared) found() string {
	switch {
	case c.Occurrence != nil:
		return c.Occurrence.String()
	case c.possible != "":
		return c.Value.In(number.Short) + " of what is possible: " + c.possible
	}
	return c.Value.In(form(c.Measure))
}

// form writes the values of a measure: times with their unit, and what has none as it is.
func form(m card.Measure) func(float64) string {
	if m.How == card.Value && strings.HasSuffix(m.Unit, "-ns") {
		return number.Span
	}
	return number.Short
}
