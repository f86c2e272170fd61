package tasks

import (
	"fmt"

	"parcon/experiments/card"
)

// switching is what many tasks in flight cost: the same work for few workers and for
// thousands, who all have some of it at once. Starting them is not in the numbers.
var switching = card.Card{Name: switchingName, Room: manyThreads, Cases: switchingCases, Claims: switchingClaims}

const switchingName = "switching"

// switchingLarge and switchingLargest are crowds that not every machine has room for.
var (
	switchingLarge = card.Card{Name: "switching-10000", Room: 10_000, Cases: func(s card.Scale) []card.Case {
		return crowdOf(s, card.Standard, "thread", 10_000)
	}}
	switchingLargest = card.Card{Name: "switching-100000", Room: 100_000, Cases: func(s card.Scale) []card.Case {
		return crowdOf(s, card.Full, "thread", 100_000) // which take ten seconds to start, and as long to serve
	}}
)

// A task is so short that 10,000 of them, which make a trial, take a tenth of a second on
// two cores.
const (
	switchingWork  = "primes/length=20us"
	switchingTasks = 10_000
)

// How many are in flight. More than a hundred processes would take gigabytes.
const (
	few            = 10
	manyThreads    = 1_000
	manyGoroutines = 10_000
	manyProcesses  = 100
)

// each is how many tasks a thread has at least: to wake one for a single task takes longer
// than the task, and is a start and not yet serving.
const each = 10

func switchingCase(model string, n int) card.Case {
	least := n
	if model == "thread" {
		least = each * n
	}
	return card.Run(max(switchingTasks, everySeed(least)), Variant(switchingWork, model, n))
}

// crowdOf is a crowd that is measured from a depth on.
func crowdOf(s card.Scale, from card.Depth, model string, n ...int) []card.Case {
	var cases []card.Case
	for _, n := range n {
		if s.Depth >= from {
			cases = append(cases, switchingCase(model, n))
		}
	}
	return cases
}

func switchingCases(s card.Scale) []card.Case {
	cases := crowdOf(s, card.Quick, "goroutine", few, manyGoroutines)
	cases = append(cases, crowdOf(s, card.Quick, "thread", few, manyThreads)...)
	cases = append(cases, crowdOf(s, card.Standard, "goroutine", 100, 1_000, MaxWorkers)...)
	cases = append(cases, crowdOf(s, card.Standard, "thread", 100)...)
	cases = append(cases, crowdOf(s, card.Standard, "process-pool", few, manyProcesses)...)
	return append(cases, card.Second(switchingCase("goroutine", few)))
}

func switchingClaims(s card.Scale) []card.Claim {
	procs, err := Procs(Variant(switchingWork, "thread", manyThreads), s.Cores)
	if err != nil {
		panic(err) // the catalogue itself is wrong
	}
	claim := card.Claim{
		ID: "P10", Text: "With thousands of tasks in flight switching eats the machine: each takes much more CPU time, and everything gets much slower, the whole and the slowest task",
		Caveat: fmt.Sprintf("Linux and Go find the next to have a turn in a time that hardly grows with their number, and a turn lasts long beside the switch. The slowest task does last longer, up to all of a short trial, because one whose turn ends in its midst waits until all others had theirs: that costs no throughput. Of a Go program's threads at most %d run at a time. They are compared at 1,000; longer runs go on to 10,000.", procs),
		Needs:  []card.Need{func(s card.Scale) string { return s.Hindrances[switchingName] }},
	}
	much := func(m card.Measure, model string, n int) {
		claim.Comparisons = append(claim.Comparisons,
			card.Is(m, Variant(switchingWork, model, n), card.Much, Variant(switchingWork, model, few)))
	}
	for _, m := range []card.Measure{card.CPUTime, card.Time, card.Longest} {
		much(m, "goroutine", manyGoroutines)
		much(m, "thread", manyThreads)
	}
	return []card.Claim{claim}
}
