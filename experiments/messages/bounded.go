package messages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/lcg"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// bounded: a process puts numbers into a queue as fast as it can, another one takes them
// and computes about 20 us with each. It is late, too: it takes none before the other has
// met a full queue, or has put all. On a busy machine the two might take turns on a core
// else, so that the slower one is the faster. A try sends so many, through a queue of its
// own:
//
//   - lost: one did not come, or twice, or not in its place;
//   - seen: the producer had to wait, which takes time, for room;
//   - above: more were held than the bound.
//
// What the queue holds is not asked of the queue. Both processes count in shared memory,
// the producer what it has put, the consumer what it is about to take, so that what is
// counted as held was in the queue at least.
var bounded = card.Card{
	Name: "bounded", Doc: "a fast producer, a queue with a bound, and a slow consumer",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{{Key: "bound", Format: "bound %s"}},
	Cases:       boundedCases,
	Claims:      boundedClaims,
	Prepare:     prepareBounded,
	Parts:       map[string]func([]string) error{"producer": produceFast, "consumer": consumeSlowly},
	Counts:      []string{unitLost, unitAbove},
	Units:       []string{unitWaiting, unitProducing, unitHeld},
	Label:       "a fast producer before a slow consumer",
	Sections:    boundedSections,
}

// The units: in how many tries; and of a try, how long the producer waited, of which time,
// and how many messages the queue held at most, of all tries.
const (
	unitLost      = "lost"
	unitAbove     = "above"
	unitWaiting   = "waiting-ns"
	unitProducing = "producing-ns"
	unitHeld      = "most-held"
)

// Measures of facts.
var (
	lost      = card.Measure{Name: "lost", Unit: unitLost, How: card.Every}
	anyLost   = card.Measure{Name: "lost", Unit: unitLost, How: card.Some}
	heldAbove = card.Measure{Name: "more held than the bound", Unit: unitAbove, How: card.Every}
	hadToWait = card.Measure{Name: "the producer waited", Unit: card.UnitSeen, How: card.Every}
)

func boundedBy(bound int) variant.Variant { return card.Of("bounded", "bound", card.Itoa(bound)) }

func boundedCases(s card.Scale) []card.Case {
	cases := []card.Case{card.Run(card.Tries, boundedBy(1)), card.Run(card.Tries, boundedBy(16))}
	if s.Depth >= card.Standard {
		cases = append(cases, card.Run(4, boundedBy(256)))
	}
	return cases
}

func boundedClaims(card.Scale) []card.Claim {
	claim := card.Claim{ID: "M4", Text: "A bounded queue makes a fast producer wait for a slow consumer, holds no more than its bound, and loses nothing"}
	for _, bound := range []int{1, 16} {
		claim.Comparisons = append(claim.Comparisons,
			card.Always(hadToWait, boundedBy(bound)), card.Never(heldAbove, boundedBy(bound)), card.Never(lost, boundedBy(bound)))
	}
	return []card.Claim{claim}
}

func boundedSections() []section.Section {
	return []section.Section{{
		Topic: "A fast producer and a slow consumer", Claims: []string{"M4"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "a queue with a bound made the fast producer wait in %s tries"),
				section.Counted(unitLost, "messages were lost in %s"),
				section.Counted(unitAbove, "it held more than its bound in %s"),
			},
			Columns: []section.Column{
				section.Under("bound", section.Value("bound")),
				section.Under("the producer waited", section.Count("seen")),
				section.Under("its time in a try", section.Span(unitProducing)),
				section.Under("of that waiting", func(s section.Samples, row section.Row) string {
					return s.Ratio(row[0], unitWaiting, row[0], unitProducing).In(number.Percent)
				}),
				section.Under("messages lost", section.Count(unitLost)),
				section.Under("more held than the bound", section.Count(unitAbove)),
				section.Under("most held", section.Most(unitHeld)),
			},
			Note: fmt.Sprintf("A try sends %d messages, or four times the bound if that is more; the consumer begins when the queue is full, and computes about 20 us with each. With {interval}s.", fewest),
		},
	}}
}

// fewest is how many messages a try sends at least.
const fewest = 64

func sent(bound int) int { return max(fewest, 4*bound) }

// A ledger is what the processes of a try count.
type ledger struct {
	put, taken atomic.Int64
	full       atomic.Int64 // 1 once the producer has met a full queue
	_          [104]byte    // a pair of cache lines of its own
}

// largest is the largest bound: its try takes some seconds.
const largest = 65536

func prepareBounded(t card.Trial) (card.Session, error) {
	bound := t.Int("bound", 1)
	if bound > largest {
		return card.Session{}, fmt.Errorf("a queue with a bound of %d: give at most %d", bound, largest)
	}
	return card.Session{Run: func() (protocol.Measurement, error) {
		held := 0.0
		m, err := batches(t.Ops, func(tries int) (protocol.Measurement, error) {
			counted, err := pressBack(t, bound, tries)
			held = max(held, counted[unitHeld])
			return counted, err
		})
		if err != nil {
			return nil, err
		}
		m[unitHeld] = held
		m[unitWaiting] /= float64(t.Ops)
		m[unitProducing] /= float64(t.Ops)
		return m, nil
	}}, nil
}

