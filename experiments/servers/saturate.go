package servers

import (
	"fmt"
	"math"
	"slices"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/server"
	"parcon/experiments/variant"
)

// saturate keeps a server as busy as it can be: clients ask, wait for the answer, and ask
// again at once, a closed loop. So the operation's time is that of a request where a
// server has always something to do, and more in a second cannot be served. Each request
// asks for so much computing.
//
// The clients are goroutines of the trial's process, on the same cores as the server.
// Without computing they take half of the machine or more, which is so with all servers
// alike; with a millisecond of it next to nothing.
var saturate = card.Card{
	Name: "saturate", Doc: "serves as many requests as it can, each with work to do",
	Keys: []card.Choice{
		ofMany,
		{Key: "work", Values: []string{"0", "100us", "1ms"}, Words: map[string]string{
			"0": "no work", "100us": "100 µs of work", "1ms": "1 ms of work",
		}},
	},
	Needs:    []card.Need{card.Linux, card.Cores},
	Cases:    saturateCases,
	Claims:   saturateClaims,
	Prepare:  prepareSaturate,
	Label:    "serving",
	Sections: saturateSections,
}

// works are what a request may ask for, and in how many requests of it a trial takes 25 to
// 100 ms.
var works = []struct {
	name     string
	long     time.Duration
	requests int
}{{"0", 0, 3_000}, {"100us", 100 * time.Microsecond, 600}, {"1ms", time.Millisecond, 48}}

// spread are the models that use all cores.
var spread = []string{server.Thread, server.Process}

func saturated(model, work string) variant.Variant {
	return card.Of("saturate", ofServers.Key, model, "work", work)
}

func saturateCases(s card.Scale) []card.Case {
	models := append([]string{server.Loop}, spread...)
	if s.Depth >= card.Standard {
		models = append(models, server.ProcessesThreads, server.Goroutine, server.NetHTTP)
	}
	var cases []card.Case
	for _, w := range works {
		if s.Depth < card.Standard && w.name == "100us" {
			continue // for where the lines cross
		}
		for _, model := range models {
			cases = append(cases, card.Run(w.requests, saturated(model, w.name)))
		}
	}
	return append(cases, card.Second(card.Run(works[0].requests, saturated(server.Loop, works[0].name))))
}

func saturateClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "N3", Text: "Adding CPU work to each request turns the order round: without any an event loop serves more requests than a thread or a process per connection, with a millisecond of it those serve more than the loop",
		Caveat: "Requests in a second where a server has always one to serve. The clients are on the same machine, and without work take a good part of it.",
	}
	for _, model := range spread {
		claim.Comparisons = append(claim.Comparisons,
			card.Is(card.Throughput, saturated(server.Loop, "0"), card.More, saturated(model, "0")),
			card.Is(card.Throughput, saturated(model, "1ms"), card.More, saturated(server.Loop, "1ms")))
	}
	return []card.Claim{claim}
}

func saturateSections() []section.Section {
	doing := func(model, work string) section.Pick { return section.Pick{ofServers.Key, model, "work", work} }
	more := func(work, format string) section.Clause {
		return section.Folded("ns/op", format, doing(server.Loop, work), doing(server.Thread, work))
	}
	return []section.Section{{
		Topic: "Work in each request", Claims: []string{"N3"},
		Form: section.Dots{
			Name: "saturate",
			Finding: []section.Clause{section.Lean(
				more("0", "a thread per connection serves %s as many requests as an event loop without work"),
				more("1ms", "%s with 1 ms of it in each"))},
			Rows: []string{ofServers.Key}, Across: "work",
			Panels:   []section.Panel{{Format: number.Times, Value: overLoop}},
			Subtitle: "Requests served in a second over those of an event loop, where each client asks again as soon as it has its answer, on {cores}.",
			Whiskers: "Whiskers: {interval}s of the ratios.",
			Note:     "Dots: medians of the ratios in each round.",
			Below:    crossings,
		},
	}, {
		Topic: "Requests served in a second, by work in each",
		Form:  section.Func(servedByWork),
	}}
}

// overLoop is how many requests a server serves for one of an event loop.
func overLoop(s section.Samples, v variant.Variant) number.Interval {
	return s.Over(s.The(ofServers.Key, server.Loop, "work", v.Get("work")), v, "ns/op")
}

