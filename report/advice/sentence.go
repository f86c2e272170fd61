package advice

import (
	"fmt"
	"math"
	"strings"

	"parcon/experiments/number"
)

// String is the advice as a sentence, without its full stop.
func (a Advice) String() string { return a.Sentence }

func (v view) sentence(a Advice) string {
	parts := []string{v.run(a)}
	if text := v.beyond(a); text != "" {
		parts = append(parts, text)
	}
	if a.Limit.Name == NotKnown {
		return strings.Join(append(parts, "what the limit is cannot be told: "+a.Limit.Why), "; ")
	}
	if a.Limit.Name != Failures {
		parts = append(parts, fmt.Sprintf("the limit is %s (%s)", a.Limit.Name, a.Limit.Why))
	}
	return strings.Join(parts, "; ")
}

// run is what to do, and what it brings.
func (v view) run(a Advice) string {
	text := fmt.Sprintf("run %d at once", a.Workers)
	if len(a.Or) > 0 {
		text += fmt.Sprintf(", or %s: that cannot be told after %s", list(a.Or), number.Plural(len(v.rates.Rounds()), "round"))
	}
	if a.Workers == 1 {
		return text
	}
	mark := ": "
	if len(a.Or) > 0 {
		mark = "; it does "
	}
	if !a.Speedup.Known() {
		return text + mark + fmt.Sprintf("about %s as many in a second as one", number.Times(a.Speedup.Estimate))
	}
	return text + mark + fmt.Sprintf("%s as many in a second as one (%s to %s)", number.Times(a.Speedup.Estimate), number.Short(a.Speedup.Low), number.Short(a.Speedup.High))
}

// beyond is what larger numbers bring.
func (v view) beyond(a Advice) string {
	var larger []int
	best := 0.0
	for _, x := range v.alive() {
		if x > a.Workers {
			larger = append(larger, x)
			best = max(best, v.rates.Ratio(x, a.Workers).Median())
		}
	}
	var parts []string
	if most := v.most(a.Workers); len(larger) > 0 && most < nearly {
		who, top := fmt.Sprintf("%d and more", larger[0]), larger[len(larger)-1]
		switch {
		case len(larger) == 1:
			who = fmt.Sprint(top)
		case 2*top < 3*a.Workers:
			who = fmt.Sprintf("%d to %d", larger[0], top)
		}
		switch {
		case most > 0 && most < 0.97:
			parts = append(parts, fmt.Sprintf("%s do less, %s as many", who, number.Times(best)))
		case a.Sure:
			parts = append(parts, who+" bring less than 2 % more")
		default:
			parts = append(parts, fmt.Sprintf("%s bring less than %.0f %% more", who, math.Ceil(100*(most-1))))
		}
	}
	if dead := v.above(a.Workers); dead.Workers > 0 {
		parts = append(parts, fmt.Sprintf("%d and more fail: %s", dead.Workers, dead.Why))
	}
	return strings.Join(parts, "; ")
}

// nothing says why there is no advice.
func (v view) nothing() string {
	for _, t := range v.trials {
		if t.Failed != "" {
			return "nothing can be advised: the command fails: " + t.Failed
		}
	}
	return "nothing was measured"
}

// fewRounds are too few for any evidence.
const fewRounds = 6

// tiny is how long a task is, in seconds, that is mostly its start.
const tiny = 0.005

// notes are what else is to be known.
func (v view) notes() (all []string) {
	left, failed, taken := 0.0, 0, 0
	for _, t := range v.trials {
		if t.Left > 0 {
			left = max(left, t.Left)
		}
		if t.Failed != "" && !v.fails(t.Workers) {
			failed++
		}
		if t.Failed == "" && v.fair(t) != t.Rate {
			taken++
		}
	}
	if len(v.rates.Rounds()) < fewRounds {
		all = append(all, fmt.Sprintf("it rests on %s: with a longer --budget on more", number.Plural(len(v.rates.Rounds()), "round")))
	}
	if per := v.perWorker(); v.Memory > 0 && per > v.Memory {
		all = append(all, fmt.Sprintf("even one takes more memory (%s) than may be used", number.Mebibytes(per)))
	}
	if took := v.point(1).Took; took > 0 && took < tiny {
		all = append(all, fmt.Sprintf("a task takes %s, and much of that is to start it: one process starts all, one after the other, so more workers may bring more than is measured here", number.Span(took*1e9)))
	}
	if left >= 0.1 {
		all = append(all, fmt.Sprintf("the command leaves processes running when it ends, %s a task: they were ended, and what they would have done is not in the figures", number.Short(left)))
	}
	if failed > 0 {
		all = append(all, fmt.Sprintf("%d of %s failed, of numbers of workers that otherwise do well", failed, number.Plural(len(v.trials), "trial")))
	}
	if taken > 0 {
		all = append(all, fmt.Sprintf("in %d of %s other programs held cores that the command had work for: its rate is counted as if it had had them, because more workers would only take them from others", taken, number.Plural(len(v.trials), "trial")))
	}
	return all
}

// list writes "2, 3 or 4", of many "2 to 16".
func list(all []int) string {
	var texts []string
	for _, n := range all {
		texts = append(texts, fmt.Sprint(n))
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	if len(texts) > 3 {
		return texts[0] + " to " + texts[len(texts)-1]
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " or " + texts[len(texts)-1]
}
