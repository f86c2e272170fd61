package ring

import (
	"context"
	"time"

	"parcon/experiments/futex"
)

// Waiting is how a side waits.
type Waiting int

const (
	// Sleeping gives the core away at once.
	Sleeping Waiting = iota
	// Spinning first looks again and again for up to 50 µs, about what it takes to wake
	// another core: so it never costs more than twice as much as the better of both ways
	// (Karlin, Li, Manasse, Owicki, Empirical Studies of Competitive Spinning, 1991).
	Spinning
)

// longest is how long a side sleeps before it looks around by itself.
const longest = 100 * time.Millisecond

// wait returns when the other side's count is not as it was seen, when the ring is closed,
// or with the context's error.
func (c *control) wait(ctx context.Context, way Waiting, own *sleeper, other *counter, seen uint64) error {
	if way == Spinning && c.spin(other, seen) {
		return nil
	}
	for {
		limit, err := left(ctx)
		if err != nil {
			return err
		}
		// The flag is raised before the last look, and the other side counts before it looks
		// at the flag: so one of them notices.
		own.Store(1)
		if other.Load() == seen && c.closed.Load() == 0 {
			futex.Wait(&own.Uint32, 1, limit)
		}
		own.Store(0)
		if other.Load() != seen || c.closed.Load() != 0 {
			return nil
		}
	}
}

const (
	spinning = 50 * time.Microsecond
	looks    = 200 // between two looks at the clock: some microseconds
)

// spin looks for a while, and says whether there is something to do.
func (c *control) spin(other *counter, seen uint64) bool {
	var start time.Time
	for {
		for range looks {
			if other.Load() != seen {
				return true
			}
			pause()
		}
		switch {
		case c.closed.Load() != 0:
			return true
		case start.IsZero():
			start = time.Now()
		case time.Since(start) > spinning:
			return false
		}
	}
}

// left is how long a side may sleep, or the context's error.
func left(ctx context.Context) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	end, ok := ctx.Deadline()
	if !ok {
		return longest, nil
	}
	limit := time.Until(end)
	if limit <= 0 {
		return 0, context.DeadlineExceeded
	}
	return min(limit, longest), nil
}

// wake wakes the side if it sleeps.
func (s *sleeper) wake() {
	if s.Load() != 0 && s.Swap(0) != 0 {
		futex.Wake(&s.Uint32, 1)
	}
}
