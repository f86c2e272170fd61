package experiments

import "parcon/experiments/variant"

var locks = Experiment{
	Name:     "locks",
	Question: "Who waits for whom, who is woken, and when does everybody wait for ever?",
	Cases:    func(s Scale) []Case { return s.possible(locksCases(s)) },
	Claims:   func(s Scale) []Claim { return s.judgeable(locksClaims(s)) },
}

func semaphore(unit string, size int) variant.Variant {
	return of("semaphore", "unit", unit, "size", itoa(size))
}

func event(unit string) variant.Variant { return of("event", "unit", unit) }

func condition(unit string, wake int) variant.Variant {
	return of("condition", "unit", unit, "wake", itoa(wake))
}

func deadlock(unit, order string) variant.Variant {
	return of("deadlock", "unit", unit, "order", order)
}

func relocked(lock, unit string) variant.Variant { return of("relock", "lock", lock, "unit", unit) }

func lockcost(lock, unit string) variant.Variant { return of("lockcost", "lock", lock, "unit", unit) }

func timer(load, delay string) variant.Variant { return of("timer", "load", load, "delay", delay) }

// What is counted among tries.
var (
	over    = Measure{"too many inside", "over", Every}
	early   = Measure{"too early", "early", Every}
	hanging = Measure{"left hanging", "hanging", Every}
	// A wait that ends at its time-out, and is told that it did.
	timedOut = Measure{"timed out", "timeouts", Every}
	lateness = Measure{"median lateness in ns", "late-p50-ns", Value}
)

var (
	lockUnits      = []string{"goroutine", "process"}
	semaphoreSizes = []int{1, 3}
	wakes          = []int{1, 3}
	timerLoads     = []string{"idle", "full", "gil"}
)

// lockTakes is how often a trial takes a lock.
var lockTakes = map[string]int{"goroutine": 8_000_000, "process": 2_000_000}

func timerDelays(d Depth) []string {
	if d == Quick {
		return []string{"5ms"}
	}
	return []string{"1ms", "5ms", "20ms"}
}

// timerTries is how many timers a trial waits for, on an idle machine. Beside
// computing threads each comes up to two turns of Go's scheduler late.
var timerTries = map[string]int{"1ms": 30, "5ms": 10, "20ms": 4}

const busyTries = 4

func locksCases(s Scale) []Case {
	var cases []Case
	add := func(tasks int, v variant.Variant) { cases = append(cases, Case{v, tasks}) }
	for _, unit := range lockUnits {
		for _, n := range semaphoreSizes {
			add(10, semaphore(unit, n))
		}
		add(10, event(unit))
		for _, n := range wakes {
			add(10, condition(unit, n))
		}
		add(5, relocked("plain", unit))
		add(100, relocked("reentrant", unit))
		add(lockTakes[unit], lockcost("plain", unit))
		add(lockTakes[unit], lockcost("reentrant", unit))
		cases = append(cases, twin(Case{lockcost("plain", unit), lockTakes[unit]}))
	}
	for _, unit := range []string{"thread", "process"} {
		add(20, deadlock(unit, "opposite"))
		add(20, deadlock(unit, "fixed"))
	}
	for _, delay := range timerDelays(s.Depth) {
		for _, load := range append(timerLoads, "cpython") {
			tries := timerTries[delay]
			if load != "idle" {
				tries = busyTries
			}
			add(tries, timer(load, delay))
		}
	}
	return cases
}

func locksClaims(s Scale) []Claim {
	atMostN := Claim{ID: "L1", Text: "A semaphore of n lets at most n in"}
	wakesAll := Claim{ID: "L2", Text: "An event wakes all who wait, and a wait may time out"}
	wakesN := Claim{ID: "L3", Text: "A condition wakes as many as it is told to", Caveat: "One more would have been seen within 2 ms."}
	hangs := Claim{
		ID: "L5", Text: "A lock that its holder takes again hangs; a reentrant lock does not, and costs more",
		Caveat: "Go has no reentrant lock and no name for a goroutine: its holder is told to it here. The second take is made by a goroutine that stands for the holder, so that another can see it hang, which is watched for 10 ms.",
	}
	for _, unit := range lockUnits {
		for _, n := range semaphoreSizes {
			atMostN.Comparisons = append(atMostN.Comparisons, sometimes(Happens, semaphore(unit, n)), never(over, semaphore(unit, n)))
		}
		wakesAll.Comparisons = append(wakesAll.Comparisons, always(event(unit)), Comparison{timedOut, event(unit), variantNone, 1, 1}, never(early, event(unit)))
		for _, n := range wakes {
			wakesN.Comparisons = append(wakesN.Comparisons, always(condition(unit, n)))
		}
		hangs.Comparisons = append(hangs.Comparisons,
			always(relocked("plain", unit)), never(Seen, relocked("reentrant", unit)),
			atLeast(Time, lockcost("reentrant", unit), lockcost("plain", unit), Same))
	}
	dead := Claim{ID: "L4", Text: "Two locks taken in opposite order deadlock; one fixed order does not"}
	for _, unit := range []string{"thread", "process"} {
		dead.Comparisons = append(dead.Comparisons,
			sometimes(Happens, deadlock(unit, "opposite")), never(Seen, deadlock(unit, "fixed")),
			never(hanging, deadlock(unit, "opposite")))
	}
	fires := Claim{
		ID: "L6", Text: "A timer fires after its delay: never before, and within a millisecond where nothing else runs",
		Caveat: "Beside work that computes in the same program it fires much later: the chart shows that.",
	}
	for _, load := range timerLoads {
		fires.Comparisons = append(fires.Comparisons, never(early, timer(load, "5ms")))
	}
	fires.Comparisons = append(fires.Comparisons, Comparison{lateness, timer("idle", "5ms"), variantNone, 0, 1e6})
	return []Claim{atMostN, wakesAll, wakesN, dead, hangs, fires}
}
