package report

import (
	"fmt"
	"math"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// why says in words what a verdict rests on, and what would decide a claim that is
// undecided. missing comparisons were not measured; agree says that no rounds disagree.
func (j *Judged) why(missing int, agree bool) string {
	switch {
	case j.Unmeasured != "":
		return j.Unmeasured
	case missing == len(j.Compared):
		return j.absent("these variants")
	}
	text := j.tally() + j.lost() + j.room()
	switch {
	case j.Verdict == NotMeasured:
		text += "; " + j.absent("the variants of one")
	case !agree:
		j.lacking = "the rounds of one disagree, as where a machine drifts: there is no value that most of them are about, so nothing is decided"
		text += "; " + j.lacking
	case j.Verdict == Undecided:
		j.lacking = j.open()
		text += fmt.Sprintf("; the odds are %s, and %s are asked; %s", toOne(j.Odds), toOne(j.need), j.lacking)
	}
	return text
}

// absent says why there is no value of a comparison.
func (j *Judged) absent(which string) string {
	for _, c := range j.Compared {
		if c.Verdict == NotMeasured && c.Measure.How == card.Gain && c.rounds.N() > 0 {
			return "in no round did serial code leave anything to gain under " + c.Of.Get("workload")
		}
	}
	return "the file has no round in which " + which + " ran and told what is compared"
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

// room says how often an exception could still be, where none was seen, or how often
// what was never seen could still happen.
func (j *Judged) room() string {
	o := j.Deciding.Occurrence
	switch {
	case o == nil:
	case j.Verdict == Holds && o.Every:
		return fmt.Sprintf("; an exception could still be in up to %s of such %s", number.Percent(o.unseen()), o.unit())
	case j.Verdict == Refuted && !o.Every:
		return fmt.Sprintf("; never seen, so it happens in at most %s of such %s", number.Percent(o.unseen()), o.unit())
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
	return fmt.Sprintf("; up to %s of a comparison counted against it because a trial failed", number.Plural(most, "round"))
}

// open says what would decide.
func (j *Judged) open() string {
	c := j.Deciding
	if o := c.Occurrence; o != nil {
		more := number.Plural(o.needs(j.need), o.sample)
		switch {
		case !o.Every:
			return fmt.Sprintf("one that shows it would decide, or %s that do not", more)
		case c.lost > 0:
			return "what ended that trial may have been the exception: only another run can decide"
		}
		return fmt.Sprintf("%s without an exception would decide", more)
	}
	right := j.right(c)
	more := stat.Further(c.rounds.N(), right, j.need-j.Odds)
	switch {
	case stat.Hopeless(c.rounds.N(), right, j.need):
		distance := number.Percent(math.Abs(math.Expm1(c.margin())))
		return fmt.Sprintf("too close to call: %s lies %s from its bound, and a round strays by %s; some %.0f rounds would decide on a machine where one strays by no more than %[2]s",
			c.Name, distance, number.Percent(c.rounds.Spread()), math.Ceil(j.need/ofOneDeviation))
	case more > mostFurther:
		return fmt.Sprintf("it may take over %d further rounds to decide", mostFurther)
	}
	return fmt.Sprintf("about %s would decide if they fall as so far", number.Plural(int(math.Ceil(more)), "further round"))
}

// ofOneDeviation is by how much the logarithm of the odds grows with a round, on average, where
// the bound is one standard deviation of a round away: 84 % lie on its right side then.
const ofOneDeviation = 0.256

// mostFurther is the most rounds that are worth telling.
const mostFurther = 200

// toOne writes odds by their logarithm: "1,380 to 1".
func toOne(logs float64) string {
	switch {
	case logs > math.Log(1e9):
		return "over a billion to 1"
	case logs < 0:
		return "below 1 to 1"
	case logs < math.Log(10):
		return number.Short(math.Exp(logs)) + " to 1"
	}
	return number.Grouped(math.Exp(logs)) + " to 1"
}
