package messages

import (
	"context"
	"errors"
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// increments: two processes add 1 to a number of a manager, by reading and writing it,
// with a lock around both or without. With the lock each episode has a number of its own.
// cpython does it with a Value of a Manager, and the Manager's Lock.
var increments = card.Card{
	Name: "increments", Doc: "two processes add to a number of a manager: is anything lost?",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "lock", Values: []string{"none", "lock"}, Words: map[string]string{"none": "no lock", "lock": "a lock"}, Format: "with %s"},
		{Key: "object", Values: []string{"manager", python}, Words: map[string]string{"manager": "manager", python: "CPython's Manager"}},
	},
	Cases:    incrementCases,
	Prepare:  prepareIncrements,
	Parts:    map[string]func([]string) error{"manager": manage, "adder": addOn},
	Counts:   []string{unitLost},
	Label:    "increments through a manager",
	Sections: incrementSections,
}

func incremented(lock, object string) variant.Variant {
	return card.Of("increments", "lock", lock, "object", object)
}

func incrementCases(s card.Scale) []card.Case {
	cases := []card.Case{
		card.Run(20*card.Tries, incremented("none", "manager")), card.Run(20*card.Tries, incremented("lock", "manager")),
	}
	if s.CPython() {
		cases = append(cases, card.Run(400, incremented("none", python)), card.Run(400, incremented("lock", python)))
	}
	return cases
}

func incrementSections() []section.Section {
	return []section.Section{{
		Topic: "Increments of an object of a server process", Claims: []string{"M11"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(unitLost, "two processes that add to a number of a manager lose %s increments", "lock", "none", "object", "manager"),
				section.Counted(unitLost, "with a lock %s", "lock", "lock", "object", "manager"),
			},
			Columns: []section.Column{
				section.Under("number of", section.Value("object")),
				section.Under("lock", section.Value("lock")),
				section.Under("increments lost", section.Count(unitLost)),
				section.Under("time of an increment", section.Span("ns/op")),
			},
			Note: "An increment reads and writes: two messages, between which the other process has its turn. With {interval}s.",
		},
	}}
}

// adders are the processes that add to a number.
const adders = 2

func prepareIncrements(t card.Trial) (card.Session, error) {
	if t.Get("object") == python {
		return cpython.Prepare(t, accessLimit(t.Ops), managerPython, "increments", "lock="+t.Get("lock"))
	}
	episodes := 1 // where it is enough that something is lost once
	if t.Get("lock") == "lock" {
		episodes = min(card.Tries, t.Ops)
	}
	// This process has an end too, to read what the numbers have become.
	server, ends, err := startManager(t, 1+adders, episodes)
	if err != nil {
		return card.Session{}, err
	}
	crew, lock, err := startAdders(t, ends[1:])
	closeEnds(ends[1:]) // the adders have them now
	end := func() error {
		closeEnds(ends)
		return server.End(patience)
	}
	if err != nil {
		return card.Session{}, errors.Join(err, end())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return letAdd(crew, ends[0], t.Ops, episodes) },
		Close: func() error { return errors.Join(crew.End(patience), end(), lock.Free()) },
	}, nil
}

// startAdders starts processes that each have an end of a manager's, and a lock for all.
func startAdders(t card.Trial, ends []client) (crew peer.Crew, lock *ipc.Lock, err error) {
	if lock, err = ipc.NewLock(); err != nil {
		return nil, nil, err
	}
	for _, end := range ends {
		one, err := hire(t, []ipc.Object{end, lock}, role{"adder", []string{t.Get("lock")}})
		if err != nil {
			crew.Kill()
			return nil, nil, errors.Join(err, lock.Free())
		}
		crew = append(crew, one...)
	}
	return crew, lock, nil
}

// letAdd lets processes add to one number in each episode, and reads what it has become.
func letAdd(crew peer.Crew, manager client, n, episodes int) (protocol.Measurement, error) {
	missing := 0
	for e := range episodes {
		each := share(n, episodes, e)
		for i, p := range crew {
			_ = p.Tell(fmt.Sprint(e, " ", share(each, len(crew), i))) // one that is gone says why when it is heard
		}
		if err := crew.Expect(done); err != nil {
			return nil, err
		}
		var got uint64
		if err := inTime(1, []client{manager}, func() (err error) { got, err = manager.read(e); return err }); err != nil {
			return nil, err
		}
		if got > uint64(each) {
			return nil, fmt.Errorf("%d increments made %d of 0", each, got)
		}
		missing += each - int(got)
	}
	return protocol.Measurement{card.UnitTries: float64(n), unitLost: float64(missing), card.UnitEpisodes: float64(episodes)}, nil
}

// addOn is a process that adds to numbers of a manager: args are whether under a lock.
func addOn(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("adding to numbers of a manager: %d arguments, want a lock or none", len(args))
	}
	end, err := ipc.OpenEnd(ipc.Inherited(0))
	if err != nil {
		return err
	}
	lock, err := ipc.OpenLock(ipc.Inherited(1))
	if err != nil {
		return err
	}
	manager := client{end}
	return peer.Attend(func(line string) (string, error) {
		var index, times int
		if _, err := fmt.Sscan(line, &index, &times); err != nil {
			return "", unknown(line)
		}
		for range times {
			if err := addOne(manager, index, lock, args[0] == "lock"); err != nil {
				return "", err
			}
		}
		return done, nil
	})
}

// addOne is an increment: what is read plus one is written.
func addOne(manager client, index int, lock *ipc.Lock, locked bool) error {
	if locked {
		if err := lock.Lock(context.Background()); err != nil { // the parent kills who waits too long
			return err
		}
		defer func() { _ = lock.Unlock() }() // it is held
	}
	was, err := manager.read(index)
	if err != nil {
		return err
	}
	return manager.write(index, was+1)
}
