package runner

import (
	"math/rand/v2"
	"slices"

	"parcon/results"
)

// Round lays out one round: the experiments in random order, within each its
// blocks in random order, and within each block its cases in random order: a
// randomised block design. What is compared is thus measured close together,
// and a slow spell of the machine, which lasts for seconds, hits all of it or
// none. What rests, by "Experiment/variant", is left out. The same seed and round give
// the same order, whatever came before.
func Round(plan Plan, round int, rest map[string]bool) []results.Slot {
	random := rand.New(rand.NewPCG(plan.Seed, uint64(round)))
	var slots []results.Slot
	for _, e := range random.Perm(len(plan.Experiments)) {
		experiment := plan.Experiments[e]
		order := slices.DeleteFunc(blocks(experiment.Cases, random), func(c Case) bool { return rest[experiment.Name+"/"+c.Variant] })
		for _, c := range order {
			slots = append(slots, results.Slot{Experiment: experiment.Name, Variant: c.Variant, Round: round, Position: len(slots), Of: len(order)})
		}
	}
	return slots
}

// blocks shuffles cases and keeps those of one block together. A block stands
// where the first of its shuffled cases fell, so blocks are shuffled too.
func blocks(cases []Case, random *rand.Rand) []Case {
	first := map[string]int{}
	var all [][]Case
	for _, i := range random.Perm(len(cases)) {
		c := cases[i]
		at, seen := first[c.Block]
		if !seen {
			at = len(all)
			first[c.Block] = at
			all = append(all, nil)
		}
		all[at] = append(all[at], c)
	}
	return slices.Concat(all...)
}
