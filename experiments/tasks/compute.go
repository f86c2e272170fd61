package tasks

import (
	"parcon/experiments/card"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
)

// Compute is this chapter.
var Compute = card.Chapter{
	Name:     "compute",
	Question: "CPU-bound tasks: which models use the cores, and do more workers than cores help?",
	Cards:    []card.Card{{Name: "compute", Cases: computeCases, Claims: computeClaims}},
}

// computeTasks is how many tasks a trial computes for each core that its model
// can use, so that all trials last about as long, on any number of cores. A longer trial
// strays little less than a short one, so short ones and more rounds decide sooner: with
// 16, 32 and 64 tasks on one core the ratio of a GIL to serial code strayed by 3.3, 3.1 and
// 4.1 % for matrix.
const computeTasks = 16

// garbageTasks is that of work of which Go's collector has its part: it runs once in several
// tasks, and a trial is calm only with some of its cycles (5.0, 2.7 and 2.4 % for allocate,
// 3.2, 1.3 and 2.4 for json).
const garbageTasks = 32

var garbageWork = map[string]bool{"allocate": true, "json": true}

func computeCase(work, modelName string, workers, cores int) card.Case {
	v := Variant(work, modelName, workers)
	procs, err := Procs(v, cores)
	if err != nil {
		panic(err) // the catalogue itself is wrong
	}
	if m, _ := model.Find(modelName); m.Isolated { // whatever this process itself needs
		procs = cores
	}
	tasks := computeTasks
	if garbageWork[work] {
		tasks = garbageTasks
	}
	return card.Run(everySeed(max(tasks*min(procs, cores), workers)), v)
}

// everySeed is a number of tasks, or a few more, among which each seed is as often:
// tasks of other seeds take other times, if only by a few percent.
func everySeed(tasks int) int {
	return (tasks + workload.Seeds - 1) / workload.Seeds * workload.Seeds
}

func computeCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(work, model string, workers ...int) {
		for _, w := range workers {
			cases = append(cases, computeCase(work, model, w, s.Cores))
		}
	}
	c := s.Cores
	for _, work := range kind(workload.CPU) {
		add(work, "serial", 1)
		curve := []int{c}
		switch {
		case s.Depth >= card.Standard:
			curve = append(upTo(c), 2*c, 4*c, 8*c, 16*c)
		case work == "primes":
			curve = []int{c, 2 * c, 4 * c, 8 * c, 16 * c}
		}
		add(work, "goroutine", curve...)
		add(work, "thread", curve...)
		add(work, "process-pool", curve...)
		add(work, "gil", 4*c)
		if s.Depth >= card.Standard {
			add(work, "gil", c, 2*c)
			add(work, "gil-lock", c, 2*c, 4*c)
		}
		add(work, "loop", 4*c)
		if work == "primes" || s.Depth >= card.Standard {
			add(work, "loop", c)
			add(work, "pool", c)
		}
		if work == "primes" || s.Depth >= card.Full {
			add(work, "process", c)
		}
		if work == "primes" && s.Depth >= card.Standard || s.Depth >= card.Full {
			add(work, "errgroup", c)
			add(work, "ants", c)
			add(work, "pond", c)
			add(work, "process-pool-ring", c)
			add(work, "distributed", c)
		}
		cases = append(cases, card.Second(computeCase(work, "goroutine", c, c)))
	}
	for _, g := range gils(s) {
		cases = append(cases, computeUnder(g, s)...)
	}
	return card.Unique(cases)
}

// computeUnder are the cases of one GIL. Tasks of its own language compute primes alone.
func computeUnder(g gil, s card.Scale) []card.Case {
	var cases []card.Case
	add := func(model string, workers ...int) {
		for _, w := range workers {
			cases = append(cases, computeCase(g.work("primes"), model, w, s.Cores))
		}
	}
	c := s.Cores
	add(g.serial, 1)
	add(g.thread, c, 2*c, 4*c)
	add(g.pool, c)
	if s.Depth >= card.Standard {
		add(g.thread, 1)
	}
	if g.python != "" && s.Depth >= card.Standard {
		add("cpython-process", c)
		if g.python.AtLeast(3, 5) { // before that there is no async and await
			add("cpython-asyncio", 4*c)
		}
	}
	return cases
}

