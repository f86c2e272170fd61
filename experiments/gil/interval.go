package gil

import (
	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// interval: two threads compute in a tight loop, and each notes when it sees that the
// other one ran last. A stretch is from one such note to the next: its time, and its turns
// of the loop times the bytecodes of a turn, as the module dis lists them.
//
// A stretch is seen from outside; that the lock is let go is not. From 3.2 on the two are
// one: who lets it go waits until another thread has it. In 2.7 the thread that lets it go
// may take it again before the other one has woken, so that a stretch is many of the
// intervals of the interpreter. Their lengths tell them nevertheless: all differ by
// multiples of one number of turns, from one point where the lock is let go to the next.
// That is what counts as the bytecodes between two releases, and where there is no such
// number, the median stretch. In 2.7 it is not 100: sys.getcheckinterval() counts ticks, and
// LOAD_FAST and others go on without one (Python/ceval.c, fast_next_opcode).
var interval = card.Card{
	Name: "interval", Doc: "how long does a thread compute until another one that computes too has the lock?",
	Keys:   []card.Choice{versions},
	Cases:  intervalCases,
	Claims: intervalClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		return prepare(t, "interval")
	},
	Label:    "two threads that compute",
	Units:    []string{stretchTime, stretchLength, releaseLength},
	Sections: intervalSections,
}

// The units: of half of the stretches, and between two releases of the lock.
const (
	stretchTime   = "stretch-p50-ns"
	stretchLength = "stretch-p50-bytecodes"
	releaseLength = "release-bytecodes"
)

func intervalSections() []section.Section {
	return []section.Section{{
		Topic: "When the lock is let go", Claims: []string{"G1"}, Answer: true,
		Why: "Since Python 3.2 a thread that wants the lock waits for 5 ms and then asks for it; before, its holder let go after so many ticks.",
		Form: section.Dots{
			Name:    "interval",
			Finding: []section.Clause{letsGo},
			Rows:    []string{versions.Key},
			Panels: []section.Panel{
				{Title: "until the other thread computes, p50", Log: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center(stretchTime)},
				{Title: "bytecodes meanwhile, p50", Log: true, Value: section.Center(stretchLength)},
				{Title: "bytecodes between releases of the lock", Log: true, Value: section.Center(releaseLength)},
			},
			Subtitle: "Two threads of one process compute. Up to 3.1 CPython let its lock go every 100 ticks, and the same thread could take it again; since 3.2 another one that has waited for 5 ms asks for it.",
			Note:     section.Medians + " p50: half of the times are not longer. A tick is one of those bytecodes that are counted, not of all. How often 2.7 lets the lock go is seen by what the bytecodes between two changes have in common.",
		},
	}}
}

// letsGo says it of the oldest and the latest CPython.
func letsGo(s section.Samples) string {
	var said []string
	for i, p := range outer(s.Values(versions.Key)) {
		v := s.The(versions.Key, p)
		every, time := s.Center(v, releaseLength), s.Center(v, stretchTime)
		if every.N == 0 || time.N == 0 {
			continue
		}
		text := s.Word(versions.Key, p)
		if i == 0 {
			text += " lets its lock go"
		}
		text += " every " + roughly(every.Estimate) + " bytecodes"
		if card.Python(p).AtLeast(3, 2) {
			text += ", which is after " + number.RoundSpan(time.Estimate)
		}
		said = append(said, text)
	}
	return section.Joined("; ", said...)
}

// outer are the first and the last of some.
func outer(all []string) []string {
	if len(all) < 3 {
		return all
	}
	return []string{all[0], all[len(all)-1]}
}

func intervalOf(p card.Python) variant.Variant {
	return card.Of("interval", versions.Key, string(p))
}

// changes is how many stretches a trial looks at: 12 of 5 ms and more are enough for a
// median. Those of 2.7 are short, and their lengths need more to show what they have in
// common.
func changes(p card.Python) int {
	if p.AtLeast(3, 2) {
		return 12
	}
	return 100
}

func intervalCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, p := range card.WithGIL(s.Pythons) {
		cases = append(cases, card.Run(changes(p), intervalOf(p)))
	}
	if len(cases) > 0 {
		cases = append(cases, card.Second(cases[0]))
	}
	return cases
}

// between is the measure of the claim.
var between = card.Measure{Name: "bytecodes from one release to the next", Unit: releaseLength, How: card.Value}

func intervalClaims(s card.Scale) []card.Claim {
	return []card.Claim{under(card.Claim{
		ID: "G1", Text: "The interpreter lets the lock go every 100 bytecodes, at any rate within 1,000",
		Caveat: "That was so up to 3.1, and 100 were ticks, which not every bytecode is. Since 3.2 it lets the lock go when another thread has waited for 5 ms.",
		Needs:  []card.Need{withGIL, card.Cores},
	}, card.WithGIL(s.Pythons), func(p card.Python) card.Comparison {
		return card.AtMost(between, intervalOf(p), 1000)
	})}
}

// roughly writes a count with two digits.
func roughly(count float64) string {
	step := 1.0
	for count/step >= 100 {
		step *= 10
	}
	return number.Grouped(float64(int(count/step+0.5)) * step)
}
