package tasks

import (
	"parcon/experiments/card"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/variant"
)

// Waiting is this chapter.
var Waiting = card.Chapter{
	Name:     "waiting",
	Question: "IO-bound tasks: which models wait for many things at once, and at what price?",
	Cards:    []card.Card{{Name: "waiting", Cases: waitingCases, Claims: waitingClaims}},
}

// A trial lasts as long for each number of workers: so many tasks, one after
// another, for every worker. With twice as many the ratios stray as much, those of
// sleep two thirds as much (1.2 % and 1.9 %), which is far from their bounds.
//
// Nor would twice as many tasks tell the CPU time of http under process-pool from that under
// thread sooner: in two published runs of 64 tasks a trial the ratios of single rounds stray by
// 15 and 14 %, those of two rounds added up by 14 and 13 %, where luck alone would leave 11 and
// 10. What differs is the run (1.34 in one, 0.87 in the other): no length of a trial mends that.
const waitingWaves = 4

// fileWaves are those of files for several workers: a disk does not do all at once what they
// ask, so a wave lasts two to six times as long as it waits. Nor do longer trials stray less:
// in a published run the ratios to threads, in trials of 80 ms, strayed by 14 % for serial code
// in trials of 30 ms, by as much for a second copy of the threads, and by 12 % for
// processes in 110 ms.
const fileWaves = 2

func waitingCase(v variant.Variant, workers int) card.Case {
	waves := waitingWaves
	if v.Get("workload") == "file" && workers > 1 {
		waves = fileWaves
	}
	return card.Run(waves*workers, v)
}

// A short wait is where an emulated lock shows what it costs to hand over. Its trial has as
// many as it takes to last.
const (
	shortSleep = "sleep/delay=1ms"
	shortWaves = 20
)

func waitingCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(work, model string, workers ...int) {
		for _, w := range workers {
			cases = append(cases, waitingCase(Variant(work, model, w), w))
		}
	}
	c := s.Cores
	for _, work := range kind(workload.IO) {
		add(work, "serial", 1)
		curve := []int{4 * c}
		if s.Depth >= card.Standard {
			curve = []int{1, c, 2 * c, 4 * c, 8 * c, 16 * c}
		}
		for _, model := range []string{"goroutine", "thread", "gil", "loop", "process-pool"} {
			add(work, model, curve...)
		}
		if work == "sleep" || s.Depth >= card.Full {
			add(work, "pool", 4*c)
			add(work, "process", 4*c)
		}
		if work == "sleep" && s.Depth >= card.Standard {
			add(work, "distributed", 4*c)
		}
		cases = append(cases, card.Second(waitingCase(Variant(work, "thread", 4*c), 4*c)))
		for _, g := range gils(s) {
			for _, w := range curve {
				cases = append(cases, waitingCase(g.variant(work, g.thread, w), w))
			}
			cases = append(cases, waitingCase(g.variant(work, g.serial, 1), 1))
		}
	}
	if s.Depth >= card.Standard {
		for _, g := range gils(s) {
			cases = append(cases, g.cases(s, shortSleep, func(work, model string, workers int) card.Case {
				return card.Run(shortWaves*workers, Variant(work, model, workers))
			})...)
		}
	}
	return card.Unique(cases)
}

func waitingClaims(s card.Scale) []card.Claim {
	w := 4 * s.Cores
	helps := underEachGIL(s, func(g gil) card.Claim {
		claim := card.Claim{
			ID: "P5", Text: "Under a GIL, threads that wait are still much faster than serial code: the lock is let go while they are blocked",
			Caveat: "All work is held against what waiting leaves to gain on one core: serial code that keeps it busy, in the kernel too, for a share of its time can become no faster than one over that share, and no faster than there are workers. Much is half of that gain.",
		}
		if g.name == "gil" {
			claim.Caveat = "Go's scheduler passes the turn on at once for timers and sockets, but for a blocked file call only after a while, so short file calls gain less than under CPython, which lets its lock go around every blocking call."
		}
		for _, work := range kind(workload.IO) {
			claim.Comparisons = append(claim.Comparisons, card.Is(card.OneCore, g.variant(work, g.thread, w), card.Half, g.variant(work, g.serial, 1)))
		}
		return claim
	})
	nothing := card.Claim{
		ID: "P7", Text: "For waiting tasks processes bring nothing that threads do not, at a higher price",
		Caveat: "Memory of processes is added up; pages that they share, such as the program's own, are counted in each.",
	}
	for _, work := range kind(workload.IO) {
		of, over := Variant(work, "process-pool", w), Variant(work, "thread", w)
		nothing.Comparisons = append(nothing.Comparisons,
			card.Is(card.Throughput, of, card.NoMore, over),
			card.Is(card.Memory, of, card.More, over),
			card.Is(card.CPUTime, of, card.More, over))
	}
	return []card.Claim{helps, nothing}
}