// upTo is the powers of two below the number of cores, and that number: what
// the scaling laws are fitted to.
func upTo(cores int) []int {
	var counts []int
	for n := 1; n < cores; n *= 2 {
		counts = append(counts, n)
	}
	return append(counts, cores)
}

func computeClaims(s card.Scale) []card.Claim {
	return []card.Claim{looksParallel(s), trulyAtOnce(s), noMoreThanCores(s), gilNoFaster(s), processesEscape(s)}
}

func looksParallel(s card.Scale) card.Claim {
	claim := card.Claim{ID: "P1", Text: "On one core, tasks in flight only look parallel: computing them together is no faster than one after another"}
	for _, work := range kind(workload.CPU) {
		for _, model := range []string{"gil", "loop"} {
			of := Variant(work, model, 4*s.Cores)
			claim.Comparisons = append(claim.Comparisons, card.Is(card.Throughput, of, card.NoMore, Variant(work, "serial", 1)))
			if work == "primes" {
				claim.Comparisons = append(claim.Comparisons, card.Is(card.CoresBusy, of, card.NoMore, card.Alone))
			}
		}
	}
	return claim
}

func trulyAtOnce(s card.Scale) card.Claim {
	claim := card.Claim{
		ID: "P2", First: true, Text: "Several cores run tasks truly at once: goroutines, threads and processes compute faster than serial code",
		Caveat: "Processes are those of a pool: a new one for every task has to be paid for. thread is a goroutine locked to a thread of the kernel. Go's garbage collector stops and wakes it by way of the kernel, and a core idles meanwhile: that costs work that makes garbage (allocate, json), and no other.",
		Told:   costOfThreads(s),
		Needs:  []card.Need{card.Cores},
	}
	for _, work := range kind(workload.CPU) {
		for _, model := range []string{"goroutine", "thread", "process-pool"} {
			claim.Comparisons = append(claim.Comparisons,
				card.Is(card.Throughput, Variant(work, model, s.Cores), card.More, Variant(work, "serial", 1)))
		}
	}
	return claim
}

// busier compares how many cores two sides keep busy.
var busier = card.Measure{Name: "cores busy", Unit: card.CoresBusy.Unit, How: card.Ratio}

// costOfThreads is what the kernel's threads cost Go's collector: of work that makes garbage,
// beside work that makes none.
func costOfThreads(s card.Scale) []card.Comparison {
	var all []card.Comparison
	compare := func(m card.Measure, work string) {
		all = append(all, card.Is(m, Variant(work, "thread", s.Cores), card.Less, Variant(work, "goroutine", s.Cores)))
	}
	for _, work := range kind(workload.CPU) {
		if compare(card.Throughput, work); garbageWork[work] {
			compare(busier, work)
		}
	}
	return all
}

func noMoreThanCores(s card.Scale) card.Claim {
	claim := card.Claim{ID: "P3", Text: "Computing needs no more workers than cores: nothing is gained by further ones, which only take turns"}
	for _, model := range []string{"goroutine", "thread", "process-pool"} {
		for _, times := range []int{2, 4, 8, 16} {
			claim.Comparisons = append(claim.Comparisons,
				card.Is(card.Throughput, Variant("primes", model, times*s.Cores), card.NoMore, Variant("primes", model, s.Cores)))
		}
	}
	return claim
}

func gilNoFaster(s card.Scale) card.Claim {
	return underEachGIL(s, func(g gil) card.Claim {
		claim := card.Claim{
			ID: "P4", Text: "Under a GIL, threads that compute are no faster than serial code",
			Needs: []card.Need{card.Cores},
		}
		for _, times := range []int{1, 2, 4} {
			claim.Comparisons = append(claim.Comparisons,
				card.Is(card.Throughput, g.variant("primes", g.thread, times*s.Cores), card.NoMore, g.variant("primes", g.serial, 1)))
		}
		return claim
	})
}

func processesEscape(s card.Scale) card.Claim {
	return underEachGIL(s, func(g gil) card.Claim {
		return card.Claim{
			ID: "P6", Text: "Several processes get round the GIL: they compute faster than its threads",
			Needs: []card.Need{card.Cores},
			Comparisons: []card.Comparison{
				card.Is(card.Throughput, g.variant("primes", g.pool, s.Cores), card.More, g.variant("primes", g.thread, s.Cores)),
			},
		}
	})
}
