package report

import (
	"fmt"
	"math"

	"parcon/experiments"
	"parcon/report/stat"
)

// Verdict is what the samples say of a claim.
type Verdict string

// The verdicts.
const (
	Holds       Verdict = "holds"        // the interval lies wholly inside the bound
	Refuted     Verdict = "refuted"      // wholly outside
	Undecided   Verdict = "undecided"    // on both sides
	NotMeasured Verdict = "not measured" // no samples: the reason says why
)

// Compared is one comparison with what the samples say of it.
type Compared struct {
	experiments.Comparison
	Value   stat.Interval
	Verdict Verdict
	Reason  string
}

// Judged is a claim with its verdict. Decider is the comparison that the verdict
// rests on: of a claim that holds the one nearest to its bound.
type Judged struct {
	experiments.Claim
	Experiment string
	Verdict    Verdict
	Reason     string
	Compared   []Compared
	Decider    Compared
}

// judge decides a claim from the table.
func judge(t *Table, experiment string, c experiments.Claim) Judged {
	j := Judged{Claim: c, Experiment: experiment}
	if c.Unmeasured != "" {
		j.Verdict, j.Reason = NotMeasured, c.Unmeasured
		return j
	}
	for _, comparison := range c.Comparisons {
		j.Compared = append(j.Compared, compare(t, experiment, comparison))
	}
	j.Verdict, j.Decider = combine(j.Compared)
	j.Reason = fmt.Sprintf("%s; %s", tally(j.Compared), j.Decider.Reason)
	return j
}

// tally counts the comparisons by verdict: "13 of 15 comparisons hold, 2
// refuted".
func tally(all []Compared) string {
	count := map[Verdict]int{}
	for _, c := range all {
		count[c.Verdict]++
	}
	text := fmt.Sprintf("%d of %s hold", count[Holds], plural(len(all), "comparison"))
	for _, v := range []Verdict{Refuted, Undecided, NotMeasured} {
		if count[v] > 0 {
			text += fmt.Sprintf(", %d %s", count[v], v)
		}
	}
	return text
}

func compare(t *Table, experiment string, c experiments.Comparison) Compared {
	r := Compared{Comparison: c, Value: measure(t, experiment, c)}
	r.Verdict, r.Reason = decide(r.Value, c.Low, c.High)
	return r
}

// measure estimates what a comparison is about.
func measure(t *Table, experiment string, c experiments.Comparison) stat.Interval {
	switch c.Measure {
	case experiments.Throughput:
		// More tasks in a second are fewer nanoseconds for each.
		return t.ratio(experiment, c.Over, c.Of, "ns/op")
	case experiments.Memory:
		return t.ratio(experiment, c.Of, c.Over, "peak-rss-bytes")
	case experiments.CPUTime:
		return t.ratio(experiment, c.Of, c.Over, "cpu-ns/op")
	case experiments.CoresBusy:
		return t.center(experiment, c.Of, "cores-busy")
	}
	return stat.Center(nil)
}

// decide holds an interval against the bound from low to high.
func decide(i stat.Interval, low, high float64) (Verdict, string) {
	switch {
	case i.N == 0:
		return NotMeasured, "the file has no round in which these variants ran"
	case !i.Known():
		return Undecided, fmt.Sprintf("%d rounds: a 95 %% interval needs at least %d", i.N, stat.MinSamples)
	case i.Low >= low && i.High <= high:
		return Holds, "the 95 % interval lies wholly inside the bound"
	case i.High < low || i.Low > high:
		return Refuted, "the 95 % interval lies wholly outside the bound"
	}
	return Undecided, "the 95 % interval straddles the bound: " + further(i, low, high)
}

// further says how many more rounds would decide, if they are like those so
// far: the width of an interval shrinks with the root of their number.
func further(i stat.Interval, low, high float64) string {
	distance := math.Inf(1)
	for _, bound := range []float64{low, high} {
		if bound > 0 && !math.IsInf(bound, 0) {
			distance = math.Min(distance, math.Abs(math.Log(i.Estimate/bound)))
		}
	}
	half := math.Log(i.High/i.Low) / 2
	more := float64(i.N) * (math.Pow(half/distance, 2) - 1)
	if math.IsNaN(more) || more > 1000 {
		return "it is too close to call, whatever the number of rounds"
	}
	return fmt.Sprintf("about %d more rounds would decide", max(1, int(math.Ceil(more))))
}

// combine decides a claim from its comparisons: one that is refuted refutes it,
// else one that is open leaves it open.
func combine(all []Compared) (Verdict, Compared) {
	for _, v := range []Verdict{Refuted, NotMeasured, Undecided, Holds} {
		var decider *Compared
		for i, c := range all {
			if c.Verdict == v && (decider == nil || c.margin() < decider.margin()) {
				decider = &all[i]
			}
		}
		if decider != nil {
			return v, *decider
		}
	}
	return NotMeasured, Compared{Reason: "the claim compares nothing"}
}

// margin is how far the estimate lies inside the nearer bound, as the
// logarithm of a ratio; negative outside.
func (c Compared) margin() float64 {
	m := math.Inf(1)
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
// to the estimate. An experiment that compares nothing is never precise.
func Precise(t *Table, e experiments.Experiment, s experiments.Scale, rounds int, precision float64) bool {
	compared := 0
	for _, claim := range e.Claims(s) {
		if claim.Unmeasured != "" {
			continue
		}
		compared += len(claim.Comparisons)
		for _, c := range claim.Comparisons {
			i := measure(t, e.Name, c)
			if !i.Known() || i.N < rounds || i.HalfWidth() > precision {
				return false
			}
		}
	}
	return compared > 0
}
