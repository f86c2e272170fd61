package report

import (
	"math"
	"slices"

	"parcon/experiments/card"
	"parcon/report/stat"
)

// Verdict is what a claim is worth on the machine that was measured.
type Verdict string

// The verdicts.
const (
	Holds       Verdict = "holds"        // surely inside the bound
	Refuted     Verdict = "refuted"      // surely outside
	Undecided   Verdict = "undecided"    // neither
	NotMeasured Verdict = "not measured" // no samples: the reason says why
)

// Compared is one comparison with what the samples say of it.
type Compared struct {
	card.Comparison
	Name    string        // in words
	Value   stat.Interval // right with 95 % for this comparison alone, whenever one looks
	Sure    stat.Interval // right together with all others: it decides
	Verdict Verdict
	// Occurrence is what was seen, where the measure is of that kind; else rounds are
	// what each gave.
	Occurrence *Occurrence
	rounds     stat.Series
	possible   string    // of a gain: what it is a share of
	agree      bool      // that the rounds have an interval in common
	lost       int       // rounds in which one of its trials failed
	inside     float64   // logarithm of the odds for "it lies inside the bound"
	outside    []float64 // for "it lies outside", at each end of the bound
	course     []moment  // these, as they came
}

// A moment is a round, and the odds for "it lies outside" after it.
type moment struct {
	round   int
	outside []float64
}

// Judged is a claim with its verdict. Deciding is the comparison that the verdict
// rests on: of a claim that holds the one with the least evidence.
type Judged struct {
	card.Claim
	Experiment string
	Beside     bool // another verdict on the same sentence counts
	Verdict    Verdict
	Odds       float64 // logarithm of those for the verdict, or for what is likelier so far
	Reason     string
	lacking    string // what would decide it, or why nothing would; "" of what is decided
	Compared   []Compared
	Deciding   Compared
	holds      float64 // logarithm of the odds for each verdict
	refuted    float64
	need       float64 // that they must reach
}

// asked is a claim of an experiment. One beside another of the same sentence does not
// count, but may be wrong like any other.
type asked struct {
	experiment string
	claim      card.Claim
	beside     bool
}

// ask asks a claim, and those beside it.
func ask(experiment string, claim card.Claim) []asked {
	var all []asked
	for i, one := range claim.All() {
		all = append(all, asked{experiment, one, i > 0})
	}
	return all
}

// judge decides all claims of a report, each at odds of so many to one.
//
// A claim holds when the evidence for each of its comparisons reaches the odds: then
// the weakest does (an intersection-union test: Berger, Multiparameter hypothesis
// testing and acceptance sampling, Technometrics 24, 1982). It is refuted when the
// mean of the evidence against it does, over all ends of its bounds: if the claim is
// true each of them is a fair bet against it, and so is their mean. Of a claim only one
// of the two verdicts can be wrong. Either counts as soon as the evidence was ever strong
// enough: what was told stays, whatever rounds that nobody needed follow. With odds of m / 5 % for m claims the chance of any
// wrong verdict among them is at most 5 %, however often one looks and whenever one
// stops (see package report/stat).
func judge(t *Table, claims []asked, odds float64) []Judged {
	all := make([]Judged, len(claims))
	for i, a := range claims {
		j := Judged{Claim: a.claim, Experiment: a.experiment, Beside: a.beside, need: math.Log(odds)}
		if a.claim.Unmeasured == "" {
			for _, c := range a.claim.Comparisons {
				j.Compared = append(j.Compared, compare(t, a.experiment, c, odds))
			}
		}
		j.weigh()
		j.conclude()
		all[i] = j
	}
	return all
}

// defaultOdds are those of so many claims that the chance of any wrong verdict is 5 %.
func defaultOdds(claims int) float64 { return float64(max(1, claims)) / (1 - stat.Level) }

// compare weighs the evidence on a comparison.
func compare(t *Table, experiment string, k card.Comparison, odds float64) Compared {
	c := Compared{Comparison: k, Name: t.catalogue.label(k), agree: true}
	c.lost = t.failures(experiment, k.Of) + t.failures(experiment, k.Over)
	if k.Measure.Observed() {
		c.observe(t, experiment)
	} else {
		var rounds []int
		rounds, c.rounds = measure(t, experiment, k)
		c.Value = c.rounds.Running()
		c.Sure, c.agree = c.rounds.Sure(odds)
		if k.Measure.How == card.Gain && c.Value.N > 0 {
			c.possible = t.gains(experiment, k.Of, k.Over).String()
		}
		c.inside, c.outside = c.rounds.Inside(k.Low, k.High), c.rounds.Outside(k.Low, k.High)
		for i, outside := range c.rounds.Course(k.Low, k.High) {
			if outside != nil {
				c.course = append(c.course, moment{rounds[i], outside})
			}
		}
	}
	need := math.Log(odds)
	if once := c.rounds.Highest(k.Low, k.High); c.Occurrence == nil && once >= need {
		c.inside = once
	}
	switch {
	case c.Value.N == 0:
		c.Verdict, c.inside, c.outside = NotMeasured, math.Inf(-1), []float64{math.Inf(-1)}
	case !c.agree:
		c.Verdict = Undecided
	case c.inside >= need:
		c.Verdict = Holds
	case highest([]Compared{c}) >= need:
		c.Verdict = Refuted
	default:
		c.Verdict = Undecided
	}
	return c
}

