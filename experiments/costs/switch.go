package costs

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/affinity"
	"parcon/runner/protocol"
)

// switching measures a round trip: one byte goes from one unit to another, which
// adds one and gives it back. While one computes the other waits, so a round trip
// is two switches, two sendings and two receipts:
//
//	process    two pipes between two processes
//	thread     the same two pipes between two threads of one process
//	goroutine  two unbuffered channels
//	coroutine  a call of next of iter.Pull: there and back
//
// With placement=one all of it runs on one core. With placement=two each process
// and each thread has a core of its own, and a switch means to wake the other core;
// goroutines have two cores and GOMAXPROCS=2, and Go's scheduler decides, which
// likes to run the one that was just woken on the core of the one that woke it.
// Coroutines never use a second core: that is refused.
//
// The pipes block, and are used by bare system calls: Go's files would add their
// poller. A byte is sent by a call that Go's scheduler does not hear of, which is
// sound because it never blocks. It is awaited by an ordinary one, although its
// bookkeeping costs a tenth or two of a round trip on one core: between two
// threads of one process, a raw one hangs for ever when the garbage collector
// stops the one that is to answer and then waits for the one that is blocked.
// Neither end can wait for ever. Each closes its pipes when it ends, which wakes
// the other, and a process that is late is killed.
var switching = card.Card{
	Name: "switch", Doc: "passes one byte to another unit and back: two switches",
	Keys: []card.Choice{
		{Key: "unit", Values: []string{"process", "thread", "goroutine", "coroutine"}},
		{Key: "placement", Values: []string{"one", "two"}, Words: map[string]string{"one": "on one core", "two": "across two cores"}},
	},
	Needs:    []card.Need{card.Linux},
	Procs:    switchProcs,
	Cases:    switchCases,
	Claims:   switchClaims,
	Prepare:  prepareSwitch,
	Parts:    map[string]func([]string) error{"echo": echoPart},
	Label:    "a round trip",
	Sections: switchingSections,
}

func switchingSections() []section.Section {
	return []section.Section{{
		Topic: "Switching", Claims: []string{"U2"},
		Form: section.Dots{
			Name: "switch",
			Finding: []section.Clause{
				section.Lean(
					section.Folded("ns/op", "on one core a round trip between processes takes %s as long as between threads",
						section.Pick{"unit", "process", "placement", "one"}, section.Pick{"unit", "thread", "placement", "one"}),
					section.Folded("ns/op", "between threads %s as long as between goroutines",
						section.Pick{"unit", "thread", "placement", "one"}, section.Pick{"unit", "goroutine", "placement", "one"})),
			},
			Rows: []string{"unit"}, Across: "placement",
			Panels:   []section.Panel{{Log: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center("ns/op")}},
			Subtitle: "Time of a byte or a token there and back, between two units.",
			Explain:  "unit",
			Note:     section.Medians + " " + section.Paired,
		},
	}}
}

func switched(unit, placement string) variant.Variant {
	return card.Of("switch", "unit", unit, "placement", placement)
}

// switchCases have as many round trips in a trial as take some hundredths of a
// second; across two cores each takes longer. Process and thread stray by 3 % from
// each other with a quarter as many and with twice as many.
func switchCases(s card.Scale) []card.Case {
	thread := card.Run(5_000, switched("thread", "one"))
	cases := []card.Case{
		card.Run(5_000, switched("process", "one")),
		thread, card.Second(thread),
		card.Run(50_000, switched("goroutine", "one")),
		card.Run(200_000, switched("coroutine", "one")),
	}
	if s.Cores > 1 {
		cases = append(cases,
			card.Run(500, switched("process", "two")),
			card.Run(500, switched("thread", "two")),
			card.Run(10_000, switched("goroutine", "two")))
	}
	return cases
}

func switchClaims(card.Scale) []card.Claim {
	longer := func(of, over string) card.Comparison {
		return card.Is(card.Time, switched(of, "one"), card.More, switched(over, "one"))
	}
	return []card.Claim{{
		ID: "U2", Text: "Switching processes costs more than switching threads, and that more than goroutines or coroutines",
		Caveat: "A byte goes there and back, on one core. Across two cores it is not a switch that is measured but the waking of another core; the chart shows that too. Processes and threads pass it through pipes, goroutines through a channel, coroutines by a call: it is the price of a hand-over as each of them has it.",
		Comparisons: []card.Comparison{
			longer("process", "thread"),
			longer("thread", "goroutine"),
			longer("thread", "coroutine"),
		},
	}}
}

