package ipc

import (
	"context"
	"fmt"
	"os"
)

// Lock lets one at a time pass. It belongs to a process, not to a goroutine: one
// goroutine may unlock what another one of its process has locked.
type Lock struct {
	*Shared
	m *mutex
}

// NewLock makes a lock that is free.
func NewLock() (*Lock, error) {
	s, err := create(kindLock, 0, 0, sizeOf[mutex](0, 0))
	if err != nil {
		return nil, err
	}
	return &Lock{s, body[mutex](s)}, nil
}

// OpenLock opens a lock that another process made. It takes file over.
func OpenLock(file *os.File) (*Lock, error) {
	s, _, err := open(file, kindLock, sizeOf[mutex])
	if err != nil {
		return nil, err
	}
	return &Lock{s, body[mutex](s)}, nil
}

// Lock waits until it holds the lock. With any error it does not hold it.
//
// If the process that holds it dies, one of the waiters gets ErrOwnerDied after
// at most 100 ms, and the lock is free again. What it protects may be half
// changed: mend that, then call Lock again. A holder whose number was given to a
// new process meanwhile counts as alive.
func (l *Lock) Lock(ctx context.Context) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	died, err := l.m.lock(ctx)
	if died {
		l.m.unlock()
		return fmt.Errorf("taking a lock: %w", ErrOwnerDied)
	}
	return err
}

// TryLock takes the lock if it is free, and says whether it did. It does not
// notice that a holder is dead.
func (l *Lock) TryLock() bool {
	if l.enter() != nil {
		return false
	}
	defer l.leave()
	return l.m.tryLock()
}

// Unlock lets the next one in. It fails with ErrNotHeld if this process does
// not hold the lock.
func (l *Lock) Unlock() error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	if !l.m.mine() {
		return fmt.Errorf("unlocking a lock: %w", ErrNotHeld)
	}
	l.m.unlock()
	return nil
}

// Holder is the number of the process that holds the lock, 0 if it is free. It
// is meant for a watchdog: it may be out of date when it is read.
func (l *Lock) Holder() int {
	if l.enter() != nil {
		return 0
	}
	defer l.leave()
	return int(l.m.word.Load() & holder)
}
