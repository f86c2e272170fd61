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
	return card.Run(max(mixWaves(share)*workers, mixSerial), Variant(fmt.Sprintf("mix/cpu=%d", share), model, workers))
}

// mixSerial is how many tasks of a trial serial code has.
const mixSerial = 6

// mixWaves is how many tasks of a trial each worker has. Those that wait meet workers
// that sleep, the first of them longer than later ones: one wave of eight cost a GIL 9 %,
// two 6 % each. Those that only compute have no such beginning, and no end in which the last
// ones wait.
func mixWaves(share int) int {
	switch share {
	case 0:
		return 4
	case 100:
		return 1
	}
	return 2
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
	return append(cases, card.Second(mixed(0, "gil", w)), card.Second(mixed(100, "goroutine", w)))
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
