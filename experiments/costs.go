package experiments

import "parcon/experiments/variant"

var costs = Experiment{
	Name:     "costs",
	Question: "What does a unit cost: a process, a thread, a goroutine, a coroutine?",
	Cases:    func(s Scale) []Case { return s.possible(costsCases(s)) },
	Claims:   func(s Scale) []Claim { return s.judgeable(costsClaims(s)) },
}

func created(unit string) variant.Variant { return of("create", "unit", unit) }

func switched(unit, placement string) variant.Variant {
	return of("switch", "unit", unit, "placement", placement)
}

func idle(unit string, count int) variant.Variant {
	return of("idle", "unit", unit, "count", itoa(count))
}

func submitted(way, transport string) variant.Variant {
	return of("submit", "way", way, "transport", transport, "workers", "2")
}

// mapped hands the tasks out in chunks.
func mapped(transport string, chunk int) variant.Variant {
	return submitted("map", transport).With("chunk", itoa(chunk))
}

func inFlight(pool string, workers int) variant.Variant {
	return of("flight", "pool", pool, "workers", itoa(workers))
}

// taskLengths are those at which a process for every task is compared with a
// pool of processes.
func taskLengths(d Depth) []string {
	if d == Quick {
		return []string{"100us", "1ms", "10ms"}
	}
	return []string{"100us", "300us", "1ms", "3ms", "10ms", "30ms", "100ms", "300ms"}
}

// lengthTasks is how many tasks of a length one worker runs in a trial.
var lengthTasks = map[string]int{"100us": 60, "300us": 60, "1ms": 30, "3ms": 20, "10ms": 8, "30ms": 3, "100ms": 3, "300ms": 1}

// lengthy is the variant of a task of that length.
func lengthy(length, modelName string, workers int) variant.Variant {
	return grid("hash/length="+length, modelName, workers)
}

// idleCounts are the numbers of idle units of a kind.
func idleCounts(unit string, d Depth) []int {
	switch {
	case unit == "process" && d == Quick:
		return []int{10}
	case unit == "process":
		return []int{10, 100}
	case d == Quick:
		return []int{10, 1000}
	case d >= Full && (unit == "goroutine" || unit == "coroutine"):
		return []int{10, 100, 1000, 100_000}
	}
	return []int{10, 100, 1000}
}

// switches is how many round trips a trial makes.
var switches = map[string]int{"process": 10_000, "thread": 10_000, "goroutine": 150_000}

func costsCases(s Scale) []Case {
	var cases []Case
	add := func(tasks int, v variant.Variant) { cases = append(cases, Case{v, tasks}) }
	for _, unit := range []struct {
		name  string
		tasks int
	}{
		{"process", 50},
		{"empty", 50},
		{"fork", 300},
		{"thread", 1200},
		{"goroutine", 100_000},
		{"coroutine", 100_000},
		{"cpython-fork", 25},
		{"cpython-spawn", 2},
		{"cpython-thread", 500},
	} {
		add(unit.tasks, created(unit.name))
	}
	cases = append(cases, twin(Case{created("thread"), 1200}))
	for _, unit := range []string{"process", "thread", "goroutine"} {
		add(switches[unit], switched(unit, "one"))
		if s.Cores > 1 {
			add(switches[unit]/10, switched(unit, "two"))
		}
	}
	add(600_000, switched("coroutine", "one"))
	cases = append(cases, twin(Case{switched("thread", "one"), 10_000}))
	for _, unit := range []string{"process", "thread", "goroutine", "coroutine"} {
		for _, n := range idleCounts(unit, s.Depth) {
			add(1, idle(unit, n))
		}
	}
	for _, length := range taskLengths(s.Depth) {
		for _, m := range []string{"process", "process-pool"} {
			add(lengthTasks[length]*s.Cores, lengthy(length, m, s.Cores))
		}
	}
	for _, transport := range []string{"pipe", "ring"} {
		add(2_000, submitted("apply", transport))
		add(25_000, submitted("async", transport))
		for _, chunk := range chunks {
			add(50_000*min(chunk, 5), mapped(transport, chunk))
		}
	}
	cases = append(cases, twin(Case{mapped("pipe", 1), 50_000}))
	add(250, submitted("apply", "cpython"))
	add(1_500, submitted("async", "cpython"))
	for _, chunk := range chunks {
		add(8_000*min(chunk, 8), mapped("cpython", chunk))
	}
	for _, pool := range pools {
		for _, w := range []int{s.Cores, 4 * s.Cores} {
			add(5, inFlight(pool, w))
		}
	}
	return cases
}

