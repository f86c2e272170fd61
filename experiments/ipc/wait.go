package ipc

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"parcon/experiments/futex"
)

// longest is how long a waiter sleeps before it looks around by itself, in case
// that the one who was to wake it is dead. A wake-up does not wait for it. Only
// tests change it.
var longest = 100 * time.Millisecond

const everyone = math.MaxInt32

// sleep returns when word is not old, when it is woken, or after a while; the
// caller looks what happened. late says that nobody woke it. The error is the
// context's, and then it has not slept: so who was woken always looks once more
// before it gives up, and no wake-up is lost with it.
func sleep(ctx context.Context, word *atomic.Uint32, old uint32) (late bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	limit := longest
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		if left <= 0 {
			return false, context.DeadlineExceeded
		}
		limit = min(limit, left)
	}
	if ctx.Done() != nil {
		// A thread cannot wait for a futex and a channel at once, so the end of
		// the context wakes all who sleep here; the others go back to sleep. The
		// first call may come before this thread sleeps: hence the loop.
		var awake atomic.Bool
		stop := context.AfterFunc(ctx, func() {
			for !awake.Load() {
				futex.Wake(word, everyone)
				time.Sleep(time.Millisecond)
			}
		})
		defer func() {
			awake.Store(true)
			stop()
		}()
	}
	return futex.Wait(word, old, limit), nil
}

// signal lets some wait for what others do. It lies in shared memory. changes
// counts what was done, so that one who looked before a change does not sleep
// after it (an event count). A waiter that is killed stays in waiters for ever;
// that costs a system call for each change, and nothing else.
type signal struct {
	changes atomic.Uint32
	waiters atomic.Uint32
	_       [56]byte // a cache line of its own
}

// await calls try until it returns something else than again, whenever there
// was a change.
func (s *signal) await(ctx context.Context, again error, try func() error) error {
	if err := try(); err != again {
		return err
	}
	s.waiters.Add(1)
	defer s.waiters.Add(math.MaxUint32) // minus 1
	for {
		seen := s.changes.Load()
		if err := try(); err != again {
			return err
		}
		if _, err := sleep(ctx, &s.changes, seen); err != nil {
			return err
		}
	}
}

// changed wakes up to n waiters, after the change.
func (s *signal) changed(n int) {
	s.changes.Add(1)
	if s.waiters.Load() != 0 {
		futex.Wake(&s.changes, n)
	}
}
