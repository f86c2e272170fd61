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
		for _, one := range c.Cases(card.Scale{Cores: 2, Depth: card.Standard, Python: true}) {
			if one.Variant.Get(card.AA) != "" {
				continue
			}
			t.Run(one.Variant.String(), func(t *testing.T) {
				if detecting && one.Variant.Get("way") == "memory" {
					t.Skip("the race detector maps more memory than a limit leaves")
				}
				units.Try(t, c)
				units.Check(t, c, try(t, one.Variant.String(), 1))
			})
		}
	}
}
