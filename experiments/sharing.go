package experiments

import (
	"slices"

	"parcon/experiments/variant"
)

var sharing = Experiment{
	Name:     "sharing",
	Question: "What do processes and threads share, what goes wrong when they do, and what does it cost to prevent it?",
	Cases:    func(s Scale) []Case { return s.possible(sharingCases(s)) },
	Claims:   func(s Scale) []Claim { return s.judgeable(sharingClaims(s)) },
}

func isolated(unit string) variant.Variant { return of("isolation", "unit", unit) }

func crashed(unit, way string) variant.Variant { return of("crash", "unit", unit, "way", way) }

func balanced(model, lock string, workers int) variant.Variant {
	return of("balance", "model", model, "lock", lock, "workers", itoa(workers))
}

func sold(unit, lock string) variant.Variant {
	return of("tickets", "unit", unit, "lock", lock, "buyers", "100")
}

// A page of lines: where they go, how long one is, in how many writes.
type page struct {
	medium      string
	size, parts int
}

func (p page) lines(lock string) variant.Variant {
	return of("lines", "medium", p.medium, "size", itoa(p.size), "parts", itoa(p.parts), "lock", lock)
}

func tallied(way string, workers int) variant.Variant {
	return of("tally", "way", way, "workers", itoa(workers))
}

func counter(medium string) variant.Variant { return of("counter", "medium", medium) }

// What is counted: updates that another one overwrote, lines that others were
// mixed into, sales in which more tickets were sold than there were.
var (
	lost     = Measure{"lost", "lost", Every}
	anyLost  = Measure{"lost", "lost", Some}
	torn     = Measure{"torn", "torn", Every}
	anyTorn  = Measure{"torn", "torn", Some}
	oversold = Measure{"sales that sold too many", "seen", Every}
	anySold  = Measure{"sales that sold too many", "seen", Some}
)

// ways are those in which a unit crashes.
var ways = []string{"panic", "nil", "segv", "kill", "exit", "memory"}

// pages are the ways of writing lines that the claim is about, and morePages
// those around the most that Linux writes to a pipe in one piece (PIPE_BUF, 4096
// bytes: pipe(7)).
var (
	pages     = []page{{"pipe", 64, 1}, {"pipe", 5000, 1}, {"pipe", 8192, 1}, {"pipe", 65536, 1}, {"pipe", 64, 2}, {"file", 64, 1}, {"file", 64, 2}}
	morePages = []page{{"pipe", 4096, 1}, {"file", 65536, 1}}
)

// count is how many lines a trial writes.
func (p page) count() int { return min(10_000, max(1_000, 50_000_000/p.size)) }

// updates is how many a trial makes: more than ten million with a lock in the
// rounds of the standard profile. There are more where only one thread runs at a
// time, so that the turn changes a few times while they last.
func updates(model, lock string) int {
	switch {
	case model == "cpython-thread" && lock == "none":
		return 700_000
	case model == "cpython-thread":
		return 150_000
	case model == "gil" || model == "loop":
		return 8_000_000
	case model == "process" && lock != "none":
		return 1_000_000
	}
	return 2_500_000
}

// sales is how many ticket sales a trial holds: with a lock, in the rounds of the
// standard profile, a thousand.
func sales(lock string, d Depth) int {
	switch {
	case lock == "none":
		return 2
	case d == Quick:
		return 5
	}
	return 50
}

// several is how many workers share a number: at least two.
func several(cores int) int { return max(2, cores) }

// tallies is how many increments a trial makes.
var (
	tallyWays = []string{"shard", "mutex-map", "sync-map", "atomic"}
	tallies   = map[string]int{"shard": 30_000_000, "mutex-map": 1_500_000, "sync-map": 150_000, "atomic": 5_000_000}
)

// serialised are the models that are measured with one worker too, to see what a
// lock makes of several.
var serialised = []string{"goroutine", "thread", "process"}

