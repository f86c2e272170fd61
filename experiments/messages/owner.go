package messages

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/lcg"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// owner: workers compute 10 us each time, and then something is done to one state that all
// share, which takes a section of so many microseconds more. There are two ways:
//
//   - lock: whoever has computed takes the lock and does it: sync.Mutex for goroutines,
//     ipc.Lock and shared memory for processes;
//   - message: the state has an owner, which alone touches it. The others send it what they
//     computed and go on: an unbuffered channel and a goroutine, as the "monitor goroutine"
//     of Donovan and Kernighan (The Go Programming Language, 9.1); an ipc.Queue of 64 and a
//     process.
//
// A trial does the same number of operations with one worker and with several, in the
// order one, several, several, one, so that what drifts meets both alike. The scaling is
// how much faster the several are. What the state must be in the end is known beforehand.
var owner = card.Card{
	Name: "owner", Doc: "shared state behind a lock, or with an owner that is sent messages",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "unit", Values: []string{goroutine, process}, Words: map[string]string{goroutine: "goroutines", process: "processes"}},
		{Key: "way", Values: []string{"message", "lock"}, Words: map[string]string{"message": "messages to an owner", "lock": "a lock"}},
		{Key: "section", Values: []string{"none", "1us", "10us"}, Words: map[string]string{
			"none": "no section", "1us": "a section of 1 us", "10us": "a section of 10 us",
		}},
		{Key: "workers", Format: "x %s"},
	},
	Cases:    ownerCases,
	Claims:   ownerClaims,
	Prepare:  prepareOwner,
	Parts:    map[string]func([]string) error{"worker": workOnState},
	Units:    []string{unitScaling, unitAlone},
	Label:    "sharing state",
	Sections: ownerSections,
}

// The values of the key unit.
const (
	goroutine = "goroutine"
	process   = "process"
)

// The units: throughput of several workers over that of one, and the time of an operation
// with one.
const (
	unitScaling = "scaling"
	unitAlone   = "alone-ns/op"
)

// scaling is compared as a ratio of two of them.
var scaling = card.Measure{Name: "scaling", Unit: unitScaling, How: card.Ratio}

// sections are the steps of computing within.
var (
	sections     = map[string]int{"none": 0, "1us": microsecond, "10us": 10 * microsecond}
	sectionNames = []string{"none", "1us", "10us"}
)

const (
	ownSteps = 10 * microsecond // of computing before
	crowd    = 4                // workers of the claim
	ownerOps = 400
)

func shared(unit, way, section string, workers int) variant.Variant {
	return card.Of("owner", "unit", unit, "way", way, "section", section, "workers", card.Itoa(workers))
}

func ownerCases(s card.Scale) []card.Case {
	counts := []int{crowd}
	if s.Depth >= card.Standard {
		counts = []int{2, crowd}
	}
	var cases []card.Case
	for _, unit := range []string{goroutine, process} {
		for _, section := range sectionNames {
			for _, n := range counts {
				cases = append(cases, card.Run(ownerOps, shared(unit, "message", section, n)), card.Run(ownerOps, shared(unit, "lock", section, n)))
			}
		}
	}
	return append(cases, card.Second(card.Run(ownerOps, shared(goroutine, "lock", "none", crowd))))
}

func ownerClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M8", Text: "Message passing scales better than shared state under a lock: more workers speed it up more",
		Caveat: fmt.Sprintf("Scaling is the throughput of %d workers over that of one. With one worker an owner already works beside it on a core of its own, so that of a long section there is less left to gain: the throughput of the two ways stands beside. "+
			"Each operation computes 10 us before.", crowd),
		Needs: []card.Need{card.Cores},
	}
	for _, unit := range []string{goroutine, process} {
		for _, section := range sectionNames {
			claim.Comparisons = append(claim.Comparisons,
				card.Is(scaling, shared(unit, "message", section, crowd), card.More, shared(unit, "lock", section, crowd)))
		}
	}
	return []card.Claim{claim}
}