// servedByWork is the table of a row for each server.
func servedByWork(s section.Samples) section.Shown {
	columns := []section.Column{section.Under("server", section.Value(ofServers.Key))}
	for _, work := range s.Values("work") {
		columns = append(columns, section.Under(s.Word("work", work), func(s section.Samples, row section.Row) string {
			return section.PerSecond(s, s.The(ofServers.Key, row[0].Get(ofServers.Key), "work", work)).In(number.Rate)
		}))
	}
	return section.Table{
		Rows: func(s section.Samples) []section.Row {
			var rows []section.Row
			for _, model := range s.Values(ofServers.Key) {
				rows = append(rows, s.With(ofServers.Key, model))
			}
			return rows
		},
		Columns: columns,
		Note:    "With {interval}s. The clients are on the same cores, and take a good part of them where there is no work.",
		Finding: []section.Clause{fastest},
	}.Show(s)
}

// fastest names the server that serves most, for each amount of work.
func fastest(s section.Samples) string {
	var said []string
	for _, work := range s.Values("work") {
		best, most := "", 0.0
		for _, v := range s.With("work", work) {
			if i := section.PerSecond(s, v); i.N > 0 && i.Estimate > most {
				best, most = v.Get(ofServers.Key), i.Estimate
			}
		}
		if best != "" {
			said = append(said, fmt.Sprintf("%s (%s)", s.Word(ofServers.Key, best), s.Word("work", work)))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "most requests are served by: " + section.Joined(", ", said...)
}

// crossings says at how much work the event loop and the others serve as many.
func crossings(s section.Samples) string {
	var said []string
	for _, model := range spread {
		c, from, to := crossingOf(s, model)
		if c.N == 0 {
			if ahead(s, model) {
				said = append(said, s.Word(ofServers.Key, model)+" at each amount of work")
			}
			continue
		}
		at := fmt.Sprintf("%s (%s to %s)", number.Span(c.Estimate), number.Span(c.Low), number.Span(c.High))
		if !c.Known() {
			at = fmt.Sprintf("somewhere between %s and %s", number.Span(from), number.Span(to))
		}
		said = append(said, fmt.Sprintf("%s from %s of work in a request on", s.Word(ofServers.Key, model), at))
	}
	if len(said) == 0 {
		return ""
	}
	return "More than an event loop serves: " + section.Joined("; ", said...) + ". Interpolated between the two amounts of work measured on either side, as the time of a request grows evenly with its work; in brackets where both ratios lie at the ends of their {interval}s. No closer than these amounts where one of the two holds 1."
}

// ahead says whether a model surely serves more than an event loop at each amount of work.
func ahead(s section.Samples, model string) bool {
	others := s.With(ofServers.Key, model)
	return len(others) > 0 && !slices.ContainsFunc(others, func(v variant.Variant) bool { return !(overLoop(s, v).Low > 1) })
}

// crossingOf looks for the neighbours between which an event loop falls behind a model, and
// where between them that is, in ns of work.
func crossingOf(s section.Samples, model string) (c number.Interval, from, to float64) {
	var before side
	for _, w := range works {
		loop := s.The(ofServers.Key, server.Loop, "work", w.name)
		other := s.The(ofServers.Key, model, "work", w.name)
		now := side{float64(w.long), s.Center(loop, "ns/op").Estimate, s.Over(other, loop, "ns/op")}
		if now.ratio.N == 0 {
			continue
		}
		if before.ratio.N > 0 && before.ratio.Estimate > 1 && now.ratio.Estimate < 1 {
			return crossing(before, now), before.work, now.work
		}
		before = now
	}
	return number.Interval{}, 0, 0
}

// A side is one amount of work: what a request takes in an event loop, and how many times
// that in another server.
type side struct {
	work, loop float64 // ns
	ratio      number.Interval
}

// crossing is at how much work the ratio is 1, where the times of both servers grow evenly
// with it between the two sides. An end is open where a ratio's interval holds 1.
func crossing(a, b side) number.Interval {
	at := func(first, second float64) float64 {
		ahead, behind := a.loop*(first-1), b.loop*(1-second)
		return a.work + (b.work-a.work)*ahead/(ahead+behind)
	}
	c := number.Interval{Estimate: at(a.ratio.Estimate, b.ratio.Estimate), N: min(a.ratio.N, b.ratio.N)}
	if !a.ratio.Known() || !b.ratio.Known() || a.ratio.Low <= 1 || b.ratio.High >= 1 {
		c.Low, c.High = math.Inf(-1), math.Inf(1)
		return c
	}
	c.Low, c.High = at(a.ratio.Low, b.ratio.Low), at(a.ratio.High, b.ratio.High)
	return c
}
