package tasks

import (
	"fmt"

	"parcon/experiments/card"
)

// Mixing is this chapter.
var Mixing = card.Chapter{
	Name:     "mixing",
	Question: "Tasks that compute for part of their time and wait for the rest: where does the best model change?",
	Cards:    []card.Card{{Name: "mixing", Cases: mixingCases, Claims: mixingClaims}},
}

// mixModels are the rows of the crossover map.
var mixModels = []string{"goroutine", "thread", "process-pool", "gil", "loop", "serial"}

// mixShares are its columns: percent of a task's time spent computing.
var mixShares = []int{0, 25, 50, 75, 100}

func mixed(share int, model string, workers int) card.Case {
	return card.Run(2*max(workers, 3), Variant(fmt.Sprintf("mix/cpu=%d", share), model, workers))
}

func mixingCases(s card.Scale) []card.Case {
	w := s.Many()
	var cases []card.Case
	for _, share := range mixShares {
		for _, model := range mixModels {
			workers := w
			if model == "serial" {
				workers = 1
			}
			cases = append(cases, mixed(share, model, workers))
		}
	}
	return append(cases, card.Second(mixed(0, "gil", w)), card.Second(mixed(50, "gil", w)), card.Second(mixed(100, "gil", w)))
}

func mixingClaims(s card.Scale) []card.Claim {
	w := s.Many()
	claim := card.Claim{
		ID: "P11", Text: "The mix decides: for waiting tasks one core does as well as all of them; for computing ones it does not",
		Needs: []card.Need{card.Cores},
	}
	for _, parallel := range []string{"goroutine", "thread", "process-pool"} {
		of := func(share int, word card.Word) card.Comparison {
			return card.Is(card.Throughput, mixed(share, "gil", w).Variant, word, mixed(share, parallel, w).Variant)
		}
		claim.Comparisons = append(claim.Comparisons, of(0, card.AsWell), of(100, card.Worse))
	}
	return []card.Claim{claim}
}
