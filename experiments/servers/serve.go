package servers

import (
	"fmt"
	"slices"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/server"
	"parcon/experiments/variant"
)

// serve offers requests to a server in an open loop (package openloop): each is due when
// it is due, on one of so many connections in turn, and its latency counts from then. The
// server is a process of its own with those that it starts; the trial makes the load.
//
// A try is a request: it was answered, and rightly. An episode is a connection, which a
// server gives a thread, a process or whatever it has: requests of one connection share
// their luck. What is told beside:
//
//	ns/op                 the median latency, as the wall time says only when requests were due
//	latency-p99-ns ...    further quantiles of it
//	served/s              right answers in a second, from the first request to the last answer
//	server-cpu-ns/op      what all processes of the server took for a request
//	pss-bytes/connection  by how much their resident memory grows with a connection that
//	                      was served once and now is idle
//	late-p99-ns           how late the generator itself was
//	lagged                1 where it did not keep its schedule (in the first load)
//
// Whether a request was answered and what a connection keeps do not depend on when exactly
// requests came. What the server computes does, as requests that come together are
// served together: where the generator lagged the same load is offered again, a few times
// at most, and server-cpu-ns/op is that of the first that did not lag. A trial without
// any tells none, and takes no part in what is said of it. Latencies are those of the first
// load of each trial, lagged or not: those that lag are no random ones, a server that takes
// much of the cores makes the generator late, and leaving them out would flatter it. As
// they count from when a request was due they are too long then, not too short; the table
// says how many lagged, and no verdict rests on a latency.
//
// One client goes before the memory is read, because the code that serves the first one
// is read into memory with it. Less than a page more or less cannot be told.
var serve = card.Card{
	Name: "serve", Doc: "serves many clients at once, whose requests come when they are due",
	Keys: []card.Choice{
		ofMany,
		{Key: "connections", Format: "%s connections"},
		{Key: "rate", Format: "%s requests/s"},
	},
	Needs: []card.Need{card.Linux},
	// The two threads of the generator never wait for one of Go's processors.
	Procs:    func(_ variant.Variant, cores int) int { return cores + 2 },
	Cases:    serveCases,
	Claims:   serveClaims,
	Prepare:  prepareServe,
	Label:    "serving",
	Units:    []string{unitP90, unitP99, unitP999, unitMax, unitServed, unitCPU, unitMemory, unitLate, unitLagged},
	Sections: serveSections,
}

// ofMany is the key of a model that serves more than one client at a time.
var ofMany = card.Choice{
	Key: ofServers.Key, Words: ofServers.Words,
	Values: slices.DeleteFunc(slices.Clone(server.Names), func(model string) bool { return model == server.Serial }),
}

// The units.
const (
	unitP90    = "latency-p90-ns"
	unitP99    = "latency-p99-ns"
	unitP999   = "latency-p999-ns"
	unitMax    = "latency-max-ns"
	unitServed = "served/s"
	unitCPU    = "server-cpu-ns/op"
	unitMemory = "pss-bytes/connection"
	unitLate   = "late-p99-ns"
	unitLagged = "lagged"
)

var (
	memoryOfConnection = card.Measure{Name: "memory of a connection", Unit: unitMemory, How: card.Ratio}
	serverTime         = card.Measure{Name: "CPU time of a request", Unit: unitCPU, How: card.Ratio}
)

// claimed are the models that the claim names.
var claimed = []string{server.Thread, server.Process, server.ProcessesThreads, server.Loop, server.Goroutine}

// What the claim is judged at: few enough requests for every model, so that the price
// is told and not where it ends.
const (
	clients = 100
	rate    = 5_000
)

func serving(model string, connections, rate int) variant.Variant {
	return card.Of("serve", ofServers.Key, model, "connections", card.Itoa(connections), "rate", card.Itoa(rate))
}

// loadOf is a trial of a tenth of a second.
func loadOf(model string, connections, rate int) card.Case {
	return card.Run(max(rate/10, connections), serving(model, connections, rate))
}

func serveCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, model := range claimed {
		cases = append(cases, loadOf(model, clients, rate))
	}
	cases = append(cases, card.Second(loadOf(server.Loop, clients, rate)))
	if s.Depth < card.Standard {
		return cases
	}
	for _, model := range append(slices.Clone(claimed), server.NetHTTP) {
		for _, connections := range connectionCounts(model, s.Depth) {
			cases = append(cases, loadOf(model, connections, rate))
		}
		for _, r := range sweep {
			cases = append(cases, loadOf(model, clients, r))
		}
	}
	return card.Unique(cases)
}

// sweep are the rates of the curves. One is beyond what two cores serve.
var sweep = []int{1_000, 2_000, rate, 10_000, 20_000, 40_000, 80_000}

// connectionCounts are how many clients a model has at once. Starting 10,000 processes
// takes half a minute, which no trial may.
func connectionCounts(model string, d card.Depth) []int {
	counts := []int{1, 10, clients, 1_000}
	if d >= card.Full && model != server.Process {
		counts = append(counts, 10_000)
	}
	return counts
}

func serveClaims(card.Scale) []card.Claim {
	of := func(model string) variant.Variant { return serving(model, clients, rate) }
	claim := card.Claim{
		ID: "N2", Text: "Thread, process or goroutine per connection, processes with threads and an event loop all serve many clients, each at its price: a process takes more memory and processor time than a thread, and a thread more than an event loop",
		Caveat: fmt.Sprintf("At %d connections and %s requests in a second, of 64 bytes and without work, from a process on the same machine. "+
			"Memory is what the server's processes keep resident for an idle connection; what the kernel keeps for it, such as 16 KiB of stack for each thread, is not in it. "+
			"Threads and processes are those of Go, with what its runtime adds.", clients, number.Thousands(card.Itoa(rate))),
	}
	for _, model := range claimed {
		claim.Comparisons = append(claim.Comparisons, card.Always(card.Seen, of(model)))
	}
	for _, price := range []card.Measure{memoryOfConnection, serverTime} {
		claim.Comparisons = append(claim.Comparisons,
			card.Is(price, of(server.Process), card.More, of(server.Thread)),
			card.Is(price, of(server.Thread), card.More, of(server.Loop)))
	}
	return []card.Claim{claim}
}

// ofModel picks a model as the claim is judged.
func ofModel(model string) section.Pick {
	return section.Pick{ofServers.Key, model, "connections", card.Itoa(clients), "rate", card.Itoa(rate)}
}

func serveSections() []section.Section {
	return []section.Section{
		{Topic: "Serving many clients", Claims: []string{"N2"}, Form: section.Func(served)},
		{
			Topic: "Latency of a request", Claims: []string{"N2"}, Form: latencies,
			Why: "Beside its work a request costs to wake whoever serves it, and to tell whose it is: that differs from server to server.",
		},
		{Topic: "Latency by offered load", Form: section.Func(knee)},
		{Topic: "Memory of an idle connection", Form: section.Func(kept)},
	}
}

var latencies = section.Dots{
	Name: "serve-latency",
	Of:   section.Pick{"connections", card.Itoa(clients), "rate", card.Itoa(rate)},
	Finding: []section.Clause{
		section.Folded("ns/op", fmt.Sprintf("at %s requests a second the median latency with a process per connection is %%s that of an event loop", number.Thousands(card.Itoa(rate))), ofModel(server.Process), ofModel(server.Loop)),
	},
	Rows:     []string{ofServers.Key},
	Panels:   []section.Panel{quantile("p50", "ns/op"), quantile("p99", unitP99), quantile("longest", unitMax), quantile("generator, p99", unitLate)},
	Subtitle: fmt.Sprintf("Latency from when a request was due, %d connections, %s requests in a second, on {cores}.", clients, number.Thousands(card.Itoa(rate))),
	Note: section.Medians + " Half of the requests take no longer than p50. longest: of a trial. " +
		"generator: how late requests were sent; it has the same cores, and where its p99 is near to theirs, theirs tell of it. " + section.Paired,
}

func quantile(title, unit string) section.Panel {
	return section.Panel{Title: title, Log: true, Shared: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center(unit)}
}
