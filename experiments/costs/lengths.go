package costs

import (
	"parcon/experiments/card"
	"parcon/experiments/tasks"
	"parcon/experiments/variant"
)

// lengths compares a process for every task with a pool of processes, at several
// lengths of tasks. Its variants are those of the grid.
var lengths = card.Card{
	Name: "lengths", Doc: "a process for every task and a pool of processes, by length of the tasks",
	Cases: lengthCases, Claims: lengthClaims,
}

// taskLengths are those at which the two are compared, and how many tasks of a
// length one worker runs in a trial.
func taskLengths(d card.Depth) []string {
	if d == card.Quick {
		return []string{"100us", "1ms", "10ms"}
	}
	return []string{"100us", "300us", "1ms", "3ms", "10ms", "30ms", "100ms", "300ms"}
}

var lengthTasks = map[string]int{"100us": 60, "300us": 60, "1ms": 30, "3ms": 20, "10ms": 8, "30ms": 3, "100ms": 3, "300ms": 1}

func lengthy(length, model string, workers int) variant.Variant {
	return tasks.Variant("hash/length="+length, model, workers)
}

func lengthCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, length := range taskLengths(s.Depth) {
		for _, model := range []string{"process", "process-pool"} {
			cases = append(cases, card.Run(lengthTasks[length]*s.Cores, lengthy(length, model, s.Cores)))
		}
	}
	return cases
}

func lengthClaims(s card.Scale) []card.Claim {
	pooled := card.Claim{ID: "U4", Text: "For tasks of up to a millisecond a pool of processes beats a process for every task"}
	for _, length := range []string{"100us", "1ms"} {
		pooled.Comparisons = append(pooled.Comparisons,
			card.AtLeast(card.Throughput, lengthy(length, "process-pool", s.Cores), lengthy(length, "process", s.Cores), card.Same))
	}
	return []card.Claim{pooled}
}
