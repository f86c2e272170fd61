package experiments

var crowd = Experiment{
	Name:     "crowd",
	Question: "Thousands of waiting tasks: does one event-driven thread keep up with a thread for each?",
	Cases:    crowdCases,
	Claims:   crowdClaims,
}

// crowds are how many tasks wait at once. Each waits long beside the time that
// it takes to start them all.
var crowds = []int{1_000, 10_000}

const crowdWork = "sleep/delay=100ms"

// bursts is how many tasks each of the crowd runs in a trial: the first one meets
// threads that never ran, which is a start and not yet serving.
const bursts = 3

func crowdCases(s Scale) []Case {
	models := []string{"loop", "thread"}
	if s.Depth >= Standard {
		models = append(models, "goroutine")
	}
	var cases []Case
	for _, n := range crowds {
		for _, model := range models {
			cases = append(cases, Case{grid(crowdWork, model, n), bursts * n})
		}
	}
	return append(cases, twin(Case{grid(crowdWork, "loop", crowds[0]), bursts * crowds[0]}))
}

func crowdClaims(Scale) []Claim {
	claim := Claim{
		ID: "P8", Text: "One event-driven thread serves many waiting tasks: as fast as a thread for each, in less memory",
		Caveat: "The threads are those of a Go program: its runtime hands each task to a sleeping thread, one after another.",
	}
	for _, n := range crowds {
		of, over := grid(crowdWork, "loop", n), grid(crowdWork, "thread", n)
		claim.Comparisons = append(claim.Comparisons,
			atLeast(Throughput, of, over, asGood),
			atMost(Memory, of, over, lighter))
	}
	return []Claim{claim}
}
