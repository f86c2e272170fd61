package servers

import (
	"errors"
	"fmt"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/experiments/server"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// second lets a client ask while another one keeps its connection, idle after its first
// answer. Seen is that it is answered meanwhile. At a serial server, where that is said
// never to happen, it is watched for some milliseconds only; then the first client shows
// that the server still answers, and goes, and the second one must be answered.
//
// A few servers are started before, and each try has two new connections.
var second = card.Card{
	Name: "second", Doc: "is a client answered while another one keeps its connection?",
	Keys:        []card.Choice{ofServers},
	Label:       "second client answered meanwhile",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       secondCases,
	Claims:      secondClaims,
	Prepare:     prepareSecond,
}

// ofServers is the key of a model.
var ofServers = card.Choice{Key: "server", Values: server.Names, Words: map[string]string{
	server.Thread:           "thread per connection",
	server.Process:          "process per connection",
	server.ProcessesThreads: "processes with threads",
	server.Loop:             "event loop",
	server.Goroutine:        "goroutine per connection",
	server.NetHTTP:          "net/http",
}}

const (
	// lanes is how many servers a trial has, each for one try at a time.
	lanes = 4
	// watch is how long nothing happens at a serial server: an answer takes some 50 us.
	watch = 3 * time.Millisecond
)

func secondAt(model string) variant.Variant { return card.Of("second", "server", model) }

func secondCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, model := range server.Names {
		cases = append(cases, card.Run(card.Tries, secondAt(model)))
	}
	return append(cases, card.Second(card.Run(card.Tries, secondAt(server.Loop))))
}

func secondClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "N1", Text: "A serial server makes the second client wait for the first, and no other server does",
		Caveat: "That a serial server gives no answer is watched for some milliseconds; then the first client goes and the answer must come.",
	}
	for _, model := range server.Names {
		if model == server.Serial {
			claim.Comparisons = append(claim.Comparisons, card.Never(card.Seen, secondAt(model)))
		} else {
			claim.Comparisons = append(claim.Comparisons, card.Always(card.Seen, secondAt(model)))
		}
	}
	return []card.Claim{claim}
}

func prepareSecond(t card.Trial) (card.Session, error) {
	all, err := startAll(t, min(lanes, t.Ops))
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			seen, err := card.On(all, t.Ops, meanwhile)
			if err != nil {
				return nil, err
			}
			return card.Try(t.Ops, func(i int) (bool, error) { return seen[i], nil })
		},
		Close: func() error {
			var errs []error
			for _, s := range all {
				errs = append(errs, s.Close())
			}
			return errors.Join(errs...)
		},
	}, nil
}

// startAll starts servers at the same time. On an error none is left.
func startAll(t card.Trial, n int) ([]*Server, error) {
	all, err := card.Together(n, n, func(int) (*Server, error) { return Start(t, t.Get("server"), false) })
	if err == nil {
		return all, nil
	}
	for _, s := range all {
		if s != nil {
			s.Kill()
		}
	}
	return nil, err
}

// meanwhile says whether a client is answered while another one keeps its connection.
func meanwhile(s *Server) (bool, error) {
	one, other := echo.Request{Number: 1, Units: 1}, echo.Request{Number: 2, Units: 1}
	first, err := s.Dial()
	if err != nil {
		return false, err
	}
	defer first.Close()
	if err := first.Ask(one); err != nil {
		return false, fmt.Errorf("asking for the first client: %w", err)
	}
	next, err := s.Dial()
	if err != nil {
		return false, err
	}
	defer next.Close()
	if err := next.Send(other); err != nil {
		return false, fmt.Errorf("asking for the second client: %w", err)
	}
	limit := patience
	if s.Model == server.Serial {
		limit = watch
	}
	waited := next.Receive(other, limit)
	if waited != nil && !late(waited) {
		return false, fmt.Errorf("waiting for the second client's answer: %w", waited)
	}
	if err := first.Ask(one); err != nil {
		return false, fmt.Errorf("asking for the first client again: %w", err)
	}
	if waited == nil {
		return true, nil
	}
	first.Close()
	if err := next.Receive(other, patience); err != nil {
		return false, fmt.Errorf("waiting for the second client's answer, after the first one went: %w", err)
	}
	return false, nil
}
