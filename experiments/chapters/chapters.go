// Package chapters is the catalogue: All lists what is asked, in the order of the
// report. What a chapter asks, of which variants, and which claims the answers
// decide stands in its own package, in one card for each thing that is measured.
package chapters

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/cluster"
	"parcon/experiments/costs"
	"parcon/experiments/gil"
	"parcon/experiments/life"
	"parcon/experiments/locking"
	"parcon/experiments/messages"
	"parcon/experiments/servers"
	"parcon/experiments/sharing"
	"parcon/experiments/tasks"
	"parcon/experiments/variant"
)

// All are the chapters.
var All = []card.Chapter{
	tasks.Compute, tasks.Waiting, tasks.Mixing, tasks.Crowd, tasks.Mapping,
	gil.Chapter, costs.Chapter, sharing.Chapter, locking.Chapter, messages.Chapter, life.Chapter, servers.Chapter, cluster.Chapter,
}

// Find returns the chapter of that name.
func Find(name string) (card.Chapter, error) {
	for _, c := range All {
		if c.Name == name {
			return c, nil
		}
	}
	return card.Chapter{}, fmt.Errorf("experiment %q is not known: `parcon list` shows those that are", name)
}

// Cards are those of all chapters that have trials of their own, and not those of
// the grid.
func Cards() []card.Card {
	var cards []card.Card
	for _, c := range All {
		for _, one := range c.Cards {
			if one.Prepare != nil {
				cards = append(cards, one)
			}
		}
	}
	return cards
}

// Procs is the GOMAXPROCS of a variant's process.
func Procs(v variant.Variant, cores int) (int, error) {
	if !card.Names(v) {
		return tasks.Procs(v, cores)
	}
	one, err := card.Find(Cards(), v.Get(card.Key))
	if err != nil || one.Procs == nil {
		return cores, err
	}
	return one.Procs(v, cores), nil
}
