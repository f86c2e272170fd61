package messages

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/ipc"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// joinable: this process puts four items into a joinable queue and joins it. Another one
// takes all and marks all but one as done: the join must wait, which is watched for a
// moment. Then it marks the last one: the join must return. And it marks one more, of
// which there is none: that must be refused.
//
// cpython does the same with a multiprocessing.JoinableQueue.
var joinable = card.Card{
	Name: "joinable", Doc: "when does the join of a queue return, and what if too much is marked as done?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{{Key: "queue", Values: []string{"ipc", python}, Words: map[string]string{
		"ipc": "ipc.JoinableQueue", python: "CPython's multiprocessing.JoinableQueue",
	}}},
	Cases:    joinableCases,
	Claims:   joinableClaims,
	Prepare:  prepareJoinable,
	Parts:    map[string]func([]string) error{"worker": markDone},
	Counts:   []string{unitEarly, unitRefused},
	Label:    "joining a queue",
	Sections: joinableSections,
}

// The units: in how many tries the join returned though one item was not marked, and one
// mark too many was refused.
const (
	unitEarly   = "early"
	unitRefused = "refused"
)

var (
	tooEarly = card.Measure{Name: "returned too early", Unit: unitEarly, How: card.Every}
	refused  = card.Measure{Name: "one mark too many refused", Unit: unitRefused, How: card.Every}
)

func joined(queue string) variant.Variant { return card.Of("joinable", "queue", queue) }

func joinableCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(card.Tries, joined("ipc"))}
	if s.CPython() {
		cases = append(cases, card.Run(4, joined(python)))
	}
	return cases
}

func joinableClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "M7", Text: "A joinable queue's join returns only when every item that was taken was marked as done; marking too often is an error",
		Caveat: fmt.Sprintf("That it does not return while one of four items is not marked is watched for %d ms.", moment.Milliseconds()),
		Comparisons: []card.Comparison{
			card.Never(tooEarly, joined("ipc")), card.Always(card.Seen, joined("ipc")), card.Always(refused, joined("ipc")),
		},
	}}
}

func joinableSections() []section.Section {
	return []section.Section{{
		Topic: "A joinable queue", Claims: []string{"M7"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(unitEarly, "join returned before every item was marked as done in %s tries", "queue", "ipc"),
				section.Counted("seen", "after that in %s", "queue", "ipc"),
				section.Counted(unitRefused, "one mark too many was refused in %s", "queue", "ipc"),
			},
			Columns: []section.Column{
				section.Under("queue", section.Value("queue")),
				section.Under("join returned too early", section.Count(unitEarly)),
				section.Under("join returned after the last mark", section.Count("seen")),
				section.Under("one mark too many refused", section.Count(unitRefused)),
			},
		},
	}}
}

// toJoin is how many items a try has.
const toJoin = 4

//go:embed joinable.py
var joinablePython string

func prepareJoinable(t card.Trial) (card.Session, error) {
	if t.Get("queue") == python {
		return cpython.Prepare(t, patience+time.Duration(t.Ops)*time.Second, joinablePython, "joinable",
			"watched="+moment.String(), "patience="+patience.String())
	}
	return card.Session{Run: func() (protocol.Measurement, error) {
		return batches(t.Ops, func(tries int) (protocol.Measurement, error) { return joinQueues(t, tries) })
	}}, nil
}

// A meeting is what was seen of a join.
type meeting struct{ early, returned, refused bool }

func joinQueues(t card.Trial, tries int) (_ protocol.Measurement, err error) {
	var all things
	defer func() { err = errors.Join(err, all.free()) }()
	queues, err := add(&all, tries, func() (*ipc.JoinableQueue, error) { return ipc.NewJoinableQueue(toJoin, numberSize) })
	if err != nil {
		return nil, err
	}
	crew, err := hire(t, all.objects(), role{"worker", []string{strconv.Itoa(tries)}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, crew.End(patience)) }()
	worker := &helper{Process: crew[0]}
	seen, err := card.Together(tries, abreast, func(try int) (meeting, error) { return meet(queues[try], worker, try) })
	return count(seen, map[string]func(meeting) bool{
		card.UnitSeen: func(m meeting) bool { return m.returned },
		unitEarly:     func(m meeting) bool { return m.early },
		unitRefused:   func(m meeting) bool { return m.refused },
	}), err
}

// meet is one try.
func meet(q *ipc.JoinableQueue, worker *helper, try int) (m meeting, err error) {
	for i := range toJoin {
		if err := q.TryPut(message(uint64(i))); err != nil {
			return m, fmt.Errorf("putting item %d of %d: %w", i+1, toJoin, err)
		}
	}
	if err := worker.order("begin", try); err != nil {
		return m, err
	}
	if m.early, err = joinWithin(q, moment); err != nil {
		return m, err
	}
	if err := worker.order("finish", try); err != nil {
		return m, err
	}
	if m.returned, err = joinWithin(q, patience); err != nil {
		return m, err
	}
	answer, err := worker.ask("overdo", try)
	m.refused = answer == unitRefused
	return m, err
}

// joinWithin says whether a join returned in time.
func joinWithin(q *ipc.JoinableQueue, limit time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := q.Join(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return err == nil, err
}

// markDone is the process that takes items and marks them as done: args are how many tries
// there are.
func markDone(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("marking items as done: %d arguments, want the number of queues", len(args))
	}
	tries, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("marking items as done: %w", err)
	}
	queues := make([]*ipc.JoinableQueue, tries)
	for i := range queues {
		if queues[i], err = ipc.OpenJoinableQueue(ipc.Inherited(i)); err != nil {
			return err
		}
	}
	return heed(tries, func(word string, try int) (string, error) {
		q := queues[try]
		switch word {
		case "begin":
			for i := range toJoin {
				if _, err := q.TryGet(); err != nil {
					return "", fmt.Errorf("taking item %d of %d: %w", i+1, toJoin, err)
				}
				if i == 0 {
					continue // this one is not done yet
				}
				if err := q.Done(); err != nil {
					return "", err
				}
			}
			return done, nil
		case "finish":
			return done, q.Done()
		case "overdo":
			err := q.Done()
			if errors.Is(err, ipc.ErrTooOften) {
				return unitRefused, nil
			}
			return done, err
		}
		return "", unknown(word)
	})
}
