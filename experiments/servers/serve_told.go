package servers

import (
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/server"
	"parcon/experiments/variant"
)

// served is the table of what was answered, and at what price.
func served(s section.Samples) section.Shown {
	return section.Table{
		Finding: []section.Clause{
			section.Counted(card.UnitSeen, "%s requests were answered, and rightly"),
			section.Compared(unitCPU, "a process per connection takes %s the CPU time of a thread for a request", ofModel(server.Process), ofModel(server.Thread)),
			section.Compared(unitCPU, "a thread %s that of an event loop", ofModel(server.Thread), ofModel(server.Loop)),
		},
		Rows: asClaimed,
		Columns: []section.Column{
			section.Under("server", section.Value(ofServers.Key)),
			section.Under("connections", section.Value("connections")),
			section.Under("answered rightly", section.Count(card.UnitSeen)),
			section.Under("CPU time of a request", section.Span(unitCPU)),
			section.Under("p50", section.Span("ns/op")),
			section.Under("p99", section.Span(unitP99)),
			section.Under("p99.9", section.Span(unitP999)),
			section.Under("generator late (p99)", section.Span(unitLate)),
			section.Under("trials in which it lagged", lagging),
		},
		Note: fmt.Sprintf("At %s requests in a second. ", number.Thousands(card.Itoa(rate))) + "With {interval}s. Latency counts from when a request was due. p99.9: of fewer than 1,000 requests in a trial the longest. " +
			"The generator lagged where its rate was off by more than 1 %, or its own median lateness above a tenth of the median latency: then requests came at other times than was meant and latencies are too long. No verdict rests on latencies. The CPU time is that of a load that did not lag, which the trial makes again if need be.",
	}.Show(s)
}

// asClaimed are the variants at the rate of the claim, with any number of connections.
func asClaimed(s section.Samples) []section.Row {
	var rows []section.Row
	for _, v := range s.With("rate", card.Itoa(rate)) {
		rows = append(rows, section.Row{v})
	}
	return rows
}

// lagging says in how many trials the generator did not keep its schedule.
func lagging(s section.Samples, row section.Row) string {
	lagged, _ := s.Counts(row[0], unitLagged)
	sum := 0.0
	for _, one := range lagged {
		sum += one
	}
	return section.Total{Count: sum, Tries: float64(len(lagged))}.Plain()
}

// knee is the chart of latency by rate, if there is more than one rate.
func knee(s section.Samples) section.Shown {
	s.Variants = s.With("connections", card.Itoa(clients))
	if len(s.Values("rate")) < 2 {
		return section.Shown{}
	}
	shown := section.Curves{
		Name:    "serve-knee",
		Finding: []section.Clause{bends},
		Lines:   ofServers.Key, Over: "rate",
		X: "requests offered in a second", Y: "median latency, ms",
		Value: func(s section.Samples, v variant.Variant) number.Interval {
			return s.Center(v, "ns/op").Over(1e6)
		},
		Subtitle: fmt.Sprintf("Latency from when a request was due, p50, with %d connections, on {cores}. A line bends up where its server can serve no more, and requests wait for those before.", clients),
		Note:     section.Medians + " A trial offers requests for a tenth of a second: beyond the bend the latency grows for as long as one goes on. The generator has the same cores, and beyond the bend is late too; what it is late by is in the latency.",
	}.Show(s)
	if shown.Figure != nil {
		for i, line := range shown.Figure.Curves { // there is little room at the ends of lines
			shown.Figure.Curves[i].Name = strings.TrimSuffix(line.Name, " per connection")
		}
	}
	return shown
}

// keeps is the share of what is offered that a server must serve to keep up.
const keeps = 0.95

// bends says up to which rate servers kept up: the best and the worst of them.
func bends(s section.Samples) string {
	most := func(model string) (best float64) {
		for _, v := range s.With(ofServers.Key, model) {
			offered, err := v.Int("rate", 0)
			if i := s.Center(v, unitServed); err == nil && i.N > 0 && i.Estimate >= keeps*float64(offered) {
				best = max(best, float64(offered))
			}
		}
		return best
	}
	var said []string
	for _, model := range []string{server.Loop, server.Thread, server.Process} {
		if up := most(model); up > 0 {
			said = append(said, fmt.Sprintf("%s (%s)", number.Grouped(up), s.Word(ofServers.Key, model)))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "rates that were kept up with, requests in a second: " + section.Joined(", ", said...)
}

// byHand is the memory of an idle connection as small programs showed it when this was
// designed, in KiB: Linux 6, amd64. What stands after a plus is the kernel's and in no
// resident memory: stack and page tables.
var byHand = map[string]string{
	server.Thread:    "12.3 + 16 (C); 20.6 + 16 (a locked thread of Go)",
	server.Process:   "36 + 16 + 44 (C, fork)",
	server.Loop:      "0.01 (C, epoll)",
	server.Goroutine: "4.1; with a bufio.Reader and Writer 11.8",
	server.NetHTTP:   "19.6",
}

// kept is the table of memory.
func kept(s section.Samples) section.Shown {
	return section.Table{
		Finding: []section.Clause{
			section.Folded(unitMemory, "an idle connection keeps %s the memory with a process of its own that it keeps with a thread", ofModel(server.Process), ofModel(server.Thread)),
			section.Folded(unitMemory, "with a thread %s that in an event loop", ofModel(server.Thread), ofModel(server.Loop)),
		},
		Rows: func(s section.Samples) []section.Row {
			return slices.DeleteFunc(asClaimed(s), func(row section.Row) bool {
				connections, err := row[0].Int("connections", 0)
				return err != nil || connections < clients || s.Center(row[0], unitMemory).N == 0
			})
		},
		Columns: []section.Column{
			section.Under("server", section.Value(ofServers.Key)),
			section.Under("connections", section.Value("connections")),
			section.Under("KiB each", func(s section.Samples, row section.Row) string {
				return s.Center(row[0], unitMemory).Over(1 << 10).In(number.Short)
			}),
			section.Under("by hand, KiB", func(_ section.Samples, row section.Row) string {
				if text := byHand[row[0].Get(ofServers.Key)]; text != "" {
					return text
				}
				return "–"
			}),
		},
		Note: "With {interval}s. Resident memory of all processes of a server, pages that they share shared out, by connection that was served once and is idle. By hand: small programs, in another hour; after a plus the kernel's own, its stack and page tables, which is in no resident memory. A thread here is one of Go, and has one of Go's processors: what that keeps is in it.",
	}.Show(s)
}
