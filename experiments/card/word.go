package card

import (
	"strings"

	"parcon/experiments/variant"
)

// A Word is what a claim says of a ratio or a share. It decides the bound, by one
// table that is the same for all claims and was fixed before any of them ran.
type Word struct {
	Name    string   // short
	Phrases []string // as claims say it
	Means   string   // of the ratio of its two sides, of a share, or of a gain
	Low     float64  // the bound; 0 and Open are its open ends
	High    float64
}

// The words.
var (
	More   = Word{"more", []string{"more", "faster", "beats", "slow beside", "higher price"}, "above 1", 1, Open}
	Less   = Word{"less", []string{"less", "slower"}, "below 1", 0, 1}
	Much   = Word{"much more", []string{"much"}, "at least 2", 2, Open}
	Half   = Word{"much, of a gain", []string{"much"}, "at least half of what is possible", 0.5, Open}
	Far    = Word{"far more", []string{"far"}, "at least 5", 5, Open}
	NoMore = Word{"no more", []string{"no faster", "nothing"}, "at most 1.05, within 5 %", 0, Same}
	AsWell = Word{"as well", []string{"as well", "as fast"}, "at least 0.91, within 10 %", 1 / asWell, Open}
	Worse  = Word{"not as well", []string{"does not"}, "below 0.91", 0, 1 / asWell}
	Mostly = Word{"mostly", []string{"most", "more often than not"}, "in more than half", 0.5, 1}
	Seldom = Word{"mostly not", []string{"mostly not"}, "in less than half", 0, 0.5}
)

// Same is within five percent: also what a report calls equal.
const Same = 1.05

const asWell = 1.10

// Words lists them.
var Words = []Word{More, Less, Much, Half, Far, NoMore, AsWell, Worse, Mostly, Seldom}

// Is compares two variants, or looks at one if over is Alone, by what a claim says of
// them: Is(Throughput, of, Much, over) holds where the throughput of one is much more
// than that of the other.
func Is(m Measure, of variant.Variant, word Word, over variant.Variant) Comparison {
	return Comparison{m, of, over, word.Low, word.High, word.String()}
}

// In says that a claim's sentence has the word.
func (w Word) In(sentence string) bool {
	for _, phrase := range w.Phrases {
		if strings.Contains(strings.ToLower(sentence), phrase) {
			return true
		}
	}
	return false
}

// String is the word and what it means: "much more: at least 2".
func (w Word) String() string { return w.Name + ": " + w.Means }
