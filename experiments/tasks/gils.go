package tasks

import (
	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// A gil is a global interpreter lock under which claims are judged: that of a CPython, or
// an emulation.
type gil struct {
	name                 string
	python               card.Python // "" for an emulation
	thread, serial, pool string      // the models
}

// gils are those of a scale. The verdict under the first counts: a real one's where there
// is one, else the emulation's that follows its protocol.
func gils(s card.Scale) []gil {
	var all []gil
	for _, p := range card.WithGIL(s.Pythons) {
		all = append(all, gil{p.String(), p, "cpython-thread", "cpython-serial", "cpython-pool"})
	}
	for _, emulation := range []string{"gil-lock", "gil"} {
		all = append(all, gil{emulation, "", emulation, "serial", "process-pool"})
	}
	return all
}

// variant is one of a workload under the lock, with one of its models.
func (g gil) variant(work, model string, workers int) variant.Variant {
	return Variant(g.work(work), model, workers)
}

// work is a workload in the language that the lock is of.
func (g gil) work(name string) string {
	if g.python == "" {
		return name
	}
	return name + "/python=" + string(g.python)
}

// cases are those of tasks of one workload under the lock, at 1, as many, twice and four
// times as many threads as cores, with its serial code: how faithful an emulation is, is
// told by what these gain beside the real ones.
func (g gil) cases(s card.Scale, work string, run func(work, model string, workers int) card.Case) []card.Case {
	cases := []card.Case{run(g.work(work), g.serial, 1)}
	for _, threads := range []int{1, s.Cores, 2 * s.Cores, 4 * s.Cores} {
		cases = append(cases, run(g.work(work), g.thread, threads))
	}
	return cases
}

// underEachGIL judges one sentence under each. Where there is no real one, that of CPython
// says how to get it.
func underEachGIL(s card.Scale, claim func(gil) card.Claim) card.Claim {
	var all []card.Claim
	for _, g := range gils(s) {
		one := claim(g)
		one.Under = g.name
		all = append(all, one)
	}
	if len(card.WithGIL(s.Pythons)) == 0 {
		missing := all[0]
		missing.Under, missing.Comparisons, missing.Needs = "CPython", nil, []card.Need{card.AGIL}
		all = append(all, missing)
	}
	return card.Under(all...)
}
