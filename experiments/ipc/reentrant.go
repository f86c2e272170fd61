package ipc

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
)

// Reentrant is a lock that its holder may take again, and must unlock as often
// (Python's RLock). Go's goroutines have no names, so the caller says who it is:
// owner is any number that is its own within its process, for example the thread
// number of a goroutine that is locked to its thread.
type Reentrant struct {
	*Shared
	b *reentrantBody
}

type reentrantBody struct {
	m mutex
	// owner is the holder's process and number in one word, so that what a dead
	// process left is nobody's. Only the holder writes the two.
	owner atomic.Uint64
	count atomic.Uint32
	_     uint32
}

// NewReentrant makes a reentrant lock that is free.
func NewReentrant() (*Reentrant, error) {
	s, err := create(kindReentrant, 0, 0, sizeOf[reentrantBody](0, 0))
	if err != nil {
		return nil, err
	}
	return &Reentrant{s, body[reentrantBody](s)}, nil
}

// OpenReentrant opens a reentrant lock that another process made. It takes file
// over.
func OpenReentrant(file *os.File) (*Reentrant, error) {
	s, _, err := open(file, kindReentrant, sizeOf[reentrantBody])
	if err != nil {
		return nil, err
	}
	return &Reentrant{s, body[reentrantBody](s)}, nil
}

func name(owner uint32) uint64 { return uint64(self)<<32 | uint64(owner) }

// again counts one more for an owner that already holds the lock. Nobody else
// can write its name there or take it away.
func (b *reentrantBody) again(owner uint32) bool {
	if b.owner.Load() != name(owner) {
		return false
	}
	b.count.Add(1)
	return true
}

func (b *reentrantBody) first(owner uint32) {
	b.count.Store(1)
	b.owner.Store(name(owner))
}

// Lock waits until owner holds the lock, once more if it held it before. With
// any error it does not hold it once more. A holder that dies is treated as in
// Lock.Lock.
func (l *Reentrant) Lock(ctx context.Context, owner uint32) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	if l.b.again(owner) {
		return nil
	}
	died, err := l.b.m.lock(ctx)
	if err != nil {
		return err
	}
	if died {
		l.b.m.unlock()
		return fmt.Errorf("taking a reentrant lock: %w", ErrOwnerDied)
	}
	l.b.first(owner)
	return nil
}

// TryLock takes the lock if it is free or owner's, and says whether it did.
func (l *Reentrant) TryLock(owner uint32) bool {
	if l.enter() != nil {
		return false
	}
	defer l.leave()
	if l.b.again(owner) {
		return true
	}
	if !l.b.m.tryLock() {
		return false
	}
	l.b.first(owner)
	return true
}

// Unlock undoes one Lock; the last one lets others in. It fails with ErrNotHeld
// if owner does not hold the lock.
func (l *Reentrant) Unlock(owner uint32) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	if l.b.owner.Load() != name(owner) || !l.b.m.mine() {
		return fmt.Errorf("unlocking a reentrant lock: %w", ErrNotHeld)
	}
	if n := l.b.count.Load(); n > 1 {
		l.b.count.Store(n - 1)
		return nil
	}
	l.b.owner.Store(0)
	l.b.m.unlock()
	return nil
}

// Holder is the process and the owner that hold the lock, 0 and 0 if it is free.
// It may be out of date when it is read.
func (l *Reentrant) Holder() (pid int, owner uint32) {
	if l.enter() != nil {
		return 0, 0
	}
	defer l.leave()
	if l.b.m.word.Load()&holder == 0 {
		return 0, 0
	}
	who := l.b.owner.Load()
	return int(who >> 32), uint32(who)
}