// switchProcs is a processor for each of Go's units. Where they block in system
// calls there is one more for everything else, which would take theirs.
func switchProcs(v variant.Variant, _ int) int {
	switch v.Get("unit") {
	case "process":
		return 2
	case "thread":
		return 3
	case "goroutine":
		if v.Get("placement") == "two" {
			return 2
		}
	}
	return 1
}

// warmTrips are the round trips before those that are measured.
const warmTrips = 100

// A line is a way to the other unit and back: trip sends a byte and returns what
// came back.
type line struct {
	trip  func(b byte) (byte, error)
	close func() error
	late  func(trips int) (done func(error) error) // bounds the time of trips; nil: they cannot hang
	bind  func() (undo func(), err error)          // keeps the caller where it must be; nil: it need not
}

func prepareSwitch(t card.Trial) (card.Session, error) {
	if t.Get("unit") == "coroutine" && t.Get("placement") == "two" {
		return card.Session{}, errors.New("placement=two of coroutines: they switch on one thread, so they never use two cores: choose placement=one")
	}
	p, err := affinity.ChoosePair(t.Get("placement") == "two")
	if err != nil {
		return card.Session{}, err
	}
	l, err := connect(t, p)
	if err != nil {
		return card.Session{}, errors.Join(err, p.Release())
	}
	finish := func() error { return errors.Join(l.close(), p.Release()) }
	if err := l.trips(warmTrips); err != nil {
		return card.Session{}, errors.Join(err, finish())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return l.measure(t.Ops) },
		Close: finish,
	}, nil
}

// connect starts the other unit and pins both.
func connect(t card.Trial, p affinity.Pair) (line, error) {
	cores := []int{p.Here}
	if p.Beyond != p.Here && t.Get("unit") != "process" {
		cores = append(cores, p.Beyond)
	}
	if err := affinity.Process(cores...); err != nil {
		return line{}, err
	}
	switch t.Get("unit") {
	case "process":
		return connectProcess(t, p)
	case "thread":
		return connectThread(p)
	case "goroutine":
		return connectGoroutine(), nil
	}
	return connectCoroutine(), nil
}

func (l line) trips(n int) error {
	_, err := l.measure(n)
	return err
}

// measure makes n round trips and checks every byte.
func (l line) measure(n int) (protocol.Measurement, error) {
	if l.bind != nil {
		undo, err := l.bind()
		if err != nil {
			return nil, err
		}
		defer undo()
	}
	done := func(err error) error { return err }
	if l.late != nil {
		done = l.late(n)
	}
	m, err := timed(n, func() error {
		for i := range n {
			back, err := l.trip(byte(i))
			if err != nil {
				return fmt.Errorf("round trip %d of %d: %w", i+1, n, err)
			}
			if back != byte(i)+1 {
				return fmt.Errorf("round trip %d of %d: byte %d came back, want %d", i+1, n, back, byte(i)+1)
			}
		}
		return nil
	})
	return m, done(err)
}

func connectGoroutine() line {
	there, back := make(chan byte), make(chan byte)
	go func() {
		defer close(back)
		for b := range there {
			back <- b + 1
		}
	}()
	return line{
		trip: func(b byte) (byte, error) {
			there <- b
			return <-back, nil
		},
		close: func() error {
			close(there)
			<-back // closed: the other one is at its end
			return nil
		},
	}
}

func connectCoroutine() line {
	var token byte // iter.Pull carries values back, not there
	next, stop := iter.Pull(func(yield func(byte) bool) {
		for yield(token + 1) {
		}
	})
	return line{
		trip: func(b byte) (byte, error) {
			token = b
			back, more := next()
			if !more {
				return 0, io.ErrUnexpectedEOF
			}
			return back, nil
		},
		close: func() error { stop(); return nil },
	}
}

// echoPart is the other process: its argument is its core.
func echoPart(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("echoing with %d arguments: it needs its core", len(args))
	}
	core, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("echoing: the number of a core: %w", err)
	}
	if err := affinity.Process(core); err != nil {
		return err
	}
	return echo(0, 1)
}
