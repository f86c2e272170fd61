package chapters

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/tasks"
	"parcon/experiments/variant"
)

// Single makes an experiment of variants that a user named, beside their serial
// baselines. It decides no claim.
func Single(names []string, s card.Scale) (card.Chapter, error) {
	var cases []card.Case
	for _, name := range names {
		v, err := variant.Parse(name)
		if err != nil {
			return card.Chapter{}, err
		}
		if card.Names(v) {
			c, err := singleCard(v, s)
			if err != nil {
				return card.Chapter{}, err
			}
			cases = append(cases, c)
			continue
		}
		g, err := tasks.Parse(name)
		if err != nil {
			return card.Chapter{}, err
		}
		base := g.Baseline(v)
		named := card.Run(tasks.Count(g.Workload.Kind, g.Workers, s.Cores), v)
		cases = append(cases, card.Run(tasks.Count(g.Workload.Kind, 1, s.Cores), base), named, card.Second(named))
	}
	return card.Chapter{
		Name:     "single",
		Question: fmt.Sprintf("%d variants that were named by hand, beside serial", len(names)),
		Cards:    []card.Card{{Name: "single", Cases: func(card.Scale) []card.Case { return cases }}},
	}, nil
}

// singleCard is the case of a card: with as many operations as the
// catalogue gives to this variant, or else to the first of the same card.
func singleCard(v variant.Variant, s card.Scale) (card.Case, error) {
	if _, _, err := card.Parse(Cards(), v.String()); err != nil {
		return card.Case{}, err
	}
	alike := card.Run(1, v)
	for _, e := range All {
		for _, c := range e.Cases(card.Scale{Cores: s.Cores, Depth: card.Full, System: s.System, Pythons: s.Pythons}) {
			if c.Variant.String() == v.String() {
				return c, nil
			}
			if alike.Tasks == 1 && c.Variant.Get(card.Key) == v.Get(card.Key) {
				alike.Tasks = c.Tasks
			}
		}
	}
	return alike, nil
}
