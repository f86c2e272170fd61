package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// Leaning is how far the rounds of a run lean on each other. The evidence takes it that
// a round, given those before, is as likely to lie above the truth as below.
type Leaning struct {
	Compared int     // comparisons that have enough rounds
	Median   float64 // of the lag-1 correlations of the signs of their rounds
	// Expected, Low and High are what independent rounds give: on average, and beyond
	// which one in a hundred runs lies.
	Expected, Low, High float64
}

// shuffles is how often the rounds are put into another order, and extreme how many of
// these, with what was found, are one in a hundred.
const (
	shuffles = 199
	extreme  = (shuffles + 1) / 100
)

// signed are the signs of a comparison's rounds, by round; NaN where it has none.
type signed []float64

// leaningOf looks at the comparisons of two sides. What independent rounds would give is
// found by putting the rounds into random orders, one for all comparisons each time: they
// share variants, so that they do not vary each by itself.
func leaningOf(t *Table, judged []Judged) Leaning {
	all, last := signsOf(t, judged)
	if len(all) == 0 {
		return Leaning{}
	}
	order := make([]int, last+1)
	for i := range order {
		order[i] = i
	}
	l := Leaning{Compared: len(all), Median: leanIn(order, all)}
	random := rand.New(rand.NewPCG(uint64(len(all)), uint64(last)))
	var shuffled []float64
	for range shuffles {
		random.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		shuffled = append(shuffled, leanIn(order, all))
		l.Expected += shuffled[len(shuffled)-1] / shuffles
	}
	slices.Sort(shuffled)
	l.Low, l.High = shuffled[extreme-1], shuffled[shuffles-extreme]
	return l
}

// signsOf are those of the comparisons that have enough rounds, each once, and the last
// round of any.
func signsOf(t *Table, judged []Judged) (all []signed, last int) {
	seen := map[string]bool{}
	for _, j := range judged {
		for _, c := range j.Compared {
			key := contrastKey(j.Experiment, c.Comparison)
			if c.Measure.How > card.Inverse || seen[key] {
				continue
			}
			seen[key] = true
			rounds, x, y := t.shared(j.Experiment, c.Of, c.Measure.Unit, c.Over, c.Measure.Unit)
			if len(rounds) < fewRounds {
				continue
			}
			for i := range x {
				x[i] /= y[i]
			}
			last = max(last, rounds[len(rounds)-1])
			s := make(signed, rounds[len(rounds)-1]+1)
			for i := range s {
				s[i] = math.NaN()
			}
			for i, sign := range stat.Signs(x) {
				s[rounds[i]] = sign
			}
			all = append(all, s)
		}
	}
	return all, last
}

// leanIn is the median over all comparisons, their rounds in some order.
func leanIn(order []int, all []signed) float64 {
	leans, signs := make([]float64, len(all)), make([]float64, 0, len(order))
	for i, s := range all {
		signs = signs[:0]
		for _, round := range order {
			if round < len(s) && !math.IsNaN(s[round]) {
				signs = append(signs, s[round])
			}
		}
		leans[i] = stat.Lean(signs)
	}
	return stat.SeriesOf(leans).Median()
}

// String tells it, and that it is a doubt when chance does not explain it.
func (l Leaning) String() string {
	if l.Compared == 0 {
		return ""
	}
	text := fmt.Sprintf("rounds that lean on each other would make the odds too high: the correlation of the signs of a round and the next, the median of %s with at least %d rounds, is %.2f; independent rounds give %.2f on average (%.2f to %.2f in 98 of 100 runs)",
		number.Plural(l.Compared, "comparison"), fewRounds, l.Median, l.Expected, l.Low, l.High)
	if l.Median > l.High {
		text += ": chance does not explain that, so wrong verdicts are more likely than it says here (nine times as likely at 0.3)"
	}
	return text
}
