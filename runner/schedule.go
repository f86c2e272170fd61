package runner

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"parcon/results"
)

// Round lays out one round: the experiments in random order, within each its
// blocks in random order, and within each block its cases in random order, each near
// those that it is compared with: a randomised block design. A slow spell of the
// machine, which lasts for seconds, thus hits both sides of a comparison or neither.
// What rests, by "Experiment/variant", is left out. The same seed and round give
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
	for i, block := range all {
		all[i] = arrange(block, random)
	}
	return slices.Concat(all...)
}

// arrange puts shuffled cases near those that they are compared with: the sooner one
// follows the other the less a machine has changed meanwhile. Two that are compared with
// nothing else follow each other. Of several that are compared with one it stands in the
// midst, on sides that are drawn; what is compared with those stands around them in the same
// way. Such a group stands where the first of its cases fell.
func arrange(cases []Case, random *rand.Rand) []Case {
	near := neighbours(cases)
	placed := make([]bool, len(cases))
	var around func(center int) []int
	around = func(center int) []int {
		placed[center] = true
		next := slices.DeleteFunc(near[center], func(i int) bool { return placed[i] })
		for _, i := range next { // before theirs are
			placed[i] = true
		}
		var groups [][]int
		for _, i := range next {
			groups = append(groups, around(i))
		}
		slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(len(a), len(b)) }) // the small ones are nearer
		line := []int{center}
		before := len(groups) > 0 && random.IntN(2) == 0
		for _, g := range groups {
			if before {
				line = slices.Concat(g, line)
			} else {
				line = append(line, g...)
			}
			before = !before
		}
		return line
	}
	var groups [][]int
	for _, center := range byNeighbours(near) {
		if !placed[center] {
			groups = append(groups, around(center))
		}
	}
	slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(slices.Min(a), slices.Min(b)) })
	arranged := make([]Case, 0, len(cases))
	for _, i := range slices.Concat(groups...) {
		arranged = append(arranged, cases[i])
	}
	return arranged
}

// neighbours are, for each case, the places of those that it is compared with, each in both
// directions.
func neighbours(cases []Case) [][]int {
	place := map[string]int{}
	for i, c := range cases {
		place[c.Variant] = i
	}
	near := make([][]int, len(cases))
	for i, c := range cases {
		for _, name := range c.ComparedWith {
			if k, here := place[name]; here && k != i {
				near[i], near[k] = append(near[i], k), append(near[k], i)
			}
		}
	}
	for i := range near {
		slices.Sort(near[i])
		near[i] = slices.Compact(near[i])
	}
	return near
}

// byNeighbours are the places in the order of how many neighbours they have, most first.
func byNeighbours(near [][]int) []int {
	all := make([]int, len(near))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(len(near[b]), len(near[a])) })
	return all
}