func sharingCases(s Scale) []Case {
	var cases []Case
	add := func(tasks int, v variant.Variant) { cases = append(cases, Case{v, tasks}) }
	for _, unit := range []struct {
		name  string
		tries int
	}{
		{"process", 15}, {"fork", 150}, {"thread", 1000}, {"goroutine", 10_000}, {"cpython-fork", 15}, {"cpython-thread", 400},
	} {
		add(unit.tries, isolated(unit.name))
	}
	for _, way := range ways {
		add(2, crashed("process", way))
		add(2, crashed("thread", way))
	}
	w := several(s.Cores)
	for _, lock := range []string{"none", "mutex"} {
		add(updates("serial", lock), balanced("serial", lock, 1))
		for _, m := range []string{"goroutine", "pool", "thread", "gil", "loop", "coroutine", "process", "cpython-thread"} {
			add(updates(m, lock), balanced(m, lock, w))
		}
	}
	for _, m := range serialised {
		add(updates(m, "mutex"), balanced(m, "mutex", 1))
	}
	cases = append(cases, twin(Case{balanced("serial", "mutex", 1), updates("serial", "mutex")}))
	for _, unit := range []string{"thread", "process"} {
		for _, lock := range []string{"none", "flock"} {
			add(sales(lock, s.Depth), sold(unit, lock))
		}
	}
	written := pages
	if s.Depth >= Standard {
		written = slices.Concat(pages, morePages)
	}
	for _, p := range written {
		add(p.count(), p.lines("none"))
		add(p.count(), p.lines("flock"))
	}
	counts := []int{1, w}
	if s.Depth >= Standard {
		counts = []int{1, w, 4 * w}
	}
	for _, way := range tallyWays {
		for _, n := range counts {
			add(tallies[way], tallied(way, n))
		}
	}
	cases = append(cases, twin(Case{tallied("mutex-map", 1), tallies["mutex-map"]}))
	add(100, counter("file"))
	add(3_000, counter("pipe"))
	add(1_000_000, counter("memory"))
	return cases
}

func sharingClaims(s Scale) []Claim {
	w := several(s.Cores)
	crash := Claim{
		ID: "S2", Text: "A crashing process leaves the others alive; a crashing thread takes the whole process with it",
		Caveat: "A panic or nil dereference that Go code recovers from ends nothing; here nobody does.",
	}
	for _, way := range ways {
		crash.Comparisons = append(crash.Comparisons, always(crashed("process", way)), always(crashed("thread", way)))
	}
	loses := Claim{
		ID: "S3", Text: "An unlocked read, change and write loses updates, even where only one thread runs at a time",
		Caveat: "The number is read, changed and written by separate instructions, as in every bank account of a textbook.",
	}
	for _, m := range []string{"goroutine", "thread", "process", "gil"} {
		loses.Comparisons = append(loses.Comparisons, sometimes(anyLost, balanced(m, "none", w)))
	}
	right := Claim{ID: "S5", Text: "With a lock nothing is lost or sold twice, and several workers are no faster than one"}
	for _, m := range []string{"goroutine", "pool", "thread", "gil", "loop", "process"} {
		right.Comparisons = append(right.Comparisons, never(lost, balanced(m, "mutex", w)))
	}
	for _, unit := range []string{"thread", "process"} {
		right.Comparisons = append(right.Comparisons, never(oversold, sold(unit, "flock")))
	}
	for _, m := range serialised {
		right.Comparisons = append(right.Comparisons, atMost(Throughput, balanced(m, "mutex", w), balanced(m, "mutex", 1), Same))
	}
	lines := Claim{
		ID: "S6", Text: "Unlocked writers mix up each other's lines, whatever their length; a lock keeps them whole",
		Caveat: "Linux writes up to 4096 bytes to a pipe in one piece, and what is appended to a file by one write too. A line that a program writes in two pieces is two writes.",
	}
	for _, p := range pages {
		lines.Comparisons = append(lines.Comparisons, sometimes(anyTorn, p.lines("none")), never(torn, p.lines("flock")))
	}
	local := Claim{
		ID: "S7", Text: "A counter of each worker's own needs no lock and beats a shared map, a sync.Map and one atomic counter",
		Caveat:     "A worker finds its own counter once; in a map it looks its place up each time, which is part of what a map costs.",
		Unmeasured: needsCores(s),
	}
	for _, way := range tallyWays[1:] {
		local.Comparisons = append(local.Comparisons, atLeast(Throughput, tallied("shard", w), tallied(way, w), Same))
	}
	return []Claim{
		{
			ID:     "S1",
			Caveat: "process is a program that was started anew, as processes of Go are; fork is a copy, as in C or in CPython.",
			Text:   "Processes share nothing: a write in a child is not seen by its parent; that of a thread is",
			Comparisons: []Comparison{
				never(Seen, isolated("process")), never(Seen, isolated("fork")), always(isolated("thread")), always(isolated("goroutine")),
			},
		},
		crash,
		loses,
		{
			ID:          "S4",
			Caveat:      "A buyer that finds the file half written tries again, as long as any other buyer is still at work.",
			Text:        "Looking first and buying then, through a shared file, sells one ticket to many buyers",
			Comparisons: []Comparison{sometimes(anySold, sold("thread", "none")), sometimes(anySold, sold("process", "none"))},
		},
		right,
		lines,
		local,
		{
			ID:          "S8",
			Caveat:      "The file holds JSON, as in textbooks, and is locked, read, cut off and written for each change; the memory is locked too.",
			Text:        "Sharing through a file is slow beside sharing through memory",
			Comparisons: []Comparison{atLeast(Throughput, counter("memory"), counter("file"), far)},
		},
	}
}
