package report

import (
	"cmp"
	"maps"
	"slices"
)

// afford chooses the open claims that the next rounds are for: all, if the time left is
// enough to decide all of them. Else as many as it is enough for, first those whose rounds all
// fell the same way, and of these the cheapest: on a slow machine all would otherwise come near
// a verdict, and none have one.
func (f *Follower) afford(open []Judged) []Judged {
	if f.Budget == 0 {
		return open
	}
	costs := f.costs()
	type priced struct {
		Judged
		rounds map[string]float64 // that its variants still need
		price  float64            // seconds
		unsure int                // 1 where some rounds fell otherwise
	}
	var all []priced
	for _, j := range open {
		// How rounds fall is not known from the first few: one of them that fell otherwise is
		// no reason to let go of a claim that there is time for.
		p := priced{Judged: j, rounds: j.rounds(j.fewest)}
		p.price = price(p.rounds, nil, costs)
		if slices.ContainsFunc(j.Compared, func(c Compared) bool { return j.needs(c) && j.right(c) < c.rounds.N() }) {
			p.unsure = 1
		}
		all = append(all, p)
	}
	// What is unsure always needs some more, and would take the time of what is not.
	slices.SortStableFunc(all, func(a, b priced) int {
		return cmp.Or(cmp.Compare(a.unsure, b.unsure), cmp.Compare(a.price, b.price))
	})
	left, paid := f.Budget.Seconds()-(f.ended-f.began), map[string]float64{}
	var chosen []Judged
	for _, beside := range []bool{false, true} { // what counts goes first
		for _, p := range all {
			more := price(p.rounds, paid, costs)
			if p.Beside != beside || more > left {
				continue
			}
			left -= more
			for name, n := range p.rounds {
				paid[name] = max(paid[name], n)
			}
			chosen = append(chosen, p.Judged)
		}
	}
	if chosen == nil {
		return open
	}
	return chosen
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
