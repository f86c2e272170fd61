package tasks

import (
	"parcon/experiments/card"
)

// Crowd is this chapter.
var Crowd = card.Chapter{
	Name:     "crowd",
	Question: "Thousands of tasks: does one event-driven thread keep up with a thread for each, and does switching eat the machine?",
	Cards: []card.Card{
		{Name: "crowd", Cases: crowdCases, Claims: crowdClaims},
		switching, switchingLarge, switchingLargest,
	},
}

// crowds are how many tasks wait at once. Each waits long beside the time that
// it takes to start them all.
var crowds = []int{1_000, 10_000}

const crowdWork = "sleep/delay=100ms"

// bursts is how many tasks each of the crowd runs in a trial: the first one meets
// threads that never ran, which is a start and not yet serving.
const bursts = 2

func crowdCases(s card.Scale) []card.Case {
	models := []string{"loop", "thread"}
	if s.Depth >= card.Standard {
		models = append(models, "goroutine")
	}
	var cases []card.Case
	for _, n := range crowds {
		for _, model := range models {
			cases = append(cases, card.Run(bursts*n, Variant(crowdWork, model, n)))
		}
	}
	return append(cases, card.Second(card.Run(bursts*crowds[0], Variant(crowdWork, "loop", crowds[0]))))
}

func crowdClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "P8", Text: "One event-driven thread serves many waiting tasks: as fast as a thread for each, in less memory",
		Caveat: "The threads are those of a Go program: its runtime hands each task to a sleeping thread, one after another. Linux 6.16 and later are asked for longer tables to find sleeping threads in than they give a process by itself: with 10,000 threads on two cores they take a third of the time then.",
	}
	for _, n := range crowds {
		of, over := Variant(crowdWork, "loop", n), Variant(crowdWork, "thread", n)
		claim.Comparisons = append(claim.Comparisons,
			card.Is(card.Throughput, of, card.AsWell, over),
			card.Is(card.Memory, of, card.Less, over))
	}
	return []card.Claim{claim}
}
