package gil

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// The values of the key way.
const (
	serial         = "serial"
	threads        = "thread"
	subinterpreter = "subinterpreter"
)

// parallel: two threads count down from a number, and sum what they pass, which is
// checked: one after the other, both at once, or both at once and each in an interpreter
// with a lock of its own (_xxsubinterpreters in 3.12, _interpreters in 3.13,
// concurrent.interpreters in 3.14). Starting and joining the two threads is in all of them.
// Interpreters are made before: that takes some ms each.
var parallel = card.Card{
	Name: "parallel", Doc: "do two threads that compute take longer together than one after the other, or less?",
	Keys: []card.Choice{versions, {Key: "way", Values: []string{serial, threads, subinterpreter}, Words: map[string]string{
		serial: "one after the other", threads: "together", subinterpreter: "own locks",
	}}},
	Cases:  parallelCases,
	Claims: parallelClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		p := card.Python(t.Get(versions.Key))
		if t.Get("way") == subinterpreter && !ownLocks(p) {
			return card.Session{}, fmt.Errorf("making interpreters with a lock of their own: %s has none: name CPython 3.12 or later", p)
		}
		return prepare(t, "parallel", "way="+t.Get("way"))
	},
	Label:    "two threads that compute",
	Sections: parallelSections,
}

func parallelSections() []section.Section {
	return []section.Section{{Topic: "Two threads that compute", Claims: []string{"G2", "G3"}, Form: section.Func(showParallel)}}
}

// showParallel has a row for all that is not serial, each beside its serial code.
func showParallel(s section.Samples) section.Shown {
	alone := section.Drawn{Title: "a turn of the loop, one after the other", Shared: true, Format: number.Span, Tick: number.TickSpan}
	both := section.Drawn{Title: "in two threads", Shared: true, Format: number.Span, Tick: number.TickSpan}
	speed := section.Drawn{Title: "speed over one after the other", Format: number.Times}
	var rows []string
	for _, p := range s.Values(versions.Key) {
		before := s.The(versions.Key, p, "way", serial)
		for _, way := range []string{threads, subinterpreter} {
			v := s.The(versions.Key, p, "way", way)
			ratio := faster(s, v)
			if ratio.N == 0 {
				continue
			}
			rows = append(rows, s.Label(versions.Key, p)+", "+s.Label("way", way))
			alone.Values = append(alone.Values, s.Center(before, "ns/op"))
			both.Values = append(both.Values, s.Center(v, "ns/op"))
			speed.Values = append(speed.Values, ratio)
		}
	}
	if len(rows) == 0 {
		return section.Shown{}
	}
	return section.Shown{Finding: section.Say(s, section.List(together, escape)), Figure: &section.Figure{
		Name: "parallel", Rows: rows, Panels: []section.Drawn{alone, both, speed}, Whiskers: section.Whiskers,
		Subtitle: "Two threads of one process count down, each from the same number. Own locks: they are threads too, each with an interpreter and a lock of its own.",
		Note:     section.Medians + " " + section.Paired,
	}}
}

// faster is the speed of a variant over that of the same CPython's serial one.
func faster(s section.Samples, v variant.Variant) number.Interval {
	return s.Over(s.The(versions.Key, v.Get(versions.Key), "way", serial), v, "ns/op")
}

// together says what two threads cost, on the oldest and the latest CPython.
func together(s section.Samples) string {
	var said []string
	for _, p := range outer(s.Values(versions.Key)) {
		if ratio := faster(s, s.The(versions.Key, p, "way", threads)); ratio.N > 0 {
			format := "%s on %s"
			if len(said) == 0 {
				format = "two threads compute %s as fast as one after the other on %s"
			}
			said = append(said, s.Fold(ratio, fmt.Sprintf(format, "%s", s.Word(versions.Key, p))))
		}
	}
	return section.Joined(", ", said...)
}

// escape says what locks of their own gain on the latest CPython, if it has them.
func escape(s section.Samples) string {
	all := s.Values(versions.Key)
	if len(all) == 0 {
		return ""
	}
	own := s.The(versions.Key, all[len(all)-1], "way", subinterpreter)
	return s.Fold(faster(s, own), "with own locks %s")
}

func parallelOf(p card.Python, way string) variant.Variant {
	return card.Of("parallel", versions.Key, string(p), "way", way)
}

// ownLocks says whether its interpreters can have a lock each.
func ownLocks(p card.Python) bool { return p.AtLeast(3, 12) }

// turns is how far each thread counts down: 20 to 40 ms, which are some of the 5 ms after
// which the lock changes hands.
const turns = 400_000

func parallelCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, p := range s.Pythons {
		cases = append(cases, card.Run(turns, parallelOf(p, serial)), card.Run(turns, parallelOf(p, threads)))
		if ownLocks(p) {
			cases = append(cases, card.Run(turns, parallelOf(p, subinterpreter)))
		}
	}
	if len(cases) > 0 {
		cases = append(cases, card.Second(cases[0]))
	}
	return cases
}

func parallelClaims(s card.Scale) []card.Claim {
	fight := under(card.Claim{
		ID: "G2", Text: "Computing in two threads does not go as well as one after the other, because they fight for the lock",
		Caveat: "Slower by a tenth at least: equal and a little slower no number of rounds can tell apart. On 2.7 two cores fight: a thread that is woken finds the lock taken again.",
		Needs:  []card.Need{withGIL, card.Cores},
	}, card.WithGIL(s.Pythons), func(p card.Python) card.Comparison {
		return card.Is(card.Throughput, parallelOf(p, threads), card.Worse, parallelOf(p, serial))
	})
	none := under(card.Claim{
		ID: "G3", Text: "No threads of one process can compute in parallel: two are no faster than one after the other",
		Caveat: "Threads of one interpreter with a GIL cannot. It is held against threads that have an interpreter each, or against a build without GIL.",
		Needs:  []card.Need{withoutLimit, card.Cores},
	}, unlimited(s.Pythons), func(p card.Python) card.Comparison {
		return card.Is(card.Throughput, parallelOf(p, wayOut(p)), card.NoMore, parallelOf(p, serial))
	})
	return []card.Claim{fight, none}
}

// wayOut is how threads of a CPython compute in parallel.
func wayOut(p card.Python) string {
	if p.GIL() {
		return subinterpreter
	}
	return threads
}

// unlimited are those that can: with a lock for each interpreter, or without.
func unlimited(all []card.Python) []card.Python {
	var can []card.Python
	for _, p := range all {
		if !p.GIL() || ownLocks(p) {
			can = append(can, p)
		}
	}
	return can
}

// withoutLimit is the need of such a one.
func withoutLimit(s card.Scale) string {
	if len(unlimited(s.Pythons)) == 0 {
		return "there is no CPython whose threads could: install CPython 3.12 or later, and name it with --python"
	}
	return ""
}
