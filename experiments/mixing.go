package experiments

import "fmt"

var mixing = Experiment{
	Name:     "mixing",
	Question: "Tasks that compute for part of their time and wait for the rest: where does the best model change?",
	Cases:    mixingCases,
	Claims:   mixingClaims,
}

// MixModels are the rows of the crossover map.
var MixModels = []string{"goroutine", "thread", "process-pool", "gil", "loop", "serial"}

// MixShares are its columns: percent of a task's time spent computing.
func MixShares() []int { return []int{0, 25, 50, 75, 100} }

func mixed(share int, model string, workers int) Case {
	return Case{grid(fmt.Sprintf("mix/cpu=%d", share), model, workers), 2 * max(workers, 3)}
}

// MixWorkers is how many workers each model but serial has in the map.
func MixWorkers(cores int) int { return 4 * cores }

func mixingCases(s Scale) []Case {
	w := MixWorkers(s.Cores)
	var cases []Case
	for _, share := range MixShares() {
		for _, model := range MixModels {
			workers := w
			if model == "serial" {
				workers = 1
			}
			cases = append(cases, mixed(share, model, workers))
		}
	}
	return append(cases, twin(mixed(0, "gil", w)), twin(mixed(50, "gil", w)), twin(mixed(100, "gil", w)))
}

func mixingClaims(s Scale) []Claim {
	w := MixWorkers(s.Cores)
	claim := Claim{
		ID: "P11", Text: "The mix decides: for waiting tasks one core does as well as all of them, within ten percent; for computing ones it does not",
		Unmeasured: needsCores(s),
	}
	for _, parallel := range []string{"goroutine", "thread", "process-pool"} {
		compare := func(share int, low, high float64) {
			claim.Comparisons = append(claim.Comparisons, Comparison{
				Throughput, mixed(share, parallel, w).Variant, mixed(share, "gil", w).Variant, low, high,
			})
		}
		compare(0, 0, nearly)
		compare(100, scales*float64(s.Cores), inf)
	}
	return []Claim{claim}
}
