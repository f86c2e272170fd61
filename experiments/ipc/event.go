package ipc

import (
	"context"
	"os"
	"sync/atomic"
)

// Event is a flag that others can wait for.
type Event struct {
	*Shared
	b *eventBody
}

// eventBody counts how often the flag was set and cleared: it is set when turns
// is odd. So a waiter knows that the flag was set also when it was cleared again
// before the waiter could look.
type eventBody struct {
	turns  atomic.Uint32
	_      [60]byte
	turned signal
}

// NewEvent makes an event that is not set.
func NewEvent() (*Event, error) {
	s, err := create(kindEvent, 0, 0, sizeOf[eventBody](0, 0))
	if err != nil {
		return nil, err
	}
	return &Event{s, body[eventBody](s)}, nil
}

// OpenEvent opens an event that another process made. It takes file over.
func OpenEvent(file *os.File) (*Event, error) {
	s, _, err := open(file, kindEvent, sizeOf[eventBody])
	if err != nil {
		return nil, err
	}
	return &Event{s, body[eventBody](s)}, nil
}

// Set sets the event and wakes all who wait for it, even if it is cleared again
// at once.
func (e *Event) Set() error { return e.turn(0) }

// Clear undoes Set: later waits wait again.
func (e *Event) Clear() error { return e.turn(1) }

// turn turns the flag if it stands at from.
func (e *Event) turn(from uint32) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	turns := e.b.turns.Load()
	// Who loses the exchange to another one has the same effect: both were
	// called at the same time.
	if turns%2 == from && e.b.turns.CompareAndSwap(turns, turns+1) && from == 0 {
		e.b.turned.changed(everyone)
	}
	return nil
}

// IsSet says whether the event is set.
func (e *Event) IsSet() bool {
	if e.enter() != nil {
		return false
	}
	defer e.leave()
	return e.b.turns.Load()%2 == 1
}

// Wait returns when the event is set, or was set while it waited.
func (e *Event) Wait(ctx context.Context) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.leave()
	first := e.b.turns.Load()
	if first%2 == 1 {
		return nil
	}
	return e.b.turned.await(ctx, errNone, func() error {
		if e.b.turns.Load() == first {
			return errNone
		}
		return nil
	})
}
