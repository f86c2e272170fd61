package gil

import (
	"fmt"
	"slices"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// The values of the key way.
const (
	goroutines = "goroutine"
	loop       = "loop"
	emulated   = "gil"
	locked     = "gil-lock"
)

// convoy: one thread makes requests, one after another, beside others that compute. A
// request is a wait of a millisecond in the kernel, and its latency ends when the thread
// goes on: when it has the lock again. That is called the convoy effect: who waits shortly
// has to wait long for the lock, each time, behind those that compute.
//
// CPython is as in the package comment. The ways of Go are those of package model:
// goroutine on all cores, loop on one, gil threads of which one runs at a time, where a
// turn ends when Go takes it away, after 10 to 20 ms (runtime/proc.go, sysmon and
// forcePreemptNS), and gil-lock threads that compute only with a lock that follows
// CPython's protocol (package gillock). No claim is made on the p99: of so few requests
// it is the longest.
var convoy = card.Card{
	Name: "convoy", Doc: "how long does a request of a millisecond take beside threads that compute?",
	Keys: []card.Choice{
		{Key: versions.Key, Pythons: true, Optional: true},
		{Key: "way", Values: []string{goroutines, loop, emulated, locked}, Optional: true},
		{Key: "load", Values: []string{"0", "1", "2", "4"}, Words: map[string]string{
			"0": "alone", "1": "beside 1", "2": "beside 2", "4": "beside 4",
		}},
	},
	Procs:    convoyProcs,
	Cases:    convoyCases,
	Prepare:  prepareConvoy,
	Label:    "a request of 1 ms",
	Units:    []string{requestHalf, requestMost},
	Sections: convoySections,
}

// The units.
const (
	requestHalf = "request-p50-ns"
	requestMost = "request-p99-ns"
)

func convoySections() []section.Section {
	return []section.Section{{
		Topic: "A request beside threads that compute (the convoy effect)",
		Form: section.Dots{
			Name:    "convoy",
			Finding: []section.Clause{half},
			Rows:    []string{versions.Key, "way"},
			Panels: []section.Panel{{
				Log: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center(requestHalf),
			}},
			Across:   "load",
			Explain:  "way",
			Subtitle: "Latency of a request that waits 1 ms in the kernel, p50, beside so many threads or goroutines that compute, on {cores}.",
			Note:     section.Medians,
		},
	}, {
		Topic: "Requests beside threads that compute, in numbers",
		Form: section.Table{
			Finding: []section.Clause{most},
			Rows:    ofEach,
			Columns: []section.Column{
				section.Under("requests of", who),
				section.Under("threads that compute", func(_ section.Samples, row section.Row) string { return row[0].Get("load") }),
				section.Under("p50", section.Span(requestHalf)),
				section.Under("p99", section.Span(requestMost)),
			},
			Note: "With {interval}s. p50: half of the requests take no longer; p99: of fewer than 100 requests in a trial the longest.",
		},
	}}
}

// makers are who makes requests, CPythons first, as keys and values.
func makers(s section.Samples) []section.Pick {
	var all []section.Pick
	for _, key := range []string{versions.Key, "way"} {
		for _, value := range s.Values(key) {
			all = append(all, section.Pick{key, value})
		}
	}
	return all
}

// ofEach are the rows of each in turn.
func ofEach(s section.Samples) []section.Row {
	var rows []section.Row
	for _, maker := range makers(s) {
		for _, v := range s.With(maker...) {
			rows = append(rows, section.Row{v})
		}
	}
	return rows
}

func who(s section.Samples, row section.Row) string {
	for _, maker := range makers(s) {
		if row[0].Get(maker[0]) == maker[1] {
			return s.Word(maker[0], maker[1])
		}
	}
	return ""
}

// half and most say how long requests take beside one that computes.
func half(s section.Samples) string {
	return beside(s, requestHalf, "beside one that computes a request of 1 ms takes ")
}

func most(s section.Samples) string {
	return beside(s, requestMost, "p99 beside one thread that computes: ")
}

// beside has room for the oldest and the latest CPython, and for two ways of Go.
func beside(s section.Samples, unit, words string) string {
	titled := append(outer(s.Values(versions.Key)), locked, goroutines)
	var said []string
	for _, maker := range makers(s) {
		i := s.Center(s.The(append(slices.Clone(maker), "load", "1")...), unit)
		if i.N > 0 && slices.Contains(titled, maker[1]) {
			said = append(said, fmt.Sprintf("%s (%s)", number.RoundSpan(i.Estimate), s.Word(maker[0], maker[1])))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return words + section.Joined(", ", said...)
}

func convoyOf(key, value string, load int) variant.Variant {
	return card.Of("convoy", key, value, "load", strconv.Itoa(load))
}

// loads are how many compute beside.
func loads(d card.Depth) []int {
	if d == card.Quick {
		return []int{1}
	}
	return []int{0, 1, 2, 4}
}

// requests is how many a trial makes: under the emulated GIL of package model each takes 20
// ms and more.
func requests(d card.Depth) int {
	if d == card.Quick {
		return 6
	}
	return 16
}

func convoyCases(s card.Scale) []card.Case {
	var cases []card.Case
	n := requests(s.Depth)
	for _, load := range loads(s.Depth) {
		for _, p := range s.Pythons {
			cases = append(cases, card.Run(n, convoyOf(versions.Key, string(p), load)))
		}
		for _, way := range []string{goroutines, loop, emulated, locked} {
			cases = append(cases, card.Run(n, convoyOf("way", way, load)))
		}
	}
	return append(cases, card.Second(card.Run(n, convoyOf("way", goroutines, 1))))
}

// convoyProcs are Go's processors: one where one runs at a time, and where threads shall
// be the kernel's one for each of them, and one to spare, as in package model.
func convoyProcs(v variant.Variant, cores int) int {
	switch v.Get("way") {
	case loop, emulated:
		return 1
	case locked:
		load, err := v.Int("load", 0)
		if err == nil {
			return load + 2
		}
	}
	return cores
}

func prepareConvoy(t card.Trial) (card.Session, error) {
	p, way := t.Get(versions.Key), t.Get("way")
	if (p == "") == (way == "") {
		return card.Session{}, fmt.Errorf("measuring %s: give one of %s=VERSION and way=WAY", t.Variant, versions.Key)
	}
	if p != "" {
		return prepare(t, "convoy", "load="+t.Get("load"))
	}
	return prepareRoad(way, t.Int("load", 0), t.Ops)
}
