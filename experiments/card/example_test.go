package card_test

import (
	"crypto/sha256"
	"fmt"
	"hash/crc32"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// digest is a card with a key, a claim on times and a chart of dots.
var digest = card.Card{
	Name: "digest", Doc: "sums up 4 KiB of bytes",
	Keys: []card.Choice{{Key: "way", Values: []string{"crc", "sha"}, Words: map[string]string{"crc": "CRC-32", "sha": "SHA-256"}}},
	// In a table of verdicts: "time, sum of 4 KiB: SHA-256 over CRC-32".
	Label: "sum of 4 KiB",
	Cases: func(card.Scale) []card.Case {
		cheapest := card.Run(20_000, digested("crc")) // so many in a trial: some ten milliseconds
		return []card.Case{cheapest, card.Second(cheapest), card.Run(2_000, digested("sha"))}
	},
	Claims: func(card.Scale) []card.Claim {
		return []card.Claim{{
			ID: "X1", Text: "A cryptographic hash takes far more time than a checksum",
			Comparisons: []card.Comparison{card.Is(card.Time, digested("sha"), card.Far, digested("crc"))},
		}}
	},
	Prepare: func(t card.Trial) (card.Session, error) {
		data := make([]byte, 4096)
		sum := map[string]func(){"crc": func() { crc32.ChecksumIEEE(data) }, "sha": func() { sha256.Sum256(data) }}[t.Get("way")]
		return card.Session{Run: func() (protocol.Measurement, error) {
			for range t.Ops {
				sum()
			}
			return protocol.Measurement{}, nil // ns/op is measured around it
		}}, nil
	},
	Sections: func() []section.Section {
		return []section.Section{{
			Topic: "Summing up bytes", Claims: []string{"X1"},
			Form: section.Dots{
				Name: "digest", Rows: []string{"way"},
				Finding: []section.Clause{section.Folded("ns/op", "a hash takes %s the time of a checksum", section.Pick{"way", "sha"}, section.Pick{"way", "crc"})},
				Panels:  []section.Panel{{Title: "time of a sum", Log: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center("ns/op")}},
			},
		}}
	},
}

func digested(way string) variant.Variant { return card.Of("digest", "way", way) }

// What a card is in whole.
func ExampleCard() {
	chapter := card.Chapter{Name: "made", Cards: []card.Card{digest}}
	for _, c := range chapter.Cases(card.Scale{}) {
		fmt.Println(c.Variant, c.Tasks)
	}
	// Output:
	// mechanism=digest/way=crc 20000
	// mechanism=digest/way=crc/twin=1 20000
	// mechanism=digest/way=sha 2000
}
