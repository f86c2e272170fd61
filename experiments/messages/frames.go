package messages

import (
	"slices"

	"parcon/experiments/card"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// frames lets four processes send messages through one pipe, and counts those that did not
// arrive whole. A message is a frame: its length, and what it holds. multiprocessing's
// connections write both together up to 16 KiB, and one after the other beyond that
// (Connection._send_bytes, Lib/multiprocessing/connection.py).
//
// POSIX promises that a write to a pipe is not mixed with others up to PIPE_BUF bytes, 4096
// on Linux (pipe(7)). A queue is a pipe whose writers take a lock.
//
// The judge looks for the next frame wherever one is not whole. A program that believes
// the lengths that it reads would lose all that follows the first one.
var frames = card.Card{
	Name: "frames", Doc: "are the messages of four writers to one pipe garbled?",
	Keys: []card.Choice{
		{Key: "way", Values: []string{pipeTransport, queueTransport}, Words: map[string]string{pipeTransport: "a pipe without a lock", queueTransport: "a queue (a pipe with a lock)"}},
		// of a frame in bytes, with its length
		{Key: "size", Values: []string{"64", "4096", "8192", "20000", "65536"}, Words: map[string]string{
			"64": "64 bytes", "4096": "4,096 bytes", "8192": "8,192 bytes", "20000": "20,000 bytes", "65536": "65,536 bytes",
		}},
		{Key: "writes", Values: []string{"1", "2"}, Words: map[string]string{"1": "in one write", "2": "in two writes"}},
	},
	Needs:    []card.Need{card.Linux},
	Cases:    frameCases,
	Claims:   frameClaims,
	Prepare:  prepareFrames,
	Parts:    map[string]func([]string) error{"write": writeFrames},
	Label:    "messages of four writers",
	Counts:   []string{unitGarbled},
	Sections: frameSections,
}

const unitGarbled = "garbled"

var (
	garbled    = card.Measure{Name: "garbled", Unit: unitGarbled, How: card.Every}
	anyGarbled = card.Measure{Name: "garbled", Unit: unitGarbled, How: card.Some}
)

// A framing is how long frames are, and in how many writes.
type framing struct{ size, writes int }

func (f framing) by(way string) variant.Variant {
	return card.Of("frames", "way", way, "size", card.Itoa(f.size), "writes", card.Itoa(f.writes))
}

// The claim is about messages that are longer than what a pipe takes in one piece, and
// those of two writes. Others stand beside.
var (
	claimed   = []framing{{64, 2}, {8192, 1}, {20000, 2}}
	onePieces = []framing{{64, 1}}
	further   = []framing{{4096, 1}, {4096, 2}, {65536, 1}, {65536, 2}}
)

// tries is how many frames a trial writes.
func (f framing) tries() int { return max(600, min(6_000, 12<<20/f.size)) }

func frameCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(f framing, ways ...string) {
		for _, way := range ways {
			cases = append(cases, card.Run(f.tries(), f.by(way)))
		}
	}
	for _, f := range claimed {
		add(f, pipeTransport, queueTransport)
	}
	for _, f := range onePieces {
		add(f, pipeTransport)
	}
	if s.Depth >= card.Standard {
		for _, f := range further {
			add(f, pipeTransport, queueTransport)
		}
	}
	return cases
}

func frameClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M2", Text: "Several writers on one pipe without a lock garble messages; a queue does not",
		Caveat: "Messages whose length is written apart, or that are longer than what a pipe takes in one piece (4096 bytes). Shorter ones in one write are whole on Linux without a lock too: they stand beside.",
	}
	for _, f := range claimed {
		claim.Comparisons = append(claim.Comparisons, card.Sometimes(anyGarbled, f.by(pipeTransport)), card.Never(garbled, f.by(queueTransport)))
	}
	return []card.Claim{claim}
}

func frameSections() []section.Section {
	return []section.Section{{
		Topic: "Several writers on one pipe", Claims: []string{"M2"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(unitGarbled, "of messages of 20,000 bytes %s were garbled without a lock", "way", pipeTransport, "size", "20000"),
				section.Counted(unitGarbled, "of all that went through a queue %s", "way", queueTransport),
			},
			Rows: framings,
			Columns: []section.Column{
				section.Under("a message", section.Value("size")),
				section.Under("written", section.Value("writes")),
				section.Under("garbled without a lock", garbledBy(pipeTransport)),
				section.Under("garbled in a queue", garbledBy(queueTransport)),
			},
			Note: "Four processes write messages at once, each with its length before it. Garbled: it did not arrive whole. Linux takes up to 4096 bytes (PIPE_BUF) that one write gives to a pipe in one piece. A queue is a pipe whose writers take a lock.",
		},
	}}
}

// framings puts a pipe and a queue with the same frames into one row.
func framings(s section.Samples) []section.Row {
	var rows []section.Row
	for _, size := range s.Values("size") {
		for _, writes := range s.Values("writes") {
			if row := s.With("size", size, "writes", writes); len(row) > 0 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func garbledBy(way string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		return s.Total(unitGarbled, slices.DeleteFunc(slices.Clone(row), func(v variant.Variant) bool { return v.Get("way") != way })...).String()
	}
}
