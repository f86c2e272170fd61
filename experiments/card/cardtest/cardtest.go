// Package cardtest tries cards: all variants that one has, and whether their trials give
// the units that it declares.
package cardtest

import (
	"flag"
	"slices"
	"strings"
	"sync"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// Variants are all that a card has: with every value of its keys, without those that may
// be left out, and with some numbers where a key takes any.
func Variants(c card.Card, numbers map[string][]string) []variant.Variant {
	all := []variant.Variant{card.Of(c.Name)}
	for _, choice := range c.Keys {
		values := choice.Values
		if values == nil {
			values = numbers[choice.Key]
		}
		if values == nil {
			values = []string{"3"}
		}
		var longer []variant.Variant
		for _, v := range all {
			if choice.Optional {
				longer = append(longer, v)
			}
			for _, value := range values {
				longer = append(longer, v.With(choice.Key, value))
			}
		}
		all = longer
	}
	return all
}

// common are the units of every card: of what was tried, and those that are measured of
// all trials unless a card gives them itself.
var common = []string{card.UnitTries, card.UnitSeen, card.UnitEpisodes, "ns/op", "cpu-ns/op", "cores-busy", "ctxsw/op"}

// Units compares the units that trials give with those that their cards declare.
type Units struct {
	mu     sync.Mutex
	given  map[string][]string // by card
	absent map[string]bool     // cards of which a variant was not tried
}

// NewUnits is for a test that tries all variants of some cards. At its end it fails if a
// card declares a unit that none of its variants gave, unless some were skipped.
func NewUnits(t *testing.T, cards []card.Card) *Units {
	u := &Units{given: map[string][]string{}, absent: map[string]bool{}}
	t.Cleanup(func() {
		if f := flag.Lookup("test.run"); f != nil && strings.Contains(f.Value.String(), "/") {
			return // some variants were asked for
		}
		for _, c := range cards {
			for _, unit := range slices.Concat(c.Counts, c.Units) {
				if given, tried := u.given[c.Name]; tried && !u.absent[c.Name] && !slices.Contains(given, unit) {
					t.Errorf("mechanism %s: no variant gives %q: drop it from Counts or Units of the card, or give it", c.Name, unit)
				}
			}
		}
	})
	return u
}

// Try says that the subtest t tries a variant of a card.
func (u *Units) Try(t *testing.T, c card.Card) {
	t.Cleanup(func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if t.Skipped() || t.Failed() {
			u.absent[c.Name] = true
		}
	})
}

// Check fails a test of a trial that gave what its card does not declare.
func (u *Units) Check(t *testing.T, c card.Card, m protocol.Measurement) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.given[c.Name] = append(u.given[c.Name], "") // it was tried
	for unit := range m {
		u.given[c.Name] = append(u.given[c.Name], unit)
		if !slices.Contains(slices.Concat(common, c.Counts, c.Units), unit) {
			t.Errorf("mechanism %s gives %q, which no report keeps: name it in Counts (what is counted in its tries) or Units of the card", c.Name, unit)
		}
	}
}
