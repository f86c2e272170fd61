package messages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// calls asks another process to do something with what it is sent, and to send back the
// result: a small remote procedure call. A request is its length, the procedure, and the
// argument; an answer is its length and the result. Arguments and results have 0 to 200,000
// bytes, so that some fill a pipe more than once.
//
// A try is some calls of every procedure through a connection that nobody used before. Seen
// is that every answer is right.
var calls = card.Card{
	Name: "call", Doc: "calls procedures of another process: are the answers right?",
	Keys: []card.Choice{
		{Key: "way", Values: []string{pipeTransport, unixTransport}, Words: map[string]string{
			pipeTransport: "two pipes", unixTransport: "a pipe for both ways (a pair of Unix sockets)",
		}},
	},
	Needs:       []card.Need{card.Linux},
	Cases:       callCases,
	Claims:      callClaims,
	Prepare:     prepareCalls,
	Parts:       map[string]func([]string) error{"serve": serveCalls},
	Independent: true,
	Label:       "answers all right",
	Units:       []string{unitCall},
	Sections:    callSections,
}

const unitCall = "ns/call"

func called(way string) variant.Variant { return card.Of("call", "way", way) }

func callCases(card.Scale) []card.Case {
	return []card.Case{card.Run(card.Tries, called(pipeTransport)), card.Run(card.Tries, called(unixTransport))}
}

func callClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "M9", Text: "A pipe carries requests and answers too: a small remote procedure call",
		Caveat:      "What multiprocessing calls a Pipe is a pair of Unix sockets, which goes both ways; a pipe of the kernel goes one way, so it takes two of them.",
		Comparisons: []card.Comparison{card.Always(card.Seen, called(pipeTransport)), card.Always(card.Seen, called(unixTransport))},
	}}
}

func callSections() []section.Section {
	return []section.Section{{
		Topic: "Calling another process", Claims: []string{"M9"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(card.UnitSeen, "all answers were right in %s tries through two pipes", "way", pipeTransport),
				section.Counted(card.UnitSeen, "in %s through a pair of sockets", "way", unixTransport),
			},
			Columns: []section.Column{
				section.Under("through", section.Value("way")),
				section.Under("all answers right", section.Count(card.UnitSeen)),
				section.Under("a call took", section.Span(unitCall)),
			},
			Note: fmt.Sprintf("A try is %d calls with arguments and results of up to 200,000 bytes. What short messages take stands in the table of round trips.", callsOfTry),
		},
	}}
}

// procedures are what may be called, by their number.
var procedures = []func(argument []byte) []byte{
	func(argument []byte) []byte { // a short answer to a long request
		return binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(argument))
	},
	func(argument []byte) []byte { // one as long
		result := slices.Clone(argument)
		slices.Reverse(result)
		return result
	},
	func(argument []byte) []byte { // a long one to a short one
		return bytes.Repeat(argument[:min(len(argument), 2_000)], 100)
	},
}

// sizesOfArguments has those around what a pipe takes in one piece (4096 bytes, pipe(7)) and
// what it has room for (64 KiB).
var sizesOfArguments = []int{0, 1, 64, 4096, 4097, 65536, 65537, 200_000}

var callsOfTry = 2 * len(procedures)

const longestMessage = 1 << 20

func prepareCalls(t card.Trial) (card.Session, error) {
	var callers []*caller
	var theirs []*os.File
	closeAll := func() {
		peer.CloseAll(theirs...)
		for _, c := range callers {
			c.close()
		}
	}
	for range t.Ops {
		c, files, err := newCaller(t.Get("way"))
		if err != nil {
			closeAll()
			return card.Session{}, err
		}
		callers, theirs = append(callers, c), append(theirs, files...)
	}
	crew, err := peer.Assemble(1, patience, func(int) *exec.Cmd {
		cmd := peer.Part(t, 1, "serve", t.Get("way"), strconv.Itoa(t.Ops))
		cmd.ExtraFiles = theirs
		return cmd
	})
	if err != nil {
		closeAll()
		return card.Session{}, err
	}
	peer.CloseAll(theirs...)
	theirs = nil
	return card.Session{
		Run: func() (protocol.Measurement, error) { return runCalls(crew, callers) },
		Close: func() error {
			defer closeAll()
			return crew.End(patience)
		},
	}, nil
}

func runCalls(crew peer.Crew, callers []*caller) (protocol.Measurement, error) {
	var spent int64
	m, err := card.Try(len(callers), func(try int) (right bool, err error) {
		crew.Tell(strconv.Itoa(try))
		served := make(chan error, 1)
		// A server that fails, or is late and killed, closes its ends: the caller's error.
		go func() { served <- crew.Expect("served") }()
		start := clock.Now()
		right, failed := callers[try].all(rand.New(rand.NewPCG(uint64(try), 1)))
		spent += clock.Now() - start
		callers[try].close() // the server is done with it
		if err := <-served; err != nil {
			return false, err
		}
		return right, failed
	})
	if err != nil {
		return nil, err
	}
	m[unitCall] = float64(spent) / float64(len(callers)*callsOfTry)
	return m, nil
}

// all makes the calls of a try, and says whether every answer was right.
func (c *caller) all(random *rand.Rand) (right bool, err error) {
	right = true
	for i := range callsOfTry {
		procedure := i % len(procedures)
		argument := make([]byte, sizesOfArguments[random.IntN(len(sizesOfArguments))])
		for i := range argument {
			argument[i] = byte(random.Uint32())
		}
		result, err := c.call(procedure, argument)
		if err != nil {
			return false, fmt.Errorf("call %d of %d: %w", i+1, callsOfTry, err)
		}
		right = right && bytes.Equal(result, procedures[procedure](argument))
	}
	return right, nil
}

// A caller is this process's side of a connection.
type caller struct {
	conversation
	closed bool
}

func (c *caller) close() {
	if !c.closed {
		c.closed = true
		c.conversation.close()
	}
}

func (c *caller) call(procedure int, argument []byte) ([]byte, error) {
	if err := c.say(append([]byte{byte(procedure)}, argument...)); err != nil {
		return nil, fmt.Errorf("sending a request of %d bytes: %w", len(argument), err)
	}
	result, err := c.hear()
	if err != nil {
		return nil, fmt.Errorf("waiting for the answer to a request of %d bytes: %w", len(argument), err)
	}
	return result, nil
}

// serveCalls is the process that is called. Its arguments are the way and how many
// connections it was handed, which it serves as it is told, one after another.
func serveCalls(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("serving calls with %d arguments: it needs 2", len(args))
	}
	all, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("serving calls: %w", err)
	}
	return peer.Attend(func(line string) (string, error) {
		try, err := strconv.Atoi(line)
		if err != nil || try < 0 || try >= all {
			return "", fmt.Errorf("serving connection %.20q of %d: there is none", line, all)
		}
		c := inheritConversation(args[0], try)
		defer c.close()
		return "served", c.serve()
	})
}

// serve answers until there are no requests any more.
func (c conversation) serve() error {
	for {
		request, err := c.hear()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("waiting for a request: %w", err)
		}
		if len(request) == 0 || int(request[0]) >= len(procedures) {
			return fmt.Errorf("a request of %d bytes names no procedure", len(request))
		}
		if err := c.say(procedures[request[0]](request[1:])); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}
