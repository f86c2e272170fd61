package report

import (
	"cmp"
	"slices"
	"strings"

	"parcon/experiments/card"
)

// A Catalogue is what a report explains trials by. It is handed in, because a
// report needs what the cards say and nothing of what they do.
type Catalogue struct {
	Chapters []card.Chapter    // in the order of the report
	Models   []string          // of the grid, in the order of its tables
	Mapping  map[string]string // of models, in a line
}

// find is the card of that name, one that says nothing if there is none.
func (c Catalogue) find(name string) card.Card {
	for _, chapter := range c.Chapters {
		if one, err := card.Find(chapter.Cards, name); err == nil {
			return one
		}
	}
	return card.Card{}
}

// units are those of the cards' trials.
func (c Catalogue) units() []string {
	all := c.comparedUnits()
	for _, chapter := range c.Chapters {
		for _, one := range chapter.Cards {
			all = slices.Concat(all, one.Counts, one.Units)
		}
	}
	return all
}

// byID sorts claims by the chapter that first has their letter, and P2 before P11.
func (c Catalogue) byID() func(a, b string) int {
	place := map[byte]int{}
	for i, one := range c.Chapters {
		for _, claim := range one.Claims(card.Scale{Cores: 2}) {
			if _, there := place[claim.ID[0]]; !there {
				place[claim.ID[0]] = i
			}
		}
	}
	return func(a, b string) int {
		return cmp.Or(place[a[0]]-place[b[0]], len(a)-len(b), strings.Compare(a, b))
	}
}

// comparedUnits are those that claims are about, and what they are counted in.
func (c Catalogue) comparedUnits() []string {
	all := []string{"ns/op", "start-unix-s", card.UnitTries}
	for _, chapter := range c.Chapters {
		for _, claim := range chapter.Claims(card.Scale{Cores: 2}) {
			for _, k := range claim.Comparisons {
				all = append(all, k.Measure.Unit)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
