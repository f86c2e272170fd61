package ipc

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"parcon/experiments/futex"
)

// Condition lets those who hold a Lock wait until another holder notifies them.
// At most 1024 wait at a time, first come first served.
type Condition struct {
	*Shared
	b    *conditionBody
	lock *Lock
}

// maxWaiters bounds a condition's memory.
const maxWaiters = 1024

// conditionBody has a place for each waiter, with a word of its own to sleep on:
// so exactly those wake up who were chosen, and who leaves by its context takes
// no one's notification along. All of it is changed under the lock only.
type conditionBody struct {
	tickets atomic.Uint64 // handed out so far
	places  [maxWaiters]place
}

type place struct {
	state  atomic.Uint32
	pid    atomic.Uint32
	ticket atomic.Uint64 // the lowest is served first
}

const (
	placeFree = iota
	placeWaiting
	placeNotified
)

// NewCondition makes a condition for those who hold lock. A child needs both.
func NewCondition(lock *Lock) (*Condition, error) {
	id, err := identity(lock.file)
	if err != nil {
		return nil, fmt.Errorf("making a condition: looking at its lock: %w", err)
	}
	s, err := create(kindCondition, id, 0, sizeOf[conditionBody](0, 0))
	if err != nil {
		return nil, err
	}
	return &Condition{s, body[conditionBody](s), lock}, nil
}

// OpenCondition opens a condition that another process made, with the same lock;
// with another one it fails with ErrWrongKind. It takes file over.
func OpenCondition(file *os.File, lock *Lock) (*Condition, error) {
	id, err := identity(lock.file)
	if err != nil {
		return nil, fmt.Errorf("opening a condition: looking at its lock: %w", err)
	}
	s, h, err := open(file, kindCondition, sizeOf[conditionBody])
	if err != nil {
		return nil, err
	}
	if h.a != id {
		unmap(s.memory)
		return nil, fmt.Errorf("opening a condition: it was made for another lock: %w", ErrWrongKind)
	}
	return &Condition{s, body[conditionBody](s), lock}, nil
}

// enterHeld begins a call that only those who hold the lock may make.
func (c *Condition) enterHeld(doing string) error {
	if err := c.enter(); err != nil {
		return err
	}
	err := c.lock.enter()
	if err == nil {
		if c.lock.m.mine() {
			return nil
		}
		err = fmt.Errorf("%s a condition: its lock: %w", doing, ErrNotHeld)
		c.lock.leave()
	}
	c.leave()
	return err
}

func (c *Condition) leaveHeld() {
	c.lock.leave()
	c.leave()
}

// Wait lets go of the lock, waits until it is notified, and takes the lock
// again, however long that takes. Only with ErrNotHeld, ErrTooMany or ErrFreed
// it never let go; in every case the caller holds afterwards what it held
// before. With ErrOwnerDied it was notified, but the last holder of the lock
// died.
//
// If it is notified and its context ends, the notification counts. Who waits for
// something should look for it in a loop: it may be gone again.
func (c *Condition) Wait(ctx context.Context) error {
	if err := c.enterHeld("waiting for"); err != nil {
		return err
	}
	defer c.leaveHeld()
	p := c.freePlace()
	if p == nil {
		return fmt.Errorf("waiting for a condition where %d do: %w", maxWaiters, ErrTooMany)
	}
	p.pid.Store(self)
	p.ticket.Store(c.b.tickets.Add(1))
	p.state.Store(placeWaiting)
	c.lock.m.unlock()
	var err error
	for err == nil && p.state.Load() == placeWaiting {
		_, err = sleep(ctx, &p.state, placeWaiting)
	}
	// This cannot fail: the background never ends.
	died, _ := c.lock.m.lock(context.Background())
	// Nobody can be notified now, so what stands here is what happened.
	if p.state.Swap(placeFree) == placeNotified {
		err = nil
	}
	if died && err == nil {
		err = fmt.Errorf("taking the lock of a condition again: %w", ErrOwnerDied)
	}
	return err
}

// freePlace finds a place that is free or, when there is none, one whose waiter
// was killed.
func (c *Condition) freePlace() *place {
	for i := range c.b.places {
		if p := &c.b.places[i]; p.state.Load() == placeFree {
			return p
		}
	}
	for i := range c.b.places {
		if p := &c.b.places[i]; gone(p.pid.Load()) {
			return p
		}
	}
	return nil
}

// Notify wakes up to n waiters, those who came first, and returns how many it
// woke: n, or all if fewer wait. They go on when the caller unlocks. Waiters
// whose process was killed are not counted.
func (c *Condition) Notify(n int) (woken int, err error) {
	if err := c.enterHeld("notifying"); err != nil {
		return 0, err
	}
	defer c.leaveHeld()
	var found []*place
	for i := range c.b.places {
		if p := &c.b.places[i]; p.state.Load() == placeWaiting {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *place) int { return cmp.Compare(a.ticket.Load(), b.ticket.Load()) })
	for _, p := range found {
		if woken >= n {
			break
		}
		if gone(p.pid.Load()) {
			p.state.Store(placeFree)
			continue
		}
		p.state.Store(placeNotified)
		futex.Wake(&p.state, everyone)
		woken++
	}
	return woken, nil
}

// NotifyAll wakes all who wait and returns how many.
func (c *Condition) NotifyAll() (woken int, err error) { return c.Notify(maxWaiters) }
