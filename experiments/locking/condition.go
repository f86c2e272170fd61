package locking

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// The units of the mechanism condition, besides card.UnitTries and Seen.
const (
	more = "more" // tries in which more units were woken than told
	less = "less" // tries in which fewer were
)

// conditions: some units wait on a condition, so many as the variant says are to
// be woken, and it is counted how many were. The units do not look again at what
// they wait for, as a program would: each return of Wait is counted. Goroutines
// use sync.Cond, whose Signal wakes one and is called so often; processes
// ipc.Condition.
var conditions = card.Card{
	Name: "condition", Doc: "wakes some of 8 units that wait on a condition and counts how many were woken",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{unit, {Key: "wake", Format: "wake %s"}},
	Cases:       conditionCases,
	Claims:      conditionClaims,
	Prepare:     prepareCondition,
	Parts:       map[string]func([]string) error{"waiter": conditionPart},
	Counts:      []string{"more", "less"},
	Sections:    conditionsSections,
}

func conditionsSections() []section.Section {
	return []section.Section{{
		Topic: "A condition", Claims: []string{"L3"},
		Form: section.Table{
			Finding: []section.Clause{section.Counted("seen", "a condition woke just as many as it was told to in %s tries")},
			Rows:    section.Alike("unit", "seen"),
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("told to wake, of 8", section.Value("wake")),
				section.Under("just so many woke", section.Count("seen")),
				section.Under("more woke", section.Count("more")),
				section.Under("fewer woke", section.Count("less")),
			},
		},
	}}
}

func conditionOf(unit string, wake int) variant.Variant {
	return card.Of("condition", "unit", unit, "wake", card.Itoa(wake))
}

func conditionCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range units {
		cases = append(cases, card.Run(card.Tries, conditionOf(unit, 1)), card.Run(card.Tries, conditionOf(unit, 3)))
	}
	return cases
}

func conditionClaims(s card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "L3", Text: "A condition wakes as many as it is told to",
		Caveat: "One more would have been seen within 2 ms.",
	}
	for _, c := range conditionCases(s) {
		claim.Comparisons = append(claim.Comparisons, card.Always(card.Seen, c.Variant))
	}
	return []card.Claim{claim}
}

// conditionUnits are units that can wait on conditions.
type conditionUnits interface {
	gathering
	// notify wakes so many units; more than wait are all.
	notify(n int) error
}

func prepareCondition(t card.Trial) (card.Session, error) {
	wake := t.Int("wake", 1)
	if wake > waiters {
		return card.Session{}, fmt.Errorf("waking %d units: only %d wait: give at most that", wake, waiters)
	}
	return makers[conditionUnits]{
		goroutines: func() conditionUnits { return &conditionGoroutines{} },
		processes:  newConditionProcesses,
	}.session(t, func(l lanes[conditionUnits]) (protocol.Measurement, error) {
		woken, err := card.On(l, t.Ops, func(units conditionUnits) (int, error) { return wakeSome(units, wake, wakeLimit) })
		return countWoken(woken, wake), err
	})
}

// countWoken counts tries, of each of which it is told how many were woken.
func countWoken(woken []int, wake int) protocol.Measurement {
	m := protocol.Measurement{card.UnitTries: float64(len(woken)), card.UnitSeen: 0, more: 0, less: 0}
	for _, n := range woken {
		switch {
		case n > wake:
			m[more]++
		case n < wake:
			m[less]++
		default:
			m[card.UnitSeen]++
		}
	}
	return m
}

// wakeSome says how many units were woken within the limit when so many should be.
// Who was awake before counts as one more.
func wakeSome(units conditionUnits, wake int, limit time.Duration) (int, error) {
	t, _, err := assemble(units)
	if err != nil {
		return 0, err
	}
	if err := units.notify(wake); err != nil {
		return 0, err
	}
	until(limit, func() bool { return int(t.woken.Load()) >= wake })
	time.Sleep(settling)
	woken := int(t.woken.Load())
	if err := units.notify(waiters); err != nil {
		return woken, err
	}
	if err := units.ended(); err != nil {
		return woken, fmt.Errorf("waking the rest of %d units that wait on a condition: %d woke: %w", waiters, t.woken.Load(), err)
	}
	return woken, nil
}

// conditionGoroutines wait on a sync.Cond.
type conditionGoroutines struct {
	condition *sync.Cond
	done      <-chan struct{}
}

func (c *conditionGoroutines) gather() (*tally, error) {
	t, condition := &tally{}, sync.NewCond(&sync.Mutex{})
	c.condition = condition
	c.done = launch(waiters, func(int) {
		condition.L.Lock()
		t.waiting.Add(1)
		condition.Wait()
		t.woken.Add(1)
		condition.L.Unlock()
	})
	return t, nil
}

// notify holds the lock, so that whoever was counted as waiting does wait.
func (c *conditionGoroutines) notify(n int) error {
	c.condition.L.Lock()
	defer c.condition.L.Unlock()
	for range n {
		c.condition.Signal()
	}
	return nil
}

func (c *conditionGoroutines) ended() error {
	return within(patience, c.done, "all goroutines woke")
}

// conditionProcesses wait on an ipc.Condition.
type conditionProcesses struct {
	stage     *stage
	tally     *shared[tally]
	lock      *ipc.Lock
	condition *ipc.Condition
}

func newConditionProcesses(t card.Trial, s *stage) (conditionUnits, error) {
	p := &conditionProcesses{stage: s}
	p.tally = put(s, share[tally])
	p.lock = put(s, ipc.NewLock)
	p.condition = put(s, func() (*ipc.Condition, error) { return ipc.NewCondition(p.lock) })
	return p, s.hire(t, waiters, 1, "waiter")
}

func (p *conditionProcesses) gather() (*tally, error) {
	p.tally.reset()
	p.stage.crew.Tell("wait")
	return p.tally.at, nil
}

// notify takes the lock, so that whoever was counted as waiting does wait.
func (p *conditionProcesses) notify(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.lock.Lock(ctx); err != nil {
		return fmt.Errorf("taking the lock of a condition: %w", err)
	}
	_, err := p.condition.Notify(n)
	return errors.Join(err, p.lock.Unlock())
}

func (p *conditionProcesses) ended() error { return p.stage.crew.Expect(done) }

// conditionPart is a process that waits on the condition whenever it is told.
func conditionPart([]string) error {
	tally, err := inherit[tally](0)
	if err != nil {
		return err
	}
	lock, err := ipc.OpenLock(ipc.Inherited(1))
	if err != nil {
		return err
	}
	condition, err := ipc.OpenCondition(ipc.Inherited(2), lock)
	if err != nil {
		return err
	}
	ctx := context.Background() // the parent kills who waits too long
	return peer.Attend(obey("wait", func() error {
		if err := lock.Lock(ctx); err != nil {
			return err
		}
		tally.waiting.Add(1)
		if err := condition.Wait(ctx); err != nil {
			return err
		}
		tally.woken.Add(1)
		return lock.Unlock()
	}))
}