// chunks are how many tasks go to a pool at a time.
var chunks = []int{1, 16, 64}

// full counts the tries in which a pool had all its workers at work at once.
var full = Measure{"all workers at once", "full", Some}

// pools are what limits how much runs at once.
var pools = []string{"process-pool", "pool", "errgroup", "ants", "pond"}

func costsClaims(s Scale) []Claim {
	longer := func(of, over variant.Variant, low float64) Comparison { return atLeast(Time, of, over, low) }
	larger := func(of, over variant.Variant, low float64) Comparison { return atLeast(IdleMemory, of, over, low) }
	most := idleCounts("thread", Quick)[1]
	few := idleCounts("process", Quick)[0]
	limited := Claim{ID: "U5", Text: "A pool never runs more than its size at once: the next task waits for a free worker"}
	for _, pool := range pools {
		for _, w := range []int{s.Cores, 4 * s.Cores} {
			limited.Comparisons = append(limited.Comparisons, always(inFlight(pool, w)), sometimes(full, inFlight(pool, w)))
		}
	}
	pooled := Claim{ID: "U4", Text: "For tasks of up to a millisecond a pool of processes beats a process for every task"}
	for _, length := range []string{"100us", "1ms"} {
		pooled.Comparisons = append(pooled.Comparisons,
			atLeast(Throughput, lengthy(length, "process-pool", s.Cores), lengthy(length, "process", s.Cores), Same))
	}
	return []Claim{
		{
			ID: "U1", Text: "Creating a process costs much more than a thread, and a thread more than a goroutine or coroutine",
			Caveat: "process is the program that process pools run, with one empty task answered; empty is a Go program that does nothing; fork is the system call without a program. A thread counts as joined when its last statement has run, a process when the system has taken it down. A thread is one of Go, with what its runtime adds.",
			Comparisons: []Comparison{
				longer(created("process"), created("thread"), much),
				longer(created("empty"), created("thread"), much),
				longer(created("fork"), created("thread"), much),
				longer(created("thread"), created("goroutine"), Same),
				longer(created("thread"), created("coroutine"), Same),
			},
		},
		{
			ID: "U2", Text: "Switching processes costs more than switching threads, and that more than goroutines or coroutines",
			Caveat: "A byte goes there and back, on one core. Across two cores it is not a switch that is measured but the waking of another core; the chart shows that too. Processes and threads pass it through pipes, goroutines through a channel, coroutines by a call: it is the price of a hand-over as each of them has it.",
			Comparisons: []Comparison{
				longer(switched("process", "one"), switched("thread", "one"), Same),
				longer(switched("thread", "one"), switched("goroutine", "one"), Same),
				longer(switched("thread", "one"), switched("coroutine", "one"), Same),
			},
		},
		{
			ID: "U3", Text: "A process needs far more memory than a thread, and a thread more than a goroutine or coroutine",
			Caveat: "Resident memory as the system counts it (proportional set size: shared pages are shared out), seen from outside. What the kernel keeps for each unit is not in it. A thread is one of Go, with what its runtime adds.",
			Comparisons: []Comparison{
				larger(idle("process", few), idle("thread", few), far),
				larger(idle("thread", most), idle("goroutine", most), Same),
				larger(idle("thread", most), idle("coroutine", most), Same),
			},
		},
		pooled,
		limited,
		{
			ID:     "U6",
			Caveat: "Tasks are empty. One that computes for a millisecond gains much less.",
			Text:   "Submitting asynchronously beats submitting one by one and waiting",
			Comparisons: []Comparison{
				atLeast(Throughput, submitted("async", "pipe"), submitted("apply", "pipe"), Same),
				atLeast(Throughput, submitted("async", "ring"), submitted("apply", "ring"), Same),
			},
		},
	}
}
