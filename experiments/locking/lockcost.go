package locking

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// lockCosts: one unit takes a lock and lets it go, again and again; nobody else
// wants it. A reentrant lock is taken once each time. For processes it is a lock
// in shared memory, which any process could take, taken by this one; that ipc keeps
// the memory mapped during each call is part of its price.
var lockCosts = card.Card{
	Name: "lockcost", Doc: "takes a lock that nobody else wants and lets it go",
	Needs:   []card.Need{card.Linux},
	Keys:    []card.Choice{kindOfLock, unit},
	Cases:   lockCostCases,
	Prepare: prepareLockCost,
	Label:   "taking a lock",
}

func lockTaken(lock, unit string) variant.Variant {
	return card.Of("lockcost", "lock", lock, "unit", unit)
}

// lockTakes is how often a trial takes a lock.
var lockTakes = map[string]int{goroutine: 1_000_000, process: 500_000}

func lockCostCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range units {
		plain := card.Run(lockTakes[unit], lockTaken("plain", unit))
		cases = append(cases, plain, card.Second(plain), card.Run(lockTakes[unit], lockTaken("reentrant", unit)))
	}
	return cases
}

func prepareLockCost(t card.Trial) (card.Session, error) {
	turns, free, err := lockLoop(t.Get("lock"), t.Get("unit"))
	if err != nil {
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			if err := turns(t.Ops); err != nil {
				return nil, fmt.Errorf("taking a lock and letting it go: %w", err)
			}
			return protocol.Measurement{}, nil
		},
		Close: free,
	}, nil
}

// lockLoop returns what takes a lock and lets it go n times. Each kind has a loop
// of its own: a call through an interface would cost a part of what is measured.
func lockLoop(kind, unit string) (turns func(n int) error, free func() error, err error) {
	switch {
	case unit == goroutine && kind == plain:
		return plainTurns, nil, nil
	case unit == goroutine:
		return reentrantTurns, nil, nil
	case kind == plain:
		l, err := ipc.NewLock()
		if err != nil {
			return nil, nil, err
		}
		return func(n int) error { return sharedTurns(l, n) }, l.Free, nil
	}
	l, err := ipc.NewReentrant()
	if err != nil {
		return nil, nil, err
	}
	return func(n int) error { return sharedReentrantTurns(l, n) }, l.Free, nil
}

func plainTurns(n int) error {
	var l sync.Mutex
	for range n {
		l.Lock()
		//lint:ignore SA2001 the empty section is what is measured
		l.Unlock()
	}
	return letGoOf(l.TryLock())
}

func reentrantTurns(n int) error {
	var l reentrant
	for range n {
		l.lock(holding)
		if err := l.unlock(holding); err != nil {
			return err
		}
	}
	return letGoOf(l.tryLock(watching))
}

func sharedTurns(l *ipc.Lock, n int) error {
	ctx := context.Background()
	for range n {
		if err := l.Lock(ctx); err != nil {
			return err
		}
		if err := l.Unlock(); err != nil {
			return err
		}
	}
	return letGoOf(l.TryLock())
}

func sharedReentrantTurns(l *ipc.Reentrant, n int) error {
	ctx := context.Background()
	for range n {
		if err := l.Lock(ctx, holding); err != nil {
			return err
		}
		if err := l.Unlock(holding); err != nil {
			return err
		}
	}
	return letGoOf(l.TryLock(watching))
}

// letGoOf says what is wrong with a lock that should be free.
func letGoOf(free bool) error {
	if !free {
		return errors.New("it is not free after it was let go of")
	}
	return nil
}
