package chapters

import (
	"fmt"
	"time"

	"parcon/experiments/card"
)

// A Profile is a named choice of depth and length. A run follows the evidence: what is
// decided rests, and it ends when all claims are decided or given up.
type Profile struct {
	Name   string
	Depth  card.Depth
	Least  int           // rounds that every variant has, for its intervals
	Rounds int           // where no claim is asked
	Budget time.Duration // where claims are asked
	Doc    string
}

// Profiles lists the profiles, the default first.
var Profiles = []Profile{
	{"quick", card.Quick, 7, 14, 6 * time.Minute, "what claims need to be decided: about six minutes at most"},
	{"standard", card.Standard, 12, 20, 25 * time.Minute, "more workers and models, for the curves: about 25 minutes at most"},
	{"full", card.Full, 20, 60, time.Hour, "the whole grid: about an hour at most"},
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
