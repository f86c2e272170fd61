package runner

import "math/rand/v2"

// A Slot is the place of a trial in a run.
type Slot struct {
	Experiment, Variant string
	Round, Position     int // from 0; Position counts within the round
}

// Round lays out one round: the experiments in random order, and within each
// its cases in random order. An experiment's cases stay together, so that what
// is compared is measured close together and drift hits all of them alike.
// Experiments in skip are left out. The same seed and round give the same
// order, whatever came before.
func Round(plan Plan, round int, skip map[string]bool) []Slot {
	random := rand.New(rand.NewPCG(plan.Seed, uint64(round)))
	var slots []Slot
	for _, e := range random.Perm(len(plan.Experiments)) {
		experiment := plan.Experiments[e]
		// Drawn also for one that is skipped, so that the others keep theirs.
		order := random.Perm(len(experiment.Cases))
		if skip[experiment.Name] {
			continue
		}
		for _, c := range order {
			slots = append(slots, Slot{experiment.Name, experiment.Cases[c].Variant, round, len(slots)})
		}
	}
	return slots
}
