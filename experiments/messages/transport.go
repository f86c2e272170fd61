package messages

import (
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/ring"
	"parcon/experiments/variant"
)

// transports sends numbered messages to another process: in a round trip each is answered
// by one of the same size, in a flow only the last one is. The ways to send them are
//
//	pipe        two pipes, one there and one back
//	queue       the same, each with a lock for those who write and one for those who read:
//	            the queues of Python's multiprocessing are built like that
//	unix, tcp   one connection: a pair of Unix sockets, or TCP over the loopback interface,
//	            without delay (TCP_NODELAY)
//	ring-futex  two rings in shared memory (package ring), whose sides sleep at once, or
//	ring-spin   first look again and again for a while
//	channel     two unbuffered channels to a goroutine of this process, which is handed the
//	            message's memory: nothing is copied
//	cpython-*   a Pipe, a Queue, and a queue of a Manager, whose server is a third process;
//	            a message is an object of type bytes
//
// With cores=one both processes are pinned to one core, with cores=two each to its own.
// The descriptors block and are used by bare system calls.
//
// Every message is checked, see parcel. What the other process consumes is not in the
// figures of CPU time.
var transports = card.Card{
	Name: "transport", Doc: "sends messages to another process and back",
	Keys: []card.Choice{
		{Key: "transport", Values: allTransports, Words: map[string]string{
			queueTransport: "queue (pipe and lock)", unixTransport: "Unix socket", tcpTransport: "TCP",
			sleepingRing: "ring, sleeping", spinningRing: "ring, spinning",
			pythonPipe: "CPython Pipe", pythonQueue: "CPython Queue", pythonManager: "CPython Manager().Queue",
		}},
		{Key: "what", Values: []string{roundTrip, flowing}, Words: map[string]string{roundTrip: "round trip", flowing: "one way"}},
		{Key: "size", Values: []string{"64", "4096", "65536", "1048576"}, Words: map[string]string{
			"64": "64 B", "4096": "4 KiB", "65536": "64 KiB", "1048576": "1 MiB",
		}},
		{Key: "cores", Values: []string{oneCore, twoCores}, Words: map[string]string{oneCore: "on one core", twoCores: "across two cores"}},
	},
	Needs:    []card.Need{card.Linux},
	Procs:    transportProcs,
	Cases:    transportCases,
	Claims:   transportClaims,
	Prepare:  prepareTransport,
	Parts:    map[string]func([]string) error{"follow": followPart},
	Label:    "a message",
	Units:    []string{bytesPerSecond},
	Sections: transportSections,
}

// The ways.
const (
	pipeTransport    = "pipe"
	queueTransport   = "queue"
	unixTransport    = "unix"
	tcpTransport     = "tcp"
	sleepingRing     = "ring-futex"
	spinningRing     = "ring-spin"
	channelTransport = "channel"
	pythonPipe       = "cpython-pipe"
	pythonQueue      = "cpython-queue"
	pythonManager    = "cpython-manager"
)

var (
	goTransports     = []string{pipeTransport, queueTransport, unixTransport, tcpTransport, sleepingRing, spinningRing, channelTransport}
	pythonTransports = []string{pythonPipe, pythonQueue, pythonManager}
	allTransports    = slices.Concat(goTransports, pythonTransports)
)

// The other keys' values, and the unit of what flows.
const (
	roundTrip = "roundtrip"
	flowing   = "throughput"
	oneCore   = "one"
	twoCores  = "two"

	bytesPerSecond = "B/s"
)

func isPython(transport string) bool { return strings.HasPrefix(transport, "cpython-") }

func wayOf(transport string) ring.Waiting {
	if transport == spinningRing {
		return ring.Spinning
	}
	return ring.Sleeping
}

func carried(transport, what string, size int, cores string) variant.Variant {
	return card.Of("transport", "transport", transport, "what", what, "size", card.Itoa(size), "cores", cores)
}

// transportProcs is one processor for what this process does and one for what waits in
// system calls beside it; goroutines have as many as cores.
func transportProcs(v variant.Variant, _ int) int {
	if v.Get("transport") == channelTransport && v.Get("cores") == oneCore {
		return 1
	}
	return 2
}

// journeys is how many messages take some hundredths of a second.
func journeys(transport, what string, size int, cores string) int {
	n := 4_000
	switch {
	case isPython(transport):
		n = 300
	case what == flowing, transport == spinningRing && cores == twoCores:
		n = 20_000
	case transport == spinningRing && cores == oneCore:
		n = 200
	case cores == twoCores && transport != spinningRing && transport != channelTransport:
		n = 400
	}
	return max(20, min(n, 40<<20/size))
}

func transportCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(transport, what string, size int, cores string) {
		if cores == oneCore || s.Cores > 1 {
			cases = append(cases, card.Run(journeys(transport, what, size, cores), carried(transport, what, size, cores)))
		}
	}
	for _, transport := range goTransports {
		cores := oneCore
		if transport == spinningRing {
			cores = twoCores // on one there is nothing to spin for
		}
		add(transport, roundTrip, 64, cores)
	}
	if s.HasPython() {
		add(pythonPipe, roundTrip, 64, oneCore)
		add(pythonQueue, roundTrip, 64, oneCore)
	}
	add(pipeTransport, roundTrip, 4096, oneCore)
	add(queueTransport, roundTrip, 4096, oneCore)
	twin := card.Run(journeys(pipeTransport, roundTrip, 64, oneCore), carried(pipeTransport, roundTrip, 64, oneCore))
	cases = append(cases, card.Second(twin))
	if s.Depth == card.Quick {
		return cases
	}
	for _, transport := range allTransports {
		if isPython(transport) && !s.HasPython() {
			continue
		}
		for _, what := range []string{roundTrip, flowing} {
			for _, size := range []int{64, 4096, 65536, 1048576} {
				for _, cores := range []string{oneCore, twoCores} {
					if s.Depth >= card.Full || size != 65536 {
						add(transport, what, size, cores)
					}
				}
			}
		}
	}
	return card.Unique(cases)
}

func transportClaims(s card.Scale) []card.Claim {
	dearer := func(of, over string, size int) card.Comparison {
		return card.Is(card.Time, carried(of, roundTrip, size, oneCore), card.More, carried(over, roundTrip, size, oneCore))
	}
	claim := card.Claim{
		ID: "M1", Text: "A queue is a pipe plus a lock, so it costs more than the bare pipe",
		Caveat: "A message goes there and back, on one core. Across two cores most of the time is the waking of the other core, which neither of the two can help.",
		Comparisons: []card.Comparison{
			dearer(queueTransport, pipeTransport, 64),
			dearer(queueTransport, pipeTransport, 4096),
		},
	}
	if s.HasPython() {
		claim.Comparisons = append(claim.Comparisons, dearer(pythonQueue, pythonPipe, 64))
	}
	return []card.Claim{claim}
}
