package servers

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/experiments/section"
	"parcon/experiments/server"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// takedown lets one request crash what serves it and looks who is still answered: a
// client that was connected before, which is what is seen, and one that comes then.
//
// The ways are a panic of Go, the dereference of a nil pointer, of which Go makes a panic
// too, a read of memory that may not be read (SIGSEGV, of which Go makes none), and a
// SIGKILL of the process that serves the request. A server does so only if it was
// started for it. Each try has a server of its own.
var takedown = card.Card{
	Name: "takedown", Doc: "who is still answered when one request crashes?",
	Keys: []card.Choice{
		ofServers,
		ofWays,
	},
	Label:       "another client still answered",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       takedownCases,
	Claims:      takedownClaims,
	Prepare: func(t card.Trial) (card.Session, error) {
		return card.Session{Run: func() (protocol.Measurement, error) {
			var newcomers atomic.Int64
			m, err := card.TryTogether(t.Ops, 2*runtime.NumCPU(), func(int) (bool, error) {
				other, newcomer, err := takeDown(t)
				if newcomer {
					newcomers.Add(1)
				}
				return other, err
			})
			if err == nil {
				m["newcomers"] = float64(newcomers.Load())
			}
			return m, err
		}}, nil
	},
	Counts:   []string{"newcomers"},
	Sections: takedownSections,
}

var ofWays = card.Choice{Key: "way", Values: ways, Words: map[string]string{"nil": "nil pointer", "fault": "SIGSEGV", "kill": "SIGKILL"}}

// ways are the names of crashes.
var ways = func() (names []string) {
	for _, way := range echo.Crashes {
		names = append(names, way.String())
	}
	return names
}()

func takedownOf(model, way string) variant.Variant {
	return card.Of("takedown", "server", model, "way", way)
}

// fewTries are those of what no claim compares.
const fewTries = 10

func takedownCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, model := range server.Names {
		tries := fewTries
		if model == server.Thread || model == server.Process {
			tries = card.Tries
		}
		for _, way := range ways {
			cases = append(cases, card.Run(tries, takedownOf(model, way)))
		}
	}
	return append(cases, card.Second(card.Run(fewTries, takedownOf(server.Loop, "kill"))))
}

func takedownClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "N4", Text: "One request that crashes takes down a server of threads, and only its own connection with a process for each",
		Caveat: "A server that recovers from panics lives on after one, and after a nil pointer, of which Go makes a panic: net/http does, the others here do not.",
	}
	for _, way := range ways {
		claim.Comparisons = append(claim.Comparisons,
			card.Never(card.Seen, takedownOf(server.Thread, way)), card.Always(card.Seen, takedownOf(server.Process, way)))
	}
	return []card.Claim{claim}
}

// takeDown starts a server with two clients, lets the request of one crash it, and says
// whether the other one is answered then, and a further one.
func takeDown(t card.Trial) (other, newcomer bool, err error) {
	s, err := Start(t, t.Get("server"), true)
	if err != nil {
		return false, false, err
	}
	defer s.Kill()
	sound := echo.Request{Number: 1, Units: 1}
	victim, err := s.Dial()
	if err != nil {
		return false, false, err
	}
	defer victim.Close()
	if err := victim.Ask(sound); err != nil {
		return false, false, fmt.Errorf("asking before the crash: %w", err)
	}
	witness, err := s.Dial()
	if err != nil {
		return false, false, err
	}
	defer witness.Close()
	if s.Model != server.Serial { // which has not even accepted it
		if err := witness.Ask(sound); err != nil {
			return false, false, fmt.Errorf("asking before the crash: %w", err)
		}
	}
	if err := s.crash(victim, t.Get("way")); err != nil {
		return false, false, err
	}
	// One that lives tells it when it has buried who died; of one that died there is no
	// word, and its process has ended: it accepts nobody any more.
	if u, dead := s.Usage(); dead == nil && u.Refused > 0 {
		return false, false, errors.New("the server refused to crash: server and trial are of different versions")
	}
	other, err = answered(witness, sound)
	if err != nil {
		return false, false, err
	}
	further, refused := s.Dial()
	if refused == nil {
		defer further.Close()
		newcomer, err = answered(further, sound)
	}
	return other, newcomer, err
}

// crash lets a request of a client crash the server, and returns when the client's
// connection has ended: that of a process which dies ends when none of its threads runs
// any more (exit_files, kernel/exit.c).
func (s *Server) crash(c *Client, way string) error {
	var r echo.Request
	for _, crash := range echo.Crashes {
		if crash.String() == way {
			r.Crash = crash
		}
	}
	if err := c.Send(r); err != nil {
		return fmt.Errorf("sending a request to crash: %w", err)
	}
	switch err := c.Receive(r, patience); {
	case err == nil || errors.Is(err, errWrong):
		return errors.New("a request to crash was answered")
	case late(err):
		return fmt.Errorf("a request to crash was not answered and did not end its connection within %v", patience)
	}
	return nil
}

// answered says whether a client is answered: it is not if its connection ends.
func answered(c *Client, r echo.Request) (bool, error) {
	err := c.Ask(r)
	if errors.Is(err, errWrong) || late(err) {
		return false, fmt.Errorf("asking after a crash: %w", err)
	}
	return err == nil, nil
}

func takedownSections() []section.Section {
	columns := []section.Column{section.Under("server", section.Value("server"))}
	for _, way := range ways {
		columns = append(columns, section.Under(ofWays.Word(way), func(s section.Samples, row section.Row) string {
			return s.Total(card.UnitSeen, s.With("server", row[0].Get("server"), "way", way)...).Plain()
		}))
	}
	columns = append(columns, section.Under("newcomers", section.Count("newcomers")))
	return []section.Section{{
		Topic: "Who is taken along by a request that crashes", Claims: []string{"N4"},
		Form: section.Table{
			Finding: []section.Clause{
				after("%s: another client was answered after every crash", section.Total.All),
				after("%s: after none", func(t section.Total) bool { return t.Count == 0 }),
				after("%s: after some", func(t section.Total) bool { return t.Count > 0 && !t.All() }),
			},
			Rows: func(s section.Samples) (rows []section.Row) {
				for _, model := range s.Values("server") {
					rows = append(rows, s.With("server", model))
				}
				return rows
			},
			Columns: columns,
			Note:    "In how many tries another client, which was connected before, was answered after the crash; newcomers connected after it, in all tries of the row. Go makes a panic of a nil pointer, and net/http recovers from panics of a request. With several processes who is taken along is luck: those that the same process serves.",
		},
	}}
}

// after names the servers whose count of another client's answers is as is asked.
func after(format string, as func(section.Total) bool) section.Clause {
	return func(s section.Samples) string {
		var names []string
		for _, model := range s.Values("server") {
			if t := s.Total(card.UnitSeen, s.With("server", model)...); t.Tries > 0 && as(t) {
				names = append(names, s.Word("server", model))
			}
		}
		if names == nil {
			return ""
		}
		return fmt.Sprintf(format, strings.Join(names, ", "))
	}
}
