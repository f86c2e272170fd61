package locking

import (
	"fmt"
	"sync/atomic"
	"time"
)

// waiters is how many units wait together for an event or a condition.
const waiters = 8

// wakeLimit is how long it may take until all are awake who were told to. What
// takes longer does not count as seen.
const wakeLimit = time.Second

// A tally counts the units that have begun to wait, and those that were woken. It
// may lie in memory that processes share.
type tally struct {
	waiting, woken atomic.Int32
}

// A gathering is a number of units that wait for one thing.
type gathering interface {
	// gather lets all units wait, for something that is new, and returns the
	// counters of this try.
	gather() (*tally, error)
	// ended returns when all units have ended their wait.
	ended() error
}

// assemble lets all units wait and says how many of them were woken although
// nobody did so: none, if the thing works.
func assemble(g gathering) (t *tally, tooEarly int, err error) {
	if t, err = g.gather(); err != nil {
		return nil, 0, err
	}
	if !until(patience, func() bool { return t.waiting.Load() == waiters }) {
		return nil, 0, fmt.Errorf("waited %v in vain until %d units wait: %d do", patience, waiters, t.waiting.Load())
	}
	time.Sleep(settling)
	return t, int(t.woken.Load()), nil
}