// mean is the logarithm of the mean of what these are the logarithms of.
func mean(logs []float64) float64 {
	most := math.Inf(-1)
	for _, v := range logs {
		most = max(most, v)
	}
	if math.IsInf(most, 0) {
		return most
	}
	sum := 0.0
	for _, v := range logs {
		sum += math.Exp(v - most)
	}
	return most + math.Log(sum/float64(len(logs)))
}

// highest is the most that the mean of the evidence against comparisons was after any
// round, over all ends of their bounds. What is observed weighs as it does now.
func highest(all []Compared) float64 {
	now := make([][]float64, len(all)) // of each comparison
	var rounds []int
	for i, c := range all {
		now[i] = c.outside
		if len(c.course) > 0 {
			now[i] = make([]float64, len(c.outside)) // before its first round, 1 to 1
		}
		for _, m := range c.course {
			rounds = append(rounds, m.round)
		}
	}
	slices.Sort(rounds)
	most := mean(slices.Concat(now...))
	next := make([]int, len(all))
	for _, round := range slices.Compact(rounds) {
		for i, c := range all {
			if next[i] < len(c.course) && c.course[next[i]].round == round {
				now[i] = c.course[next[i]].outside
				next[i]++
			}
		}
		most = max(most, mean(slices.Concat(now...)))
	}
	return most
}

// measure collects what a comparison is about: its rounds, and what each gave.
func measure(t *Table, experiment string, c card.Comparison) ([]int, stat.Series) {
	unit := c.Measure.Unit
	switch c.Measure.How {
	case card.Ratio:
		r := t.across(experiment, c.Of, unit, c.Over, unit)
		return r.rounds, r.Series
	case card.Inverse:
		r := t.across(experiment, c.Over, unit, c.Of, unit)
		return r.rounds, r.Series
	case card.Value:
		return t.values(experiment, c.Of, unit)
	case card.Share:
		rounds, counted, tries := t.countsByRound(experiment, c.Of, unit)
		for i := range counted {
			counted[i] /= tries[i]
		}
		return rounds, stat.SeriesOf(counted)
	case card.Gain:
		g := t.gains(experiment, c.Of, c.Over)
		return g.rounds, stat.SeriesOf(g.reached)
	}
	return nil, stat.SeriesOf(nil)
}

// weigh adds up the evidence of a claim's comparisons.
func (j *Judged) weigh() {
	j.holds = math.Inf(1)
	var against []float64
	for _, c := range j.Compared {
		j.holds = min(j.holds, c.inside)
		against = append(against, c.outside...)
	}
	j.refuted = mean(against)
	if once := highest(j.Compared); once >= j.need {
		j.refuted = once
	}
	if len(j.Compared) == 0 {
		j.holds = math.Inf(-1)
	}
}

// conclude gives a claim its verdict.
func (j *Judged) conclude() {
	missing, agree := 0, true
	for _, c := range j.Compared {
		agree = agree && c.agree
		if c.Verdict == NotMeasured {
			missing++
		}
	}
	j.Verdict, j.Odds = Undecided, max(j.holds, j.refuted)
	switch {
	case j.Unmeasured != "":
		j.Verdict = NotMeasured
	case missing == len(j.Compared):
		j.Verdict = NotMeasured
	case !agree:
	case j.refuted >= j.need:
		j.Verdict = Refuted
	case missing > 0:
		j.Verdict = NotMeasured
	case j.holds >= j.need:
		j.Verdict = Holds
	}
	if len(j.Compared) > 0 {
		j.Deciding = j.deciding()
	}
	j.Reason = j.why(missing, agree)
}

// deciding is the comparison that the verdict rests on, or would: that with the
// strongest evidence against a claim if that is stronger than the evidence for it,
// else that with the weakest for it; of equals the one that is nearest to its bound.
func (j *Judged) deciding() Compared {
	against := j.Verdict == Refuted || j.Verdict == Undecided && j.refuted > j.holds
	best := j.Compared[0]
	for _, c := range j.Compared[1:] {
		a, b := c.inside, best.inside
		if against {
			a, b = -mean(c.outside), -mean(best.outside)
		}
		switch {
		case j.Verdict == NotMeasured:
			if c.Verdict == NotMeasured && best.Verdict != NotMeasured {
				best = c
			}
		case a < b || a == b && c.margin() < best.margin():
			best = c
		}
	}
	return best
}

// margin is how far the estimate lies inside the nearer bound, as the
// logarithm of a ratio; negative outside.
func (c Compared) margin() float64 {
	m := math.Inf(1)
	if c.Occurrence != nil {
		return m // it is not a matter of degree
	}
	if c.Low > 0 {
		m = math.Min(m, math.Log(c.Value.Estimate/c.Low))
	}
	if !math.IsInf(c.High, 1) {
		m = math.Min(m, math.Log(c.High/c.Value.Estimate))
	}
	if math.IsNaN(m) {
		return math.Inf(-1)
	}
	return m
}
