package locking

import (
	"errors"
	"sync"
	"sync/atomic"
)

// reentrant is a lock that its owner may take again, and must let go as often.
// Goroutines have no number that a program can ask for, so who takes it says who
// it is: a number above 0 of its own.
//
// The depth is touched by the owner only, and only the owner can read its own
// number as the owner's, so the first look needs no lock. CPython does the same
// with the number of a thread (Lib/threading.py, class _RLock).
type reentrant struct {
	mu    sync.Mutex
	owner atomic.Uint64 // 0 for nobody
	depth int
}

// errNotOwner says that a reentrant lock is let go by another than its owner.
var errNotOwner = errors.New("letting a reentrant lock go: the caller does not hold it")

func (l *reentrant) lock(owner uint64) {
	if l.owner.Load() != owner {
		l.mu.Lock()
		l.owner.Store(owner)
	}
	l.depth++
}

func (l *reentrant) tryLock(owner uint64) bool {
	if l.owner.Load() != owner {
		if !l.mu.TryLock() {
			return false
		}
		l.owner.Store(owner)
	}
	l.depth++
	return true
}

func (l *reentrant) unlock(owner uint64) error {
	if l.owner.Load() != owner {
		return errNotOwner
	}
	if l.depth--; l.depth == 0 {
		l.owner.Store(0)
		l.mu.Unlock()
	}
	return nil
}
