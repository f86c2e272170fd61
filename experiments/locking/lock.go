package locking

import (
	"context"
	"sync"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
)

// The values of the key lock.
const (
	plain       = "plain"
	reentrantly = "reentrant"
)

var kindOfLock = card.Choice{Key: "lock", Values: []string{plain, reentrantly}, Format: "with %s"}

// A lock is taken by a unit that says who it is: owner is a number above 0. A
// plain lock does not ask.
type lock interface {
	take(owner uint32) error
	try(owner uint32) bool
	letGo(owner uint32) error
}

// localLock makes a lock between goroutines: Go's own or, because Go has none that
// is reentrant, ours.
func localLock(kind string) lock {
	if kind == plain {
		return &plainLock{}
	}
	return &reentrantLock{}
}

type plainLock struct{ mu sync.Mutex }

func (l *plainLock) take(uint32) error  { l.mu.Lock(); return nil }
func (l *plainLock) try(uint32) bool    { return l.mu.TryLock() }
func (l *plainLock) letGo(uint32) error { l.mu.Unlock(); return nil }

type reentrantLock struct{ reentrant }

func (l *reentrantLock) take(owner uint32) error  { l.lock(uint64(owner)); return nil }
func (l *reentrantLock) try(owner uint32) bool    { return l.tryLock(uint64(owner)) }
func (l *reentrantLock) letGo(owner uint32) error { return l.unlock(uint64(owner)) }

// sharedLock is a lock between processes.
type sharedLock interface {
	lock
	thing
}

// newSharedLock makes a lock between processes.
func newSharedLock(kind string) (sharedLock, error) {
	if kind == plain {
		l, err := ipc.NewLock()
		return plainShared{l}, err
	}
	l, err := ipc.NewReentrant()
	return reentrantShared{l}, err
}

// inheritLock opens the lock that the parent attached at a position.
func inheritLock(kind string, position int) (lock, error) {
	if kind == plain {
		l, err := ipc.OpenLock(ipc.Inherited(position))
		return plainShared{l}, err
	}
	l, err := ipc.OpenReentrant(ipc.Inherited(position))
	return reentrantShared{l}, err
}

type plainShared struct{ *ipc.Lock }

func (l plainShared) take(uint32) error  { return l.Lock.Lock(context.Background()) }
func (l plainShared) try(uint32) bool    { return l.TryLock() }
func (l plainShared) letGo(uint32) error { return l.Unlock() }

type reentrantShared struct{ *ipc.Reentrant }

func (l reentrantShared) take(owner uint32) error {
	return l.Lock(context.Background(), owner)
}
func (l reentrantShared) try(owner uint32) bool    { return l.TryLock(owner) }
func (l reentrantShared) letGo(owner uint32) error { return l.Unlock(owner) }