// A pressing is what was seen in a try.
type pressing struct {
	waits, waited, took, held int // the producer's; times in ns
	right, came               int // the consumer's
}

// pressBack makes tries one after another with the same two processes.
func pressBack(t card.Trial, bound, tries int) (_ protocol.Measurement, err error) {
	var all things
	defer func() { err = errors.Join(err, all.free()) }()
	if _, err = add(&all, tries, newQueue(bound)); err != nil {
		return nil, err
	}
	if _, err = add(&all, 1, newTable[ledger](tries)); err != nil {
		return nil, err
	}
	args := []string{strconv.Itoa(tries), strconv.Itoa(sent(bound))}
	crew, err := hire(t, all.objects(), role{"producer", args}, role{"consumer", args})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, crew.End(patience)) }()
	seen := make([]pressing, tries)
	var waited, took, held int
	for try := range seen {
		if seen[try], err = press(crew, try); err != nil {
			return nil, err
		}
		waited, took, held = waited+seen[try].waited, took+seen[try].took, max(held, seen[try].held)
	}
	m := count(seen, map[string]func(pressing) bool{
		card.UnitSeen: func(p pressing) bool { return p.waits > 0 && p.waited > 0 },
		unitLost:      func(p pressing) bool { return p.right != sent(bound) || p.came != sent(bound) },
		unitAbove:     func(p pressing) bool { return p.held > bound },
	})
	m[unitWaiting], m[unitProducing], m[unitHeld] = float64(waited), float64(took), float64(held)
	return m, nil
}

// press is one try.
func press(crew peer.Crew, try int) (p pressing, err error) {
	crew.Tell(fmt.Sprint("go ", try))
	lines, err := crew.Hear()
	if err != nil {
		return p, err
	}
	if _, err := fmt.Sscan(lines[0], &p.waits, &p.waited, &p.took, &p.held); err != nil {
		return p, fmt.Errorf("a producer said %.100q where its waits were due", lines[0])
	}
	if _, err := fmt.Sscan(lines[1], &p.right, &p.came); err != nil {
		return p, fmt.Errorf("a consumer said %.100q where what came was due", lines[1])
	}
	return p, nil
}

// onQueues is what producer and consumer have in common: they do something with a queue and
// a ledger when they are told its number. args are how many of them there are, and how
// many messages go through each.
func onQueues(args []string, do func(q *ipc.Queue, l *ledger, messages int) (string, error)) error {
	if len(args) != 2 {
		return fmt.Errorf("using queues: %d arguments, want how many and how many messages", len(args))
	}
	tries, err1 := strconv.Atoi(args[0])
	messages, err2 := strconv.Atoi(args[1])
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("using queues: %w", err)
	}
	queues, err := openQueues(0, tries)
	if err != nil {
		return err
	}
	ledgers, err := openTable[ledger](tries, tries)
	if err != nil {
		return err
	}
	return heed(tries, func(_ string, try int) (string, error) { return do(queues[try], &ledgers[try], messages) })
}

// produceFast puts numbers and closes the queue.
func produceFast(args []string) error {
	return onQueues(args, func(q *ipc.Queue, l *ledger, messages int) (string, error) {
		waits, waited, held := 0, int64(0), int64(0)
		begin := clock.Now()
		for i := range messages {
			err := q.TryPut(message(uint64(i)))
			if errors.Is(err, ipc.ErrFull) {
				full := clock.Now()
				l.full.Store(1)
				err = q.Put(context.Background(), message(uint64(i))) // the parent kills who waits too long
				waits, waited = waits+1, waited+clock.Now()-full
			}
			if err != nil {
				return "", fmt.Errorf("putting message %d of %d: %w", i+1, messages, err)
			}
			held = max(held, l.put.Add(1)-l.taken.Load())
		}
		return fmt.Sprint(waits, " ", waited, " ", clock.Now()-begin, " ", held), q.Close()
	})
}

// consumeSlowly takes what there is and says what came in its place, and what came.
func consumeSlowly(args []string) error {
	return onQueues(args, func(q *ipc.Queue, l *ledger, messages int) (string, error) {
		for l.full.Load() == 0 && l.put.Load() < int64(messages) { // the parent kills who waits too long
			time.Sleep(20 * time.Microsecond)
		}
		right, came, err := takeAll(q, l)
		return fmt.Sprint(right, " ", came), err
	})
}

// takeAll takes numbers from 0 on until the queue is closed, computes with each, and counts
// those that come after all that came before, and all that come.
func takeAll(q *ipc.Queue, l *ledger) (right, came int, err error) {
	for next := uint64(0); ; came++ {
		l.taken.Add(1)
		got, err := q.Get(context.Background()) // the parent kills who waits too long
		if errors.Is(err, io.EOF) {
			return right, came, nil
		}
		if err != nil {
			return right, came, fmt.Errorf("taking message %d: %w", came+1, err)
		}
		n, err := numberIn(got)
		if err != nil {
			return right, came, err
		}
		if n >= next {
			right, next = right+1, n+1
		}
		if lcg.Steps(n, 20*microsecond) != lcg.Leap(n, 20*microsecond) {
			return right, came, errors.New("computing with a message came to a wrong answer")
		}
	}
}
