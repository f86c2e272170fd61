package chapters

import (
	"fmt"

	"parcon/experiments/card"
)

// A Profile is a named choice of depth and rounds. Fewer than 13 rounds cannot
// refute a claim of 15 comparisons among nine claims, even if all agree: such a
// p-value is out of their reach (see package report/stat). An experiment that is
// precise earlier leaves it undecided.
type Profile struct {
	Name      string
	Depth     card.Depth
	Rounds    int     // at most
	Least     int     // before precision may end an experiment
	Precision float64 // half-width of the intervals that ends one, relative; 0: never
	Doc       string
}

// Profiles lists the profiles, the default first.
var Profiles = []Profile{
	{"quick", card.Quick, 14, 14, 0, "14 rounds of what the claims need: about six minutes on two cores"},
	{"standard", card.Standard, 20, 10, 0.02, "up to 20 rounds, more workers and models: about twenty minutes"},
	{"full", card.Full, 60, 15, 0.01, "up to 60 rounds of the whole grid: about an hour"},
}

// FindProfile returns the profile of that name.
func FindProfile(name string) (Profile, error) {
	for _, p := range Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("profile %q is not known: choose quick, standard or full", name)
}

// MostRounds is how many rounds a run may take when only a precision bounds it.
const MostRounds = 100
