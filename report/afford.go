package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// afford chooses the open claims that the next rounds are for: all, if the time left is
// enough to decide all of them. Else as many as it is enough for, first those whose rounds all
// fell the same way, and of these the cheapest: on a slow machine all would otherwise come near
// a verdict, and none have one. What of the time is left over then, in seconds, is for what no
// claim needs.
func (f *Follower) afford(open []Judged) (chosen []Judged, left float64) {
	if f.Budget == 0 {
		return open, math.Inf(1)
	}
	costs := f.costs()
	left = f.Budget.Seconds() - (f.ended - f.began)
	paid := map[string]float64{}
	for _, p := range pricedOf(open, costs) {
		more := price(p.rounds, paid, costs)
		if more > left {
			continue
		}
		left -= more
		for name, n := range p.rounds {
			paid[name] = max(paid[name], n)
		}
		chosen = append(chosen, p.Judged)
	}
	if chosen == nil {
		return open, left
	}
	return chosen, left
}

// A priced claim is an open one with what it takes at least to decide it.
type priced struct {
	Judged
	rounds map[string]float64 // that its variants still need
	price  float64            // seconds, by itself
	sure   bool               // all rounds so far fell the same way
}

// pricedOf are claims in the order in which they are worth their time: those that count before
// those beside them, what is sure before what is not, which always needs some more and would
// take the time of the others, and the cheapest first.
func pricedOf(open []Judged, costs map[string]float64) []priced {
	var all []priced
	for _, j := range open {
		// How rounds fall is not known from the first few: one of them that fell otherwise is
		// no reason to let go of a claim that there is time for.
		p := priced{Judged: j, rounds: j.rounds(j.fewest), sure: true}
		p.price = price(p.rounds, nil, costs)
		for _, c := range j.awaits() {
			p.sure = p.sure && j.right(c) == c.rounds.N()
		}
		all = append(all, p)
	}
	rank := func(p priced) int {
		rank := 0
		if p.Beside {
			rank += 2
		}
		if !p.sure {
			rank++
		}
		return rank
	}
	slices.SortStableFunc(all, func(a, b priced) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.price, b.price))
	})
	return all
}

// costs are the seconds of a round of each variant, together with its A/A partner.
func (f *Follower) costs() map[string]float64 {
	all := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(f.cases)) { // a sum depends on the order
		all[cmp.Or(f.cases[name], name)] += f.seconds(name)
	}
	return all
}

// price is what rounds cost beyond those that are paid.
func price(rounds, paid, costs map[string]float64) (sum float64) {
	for _, name := range slices.Sorted(maps.Keys(rounds)) {
		sum += max(0, rounds[name]-paid[name]) * costs[name]
	}
	return sum
}
