package sharing

import (
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
)

// Every variant of a run gives what its card declares, and nothing else.
func TestUnits(t *testing.T) {
	units := cardtest.NewUnits(t, Chapter.Cards)
	for _, c := range Chapter.Cards {
		for _, one := range c.Cases(card.Scale{Cores: 2, Depth: card.Standard, Pythons: []card.Python{"3.11.7"}}) {
			if one.Variant.Get(card.AA) != "" {
				continue
			}
			t.Run(one.Variant.String(), func(t *testing.T) {
				units.Try(t, c)
				if v := one.Variant; detecting && (v.Get("way") == "memory" || v.Get(card.Key) == "balance" && v.Get("lock") == "none") {
					t.Skip("the race detector maps more memory than a limit leaves, and finds races that are meant")
				}
				units.Check(t, c, try(t, one.Variant.String(), 1))
			})
		}
	}
}
