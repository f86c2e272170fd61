package tasks

import "parcon/experiments/card"

// Mapping is this chapter.
var Mapping = card.Chapter{
	Name:     "mapping",
	Question: "User-level threads on one thread of the kernel: what do they lose when they compute, sleep or block?",
	Cards:    []card.Card{{Name: "mapping", Cases: mappingCases, Claims: mappingClaims}},
}

// mappingWaits is how many tasks wait at once, on any number of cores: user-level threads
// block one after another.
const mappingWaits = 8

func mappingCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(tasks int, work, model string, workers int) {
		cases = append(cases, card.Run(tasks, Variant(work, model, workers)))
	}
	many := s.Many()
	add(8, "primes", "serial", 1)
	add(everySeed(many), "primes", "coroutine", many)
	add(everySeed(2*many), "primes", "goroutine", many)
	add(4, "sleep", "serial", 1)
	add(2*mappingWaits, "sleep", "coroutine", mappingWaits)
	add(4, "block", "serial", 1)
	add(mappingWaits, "block", "coroutine", mappingWaits)
	add(4*mappingWaits, "block", "goroutine", mappingWaits)
	add(4*mappingWaits, "block", "loop", mappingWaits) // which Go's monitor helps: it stands beside
	return append(cases, card.Second(card.Run(2*mappingWaits, Variant("sleep", "coroutine", mappingWaits))))
}

func mappingClaims(s card.Scale) []card.Claim {
	over := func(work, model string, workers int, word card.Word) card.Comparison {
		return card.Is(card.Throughput, Variant(work, model, workers), word, Variant(work, "serial", 1))
	}
	many := s.Many()
	return []card.Claim{{
		ID: "P9", Text: "User-level threads use one core at most, and one blocking call stops them all: no faster than serial code, they are much faster only where they sleep by their own scheduler; many-to-many mapping has neither fault",
		Caveat: "coroutine switches as Go's iterators do (iter.Pull), on one thread of the kernel. goroutine is the many-to-many mapping. loop has one core too, but is none of user-level threads: Go's monitor takes the core from a call that blocks and gives it to the next.",
		Needs:  []card.Need{card.Cores},
		Comparisons: []card.Comparison{
			over("primes", "coroutine", many, card.NoMore),
			card.Is(card.CoresBusy, Variant("primes", "coroutine", many), card.NoMore, card.Alone),
			over("sleep", "coroutine", mappingWaits, card.Much),
			over("block", "coroutine", mappingWaits, card.NoMore),
			over("primes", "goroutine", many, card.More),
			over("block", "goroutine", mappingWaits, card.Much),
		},
	}}
}
