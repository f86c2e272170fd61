package experiments

import "parcon/experiments/variant"

var life = Experiment{
	Name:     "life",
	Question: "How do processes live and end: zombies, orphans, daemons, signals, states?",
	Cases:    func(s Scale) []Case { return s.possible(lifeCases(s)) },
	Claims:   func(s Scale) []Claim { return s.judgeable(lifeClaims(s)) },
}

func orphan(adopter string) variant.Variant { return of("orphan", "adopter", adopter) }

func daemon(kind, end string) variant.Variant { return of("daemon", "kind", kind, "end", end) }

func terminated(way string) variant.Variant { return of("terminate", "way", way) }

func ended(way string) variant.Variant { return of("exits", "way", way) }

func states(work string) variant.Variant { return of("states", "work", work) }

// The lists that cases and claims share.
var (
	adopters   = []string{"init", "subreaper"}
	daemons    = []string{"daemon", "plain"}
	parentEnds = []string{"exit", "kill"}
	signals    = []string{"term", "kill"}
	exits      = []string{"done", "error", "fault", "killed"}
)

var reaped = Measure{"reaped", "reaped", Every}

func lifeCases(Scale) []Case {
	var cases []Case
	add := func(tasks int, v variant.Variant) { cases = append(cases, Case{v, tasks}) }
	add(30, of("zombie"))
	cases = append(cases, twin(Case{of("zombie"), 30}))
	add(15, of("join"))
	for _, a := range adopters {
		add(15, orphan(a))
	}
	for _, kind := range daemons {
		for _, end := range parentEnds {
			add(map[string]int{"daemon": 15, "plain": 3}[kind], daemon(kind, end))
		}
	}
	for _, way := range signals {
		add(30, terminated(way))
	}
	for _, way := range exits {
		add(30, ended(way))
	}
	for _, work := range []string{"compute", "wait", "oversubscribed"} {
		add(map[string]int{"compute": 70, "wait": 70, "oversubscribed": 40}[work], states(work))
	}
	return cases
}

func lifeClaims(Scale) []Claim {
	adopted := Claim{ID: "F2", Text: "An orphan is adopted and does no harm: it works on, and somebody reaps it", Caveat: "In a container whose first process is no init nobody may reap it: then this is refuted, there."}
	for _, a := range adopters {
		adopted.Comparisons = append(adopted.Comparisons, always(orphan(a)))
	}
	adopted.Comparisons = append(adopted.Comparisons, Comparison{reaped, orphan("init"), variantNone, 1, 1})
	follows := Claim{
		ID: "F3", Text: "A daemon child ends when its parent's work ends; others outlive it",
		Caveat: "A daemon here is a child that the kernel kills with its parent. Python's daemonic processes are ended by their parent's exit handler, which does not run when the parent is killed.",
	}
	for _, kind := range daemons {
		for _, end := range parentEnds {
			follows.Comparisons = append(follows.Comparisons, always(daemon(kind, end)))
		}
	}
	asked := Claim{ID: "F4", Text: "Asking a process to end is not its end: more often than not it is still there a moment later"}
	for _, way := range signals {
		asked.Comparisons = append(asked.Comparisons, atLeast(Often, terminated(way), variantNone, half))
	}
	told := Claim{ID: "F5", Caveat: "A nil dereference of Go ends its process with exit status 2, as an error does; the fault here is a signal that Go does not handle.", Text: "Four ways to end (done, error, fatal fault, killed) can be told apart by the exit status"}
	for _, way := range exits {
		told.Comparisons = append(told.Comparisons, always(ended(way)))
	}
	share := func(unit string) Measure { return Measure{unit + " share", unit + "-share", Value} }
	return []Claim{
		{
			ID: "F1", Text: "A dead child that nobody waited for is a zombie: it holds its number until its parent waits for it",
			Comparisons: []Comparison{always(of("zombie"))},
		},
		adopted,
		follows,
		asked,
		told,
		{
			ID: "F6", Text: "Computing processes are not blocked, waiting ones are, and with four for each core most are ready and wait for their turn",
			Comparisons: []Comparison{
				atMost(share("blocked"), states("compute"), variantNone, 1-mostly),
				atLeast(share("blocked"), states("wait"), variantNone, mostly),
				atLeast(share("ready"), states("oversubscribed"), variantNone, half),
			},
		},
		{
			ID: "F7", Text: "A join with a time-out gives up waiting, not the child",
			Comparisons: []Comparison{always(of("join"))},
		},
	}
}
