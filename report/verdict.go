package report

import (
	"fmt"
	"math"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// Verdict is what the samples say of a claim.
type Verdict string

// The verdicts.
const (
	Holds       Verdict = "holds"        // surely inside the bound
	Refuted     Verdict = "refuted"      // surely outside
	Undecided   Verdict = "undecided"    // neither
	NotMeasured Verdict = "not measured" // no samples: the reason says why
)

// Compared is one comparison with what the samples say of it by itself: its
// verdict is that of its own interval, at the table's level, without regard to the others.
type Compared struct {
	card.Comparison
	Name       string // in words
	Value      stat.Interval
	Verdict    Verdict
	Occurrence *Occurrence // what was seen, where the measure is of that kind
	lost       int         // rounds in which one of its trials failed
	evidence   interface {
		Interval(level float64) stat.Interval
	}
	inside  float64 // one-sided p-value of "it lies outside the bound"
	outside float64 // of "it lies inside"
}

// Judged is a claim with its verdict. Deciding is the comparison that the verdict
// rests on: of a claim that holds the one nearest to its bound. Sure is its
// interval at the level that the correction asks of it. P is the chance of
// evidence this strong if the verdict were wrong, corrected for the number of
// claims.
type Judged struct {
	card.Claim
	Experiment string
	Verdict    Verdict
	Reason     string
	P          float64
	Compared   []Compared
	Deciding   Compared
	Sure       stat.Interval
	holds      float64 // one-sided p-value of "the claim is false"
	refuted    float64 // of "the claim is true"
}

// An asked claim waits for its verdict.
type asked struct {
	experiment string
	claim      card.Claim
}

// judge decides all claims of a report together.
//
// A claim holds when every comparison lies inside its bound, so the evidence for
// it is that of the weakest (an intersection-union test: Berger 1982); it is
// refuted when any lies outside, so there the best counts, times their number
// (Bonferroni). The smaller of the two, doubled as for a two-sided test, goes
// through Holm's correction over all measured claims: the chance of any wrong
// verdict in the report is at most 5 %.
func judge(t *Table, claims []asked) []Judged {
	all := make([]Judged, len(claims))
	for i, a := range claims {
		all[i] = Judged{Claim: a.claim, Experiment: a.experiment}
		if a.claim.Unmeasured == "" {
			for _, c := range a.claim.Comparisons {
				compared := compare(t, a.experiment, c)
				compared.Name = t.catalogue.label(c)
				compared.lost = t.failures(a.experiment, c.Of) + t.failures(a.experiment, c.Over)
				compared.unsettle()
				all[i].Compared = append(all[i].Compared, compared)
			}
		}
		all[i].weigh()
	}
	settle(all, 1-t.level, t.roundTime)
	return all
}

// compare measures a comparison and decides it by itself.
func compare(t *Table, experiment string, c card.Comparison) Compared {
	if c.Measure.Observed() {
		return decideOccurrence(observe(t, experiment, c), c, t.level)
	}
	return decide(measure(t, experiment, c), c, t.level)
}

// unsettle takes back that something never fails if trials of it failed: what
// ended them may have been the exception.
func (c *Compared) unsettle() {
	if c.lost > 0 && c.Occurrence != nil && c.Measure.How == card.Every && c.inside < 1 {
		c.Verdict, c.inside = Undecided, 1
	}
}

// decide holds evidence against a bound.
func decide(e stat.Evidence, bound card.Comparison, level float64) Compared {
	c := Compared{Comparison: bound, Value: e.Interval(level), evidence: e, inside: 0, outside: 1}
	if bound.Low > 0 {
		c.inside, c.outside = e.Above(bound.Low), e.Below(bound.Low)
	}
	if !math.IsInf(bound.High, 1) {
		c.inside, c.outside = max(c.inside, e.Below(bound.High)), min(c.outside, e.Above(bound.High))
	}
	switch {
	case c.Value.N == 0:
		c.Verdict, c.inside, c.outside = NotMeasured, 1, 1
	case c.Value.Low >= bound.Low && c.Value.High <= bound.High:
		c.Verdict = Holds
	case c.Value.High < bound.Low || c.Value.Low > bound.High:
		c.Verdict = Refuted
	default:
		c.Verdict = Undecided
	}
	return c
}

// weigh adds up the evidence of a claim's comparisons.
func (j *Judged) weigh() {
	measured, best := 0, 1.0
	for _, c := range j.Compared {
		j.holds, best = max(j.holds, c.inside), min(best, c.outside)
		if c.Value.N > 0 {
			measured++
		}
	}
	j.refuted = min(1, best*float64(measured))
	if measured == 0 {
		j.holds, j.refuted = math.NaN(), math.NaN()
	}
}

// settle gives all claims their verdicts. alpha is the chance of a wrong one
// among all that the p-values stand for (see stat.Careful); roundTime tells how long a round of an
// experiment takes, 0 if that is not known.
func settle(all []Judged, alpha float64, roundTime func(experiment string) time.Duration) {
	p := make([]float64, len(all))
	for i, j := range all {
		p[i] = min(1, 2*math.Min(j.holds, j.refuted))
	}
	for i, corrected := range stat.Holm(p) {
		j := &all[i]
		j.P = corrected
		switch {
		case !math.IsNaN(corrected):
			j.conclude(alpha, float64(atLeast(p, p[i])), roundTime(j.Experiment))
		case j.Unmeasured != "":
			j.Verdict, j.Reason = NotMeasured, j.Unmeasured
		default:
			j.Verdict, j.Reason = NotMeasured, "the file has no round in which these variants ran"
			if len(j.Compared) > 0 {
				j.Deciding = j.Compared[0]
			}
		}
	}
}

// measure collects what a comparison is about.
func measure(t *Table, experiment string, c card.Comparison) stat.Evidence {
	unit := c.Measure.Unit
	switch c.Measure.How {
	case card.Ratio:
		return t.paired(experiment, c.Of, c.Over, unit)
	case card.Inverse:
		return t.paired(experiment, c.Over, c.Of, unit)
	case card.Value:
		return t.values(experiment, c.Of, unit)
	case card.Share:
		counted, tries := t.counts(experiment, c.Of, unit)
		for i := range counted {
			counted[i] /= tries[i]
		}
		return stat.Values(counted)
	}
	return stat.Values(nil)
}

// atLeast counts the p-values that are not smaller: what Holm's correction
// multiplies this one with.
func atLeast(all []float64, p float64) int {
	n := 0
	for _, v := range all {
		if v >= p {
			n++
		}
	}
	return n
}

// conclude gives a measured claim its verdict. factor is what Holm's correction
// multiplied its p-value with, round how long a round takes.
func (j *Judged) conclude(alpha, factor float64, round time.Duration) {
	j.Verdict = Undecided
	switch {
	case j.P <= alpha && j.refuted < j.holds:
		j.Verdict = Refuted
	case j.P <= alpha:
		j.Verdict = Holds
	case j.missing():
		j.Verdict = NotMeasured
	}
	j.Deciding = j.decider()
	level := alpha / factor
	if j.refuted < j.holds {
		level /= float64(len(j.Compared))
	}
	j.Sure = j.Deciding.evidence.Interval(1 - level)
	j.Reason = j.tally() + j.lost() + j.room()
	switch j.Verdict {
	case NotMeasured:
		j.Reason += "; the file has no round in which the variants of one ran"
	case Undecided:
		j.Reason += j.open(alpha/2/factor, round)
	}
}

func (j *Judged) missing() bool {
	for _, c := range j.Compared {
		if c.Verdict == NotMeasured {
			return true
		}
	}
	return false
}

// decider is the comparison that the verdict rests on, or would: the strongest
// evidence against a claim if that is stronger than the evidence for it, else the
// weakest for it.
func (j *Judged) decider() Compared {
	best := j.Compared[0]
	against := j.Verdict != NotMeasured && j.refuted < j.holds
	for _, c := range j.Compared[1:] {
		switch {
		case j.Verdict == NotMeasured && c.Verdict == NotMeasured && best.Verdict != NotMeasured,
			against && (c.outside < best.outside || c.outside == best.outside && c.margin() < best.margin()),
			!against && j.Verdict != NotMeasured && (c.inside > best.inside || c.inside == best.inside && c.margin() < best.margin()):
			best = c
		}
	}
	return best
}

// tally counts the comparisons by verdict: "13 of 15 comparisons hold, 2
// refuted", "1 of 1 comparison holds".
func (j *Judged) tally() string {
	count := map[Verdict]int{}
	for _, c := range j.Compared {
		count[c.Verdict]++
	}
	verb := "hold"
	if count[Holds] == 1 || len(j.Compared) == 1 {
		verb = "holds"
	}
	text := fmt.Sprintf("%d of %s %s", count[Holds], number.Plural(len(j.Compared), "comparison"), verb)
	for _, v := range []Verdict{Refuted, Undecided, NotMeasured} {
		if count[v] > 0 {
			text += fmt.Sprintf(", %d %s", count[v], v)
		}
	}
	return text
}

// room says how often an exception could still be, where none was seen, or how
// often what was never seen could still happen: the upper end of the exact 95 %
// interval, one-sided, of its share of trials.
func (j *Judged) room() string {
	f := j.Deciding.Occurrence
	if f == nil || j.Verdict == Undecided || j.Verdict == NotMeasured {
		return ""
	}
	most := 1 - math.Pow(1-stat.Level, 1/float64(max(1, f.trials.N)))
	switch {
	case j.Verdict == Holds && f.trials.Every:
		return fmt.Sprintf("; an exception could still be in up to %s of such trials", number.Percent(most))
	case j.Verdict == Refuted && !f.trials.Every:
		return fmt.Sprintf("; never seen, so it happens in at most %s of such trials", number.Percent(most))
	}
	return ""
}

// lost says how many rounds a comparison lacks because a trial of it failed.
func (j *Judged) lost() string {
	most := 0
	for _, c := range j.Compared {
		most = max(most, c.lost)
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("; up to %s a comparison are missing because a trial failed: what fails when it is slow looks faster than it is", number.Plural(most, "round"))
}

// open says what would decide a claim that is undecided: a one-sided p-value of
// at most tail.
func (j *Judged) open(tail float64, round time.Duration) string {
	p := j.Deciding.inside
	if j.refuted < j.holds {
		p, tail = j.Deciding.outside, tail/float64(len(j.Compared))
	}
	n := j.Deciding.Value.N
	if j.Deciding.Occurrence != nil {
		return fmt.Sprintf("; %s without an exception would decide", number.Plural(int(math.Ceil(-math.Log2(tail))), "round"))
	}
	needed := stat.Rounds(n, p, tail)
	text := "; too close to the bound to call in any useful time"
	if needed <= float64(n+mostFurther) {
		// Evidence as strong as so far just reaches the mark then, so it is
		// missed as often as not.
		needed = max(needed, float64(n+1))
		text = fmt.Sprintf("; %.0f rounds would decide in every second run", needed)
		if round > 0 {
			text += " (" + roughly(time.Duration(needed)*round) + ")"
		}
	}
	if buys := int(time.Minute / max(1, round)); round > 0 && buys > 0 && j.Deciding.Value.Known() {
		half := j.Deciding.Value.HalfWidth()
		text += fmt.Sprintf("; a further minute buys %s and narrows the interval from ±%s to ±%s",
			number.Plural(buys, "round"), number.Percent(half), number.Percent(half*math.Sqrt(float64(n)/float64(n+buys))))
	}
	return text
}

// mostFurther is the most rounds that are worth telling: ten times those of the
// longest run that anybody makes.
const mostFurther = 1000

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

// Precise says whether all comparisons of an experiment's claims have at least
// so many rounds and intervals whose half-width is at most precision, relative
// to the estimate. An experiment that compares nothing is never precise, nor is one
// with a claim that something never fails: each further trial is one more chance
// to see it fail. It does not look at where the intervals lie, only at how wide
// they are: to stop when a difference shows would find differences that are not
// there.
func Precise(t *Table, e card.Chapter, s card.Scale, rounds int, precision float64) bool {
	compared := 0
	for _, claim := range e.Claims(s) {
		if claim.Unmeasured != "" {
			continue
		}
		compared += len(claim.Comparisons)
		for _, c := range claim.Comparisons {
			if c.Measure.How == card.Every {
				return false
			}
			if c.Measure.Observed() {
				continue
			}
			i := measure(t, e.Name, c).Interval(stat.Careful)
			if !i.Known() || i.N < rounds || i.HalfWidth() > precision {
				return false
			}
		}
	}
	return compared > 0
}