func ownerSections() []section.Section {
	return []section.Section{{
		Topic: "Messages to an owner, or a lock", Claims: []string{"M8"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Lean(
					scaledBy("message", goroutine, fmt.Sprintf("%d goroutines that send messages to an owner do %%s the work of one", crowd)),
					scaledBy("lock", goroutine, "%s with a mutex")),
				section.Lean(
					scaledBy("message", process, fmt.Sprintf("%d processes with a queue %%s", crowd)),
					scaledBy("lock", process, "%s with a lock")),
			},
			Rows: func(s section.Samples) []section.Row {
				var rows []section.Row
				for _, v := range s.With("way", "message") {
					rows = append(rows, section.Row{v, v.With("way", "lock")})
				}
				return rows
			},
			Columns: []section.Column{
				section.Under("workers", func(s section.Samples, row section.Row) string {
					return row[0].Get("workers") + " " + s.Word("unit", row[0].Get("unit"))
				}),
				section.Under("on the state", section.Value("section")),
				section.Under("messages: over one worker", scaled(0)),
				section.Under("lock: over one worker", scaled(1)),
				section.Under("scaling of messages over that of the lock", func(s section.Samples, row section.Row) string {
					return s.Over(row[0], row[1], unitScaling).In(number.Times)
				}),
				section.Under("throughput of messages over the lock", func(s section.Samples, row section.Row) string {
					return s.Over(row[1], row[0], "ns/op").In(number.Times)
				}),
			},
			Note: "On {cores}. Each operation computes 10 us, and then does something to the state that takes so long. The finding is for no section: the state is only added to. With {interval}s. " + section.Paired,
		},
	}}
}

func scaled(way int) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		return s.Center(row[way], unitScaling).In(number.Times)
	}
}

// scaledBy says the scaling of one way without a section.
func scaledBy(way, unit, format string) section.Clause {
	return func(s section.Samples) string {
		return s.Fold(s.Center(shared(unit, way, "none", crowd), unitScaling), format)
	}
}

// A state is what workers share.
type state struct{ sum, register uint64 }

// add is the section: what is done to the state with what a worker computed.
func (s *state) add(computed uint64, steps int) {
	s.sum += computed
	s.register = lcg.Steps(s.register, steps)
}

// after is what a state must be after so many rounds of n operations.
func after(rounds, n, steps int) state {
	var sum uint64
	for i := range n {
		sum += lcg.Leap(uint64(i), ownSteps)
	}
	return state{uint64(rounds) * sum, lcg.Leap(0, rounds*n*steps)}
}

// A workshop lets some of its workers do operations on its state: 0 to n-1, each once.
type workshop struct {
	round func(workers, n int) error
	state func() state
	close func() error
}

// mostWorkers bounds the workers of a trial.
const mostWorkers = 64

func prepareOwner(t card.Trial) (card.Session, error) {
	workers := t.Int("workers", 1)
	if workers > mostWorkers {
		return card.Session{}, fmt.Errorf("%d workers that share a state: give at most %d", workers, mostWorkers)
	}
	open := map[string]func(card.Trial, int, int) (workshop, error){
		"goroutine lock": openMutex, "goroutine message": openChannel, "process lock": openLocked, "process message": openQueued,
	}[t.Get("unit")+" "+t.Get("way")]
	steps := sections[t.Get("section")]
	w, err := open(t, workers, steps)
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return w.scale(workers, t.Ops, steps) }, Close: w.close}, nil
}

// scale measures rounds of n operations with one worker, and with several.
func (w workshop) scale(workers, n, steps int) (protocol.Measurement, error) {
	var alone, together int64
	order := []struct {
		workers int
		took    *int64
	}{{1, &alone}, {workers, &together}, {workers, &together}, {1, &alone}}
	for _, round := range order {
		begin := clock.Now()
		if err := w.round(round.workers, n); err != nil {
			return nil, fmt.Errorf("%d workers on one state: %w", round.workers, err)
		}
		*round.took += clock.Now() - begin
	}
	if got, want := w.state(), after(len(order), n, steps); got != want {
		return nil, fmt.Errorf("%d operations on one state left %v, want %v", len(order)*n, got, want)
	}
	return protocol.Measurement{
		unitScaling: float64(alone) / float64(together),
		unitAlone:   float64(alone) / float64(2*n),
		"ns/op":     float64(together) / float64(2*n),
	}, nil
}
