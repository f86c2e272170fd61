package report

import (
	"cmp"
	"maps"
	"slices"
)

// afford chooses the open claims that the next rounds are for: all, if the time left is
// enough to decide all of them. Else those that are the cheapest to decide, as many as it is
// enough for: on a slow machine all would otherwise come near a verdict, and none have one.
func (f *Follower) afford(open []Judged) []Judged {
	if f.Budget == 0 {
		return open
	}
	costs := f.costs()
	type priced struct {
		Judged
		rounds map[string]float64 // that its variants still need
		price  float64            // seconds
	}
	var all []priced
	for _, j := range open {
		rounds := j.rounds()
		all = append(all, priced{j, rounds, price(rounds, nil, costs)})
	}
	slices.SortStableFunc(all, func(a, b priced) int { return cmp.Compare(a.price, b.price) })
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
