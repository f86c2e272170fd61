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

func mixed(s card.Scale, share int, model string, workers int) card.Case {
	return mixedOf(s, share, mixOf(share), model, workers)
}

// mixedOf is the case of a workload that computes for a share of its time, in any language.
func mixedOf(s card.Scale, share int, work, model string, workers int) card.Case {
	waves, least := mixWaves(share), mixSerial
	if share == sharedByGILs && s.Depth >= card.Standard {
		waves, least = 4*waves, 4*mixSerial
	}
	return card.Run(max(waves*workers, least), Variant(work, model, workers))
}

// sharedByGILs is the share at which emulations are held against the real GIL. A trial has
// more tasks there: what a Python needs to warm up would be in each of six.
const sharedByGILs = 50

func mixOf(share int) string { return fmt.Sprintf("mix/cpu=%d", share) }

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
			cases = append(cases, mixed(s, share, model, workers))
		}
	}
	if s.Depth >= card.Standard {
		for _, g := range gils(s) {
			cases = append(cases, g.cases(s, mixOf(sharedByGILs), func(work, model string, workers int) card.Case {
				return mixedOf(s, sharedByGILs, work, model, workers)
			})...)
		}
	}
	return card.Unique(append(cases, card.Second(mixed(s, 0, "gil", w)), card.Second(mixed(s, 100, "goroutine", w))))
}

func mixingClaims(s card.Scale) []card.Claim {
	w := s.Many()
	claim := card.Claim{
		ID: "P11", Text: "The mix decides: for waiting tasks one core does as well as all of them; for computing ones it does not",
		Needs: []card.Need{card.Cores},
	}
	for _, parallel := range []string{"goroutine", "thread", "process-pool"} {
		of := func(share int, word card.Word) card.Comparison {
			return card.Is(card.Throughput, mixed(s, share, "gil", w).Variant, word, mixed(s, share, parallel, w).Variant)
		}
		claim.Comparisons = append(claim.Comparisons, of(0, card.AsWell), of(100, card.Worse))
	}
	return []card.Claim{claim}
}
