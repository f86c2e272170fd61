package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// Semaphore lets at most n in (Python's BoundedSemaphore). Who enters is not
// recorded: the place of a process that is killed inside is lost.
type Semaphore struct {
	*Shared
	b *semaphoreBody
	n uint32
}

type semaphoreBody struct {
	free     atomic.Uint32
	_        [60]byte
	released signal
}

// maxPlaces is the largest n of a semaphore.
const maxPlaces = 1 << 30

// errNone says inside of this package that there is nothing to take yet.
var errNone = errors.New("none is free")

// NewSemaphore makes a semaphore with n places, 1 to 1<<30, all free.
func NewSemaphore(n int) (*Semaphore, error) {
	if n < 1 || n > maxPlaces {
		return nil, fmt.Errorf("making a semaphore of %d: it must be 1 to %d", n, maxPlaces)
	}
	s, err := create(kindSemaphore, uint64(n), 0, sizeOf[semaphoreBody](0, 0))
	if err != nil {
		return nil, err
	}
	b := body[semaphoreBody](s)
	b.free.Store(uint32(n))
	return &Semaphore{s, b, uint32(n)}, nil
}

// OpenSemaphore opens a semaphore that another process made. It takes file over.
func OpenSemaphore(file *os.File) (*Semaphore, error) {
	s, h, err := open(file, kindSemaphore, func(n, _ uint64) int {
		if n < 1 || n > maxPlaces {
			return -1
		}
		return sizeOf[semaphoreBody](0, 0)
	})
	if err != nil {
		return nil, err
	}
	return &Semaphore{s, body[semaphoreBody](s), uint32(h.a)}, nil
}

// Acquire waits until there is a place and takes it.
func (s *Semaphore) Acquire(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.b.released.await(ctx, errNone, s.take)
}

// TryAcquire takes a place if there is one, and says whether it did.
func (s *Semaphore) TryAcquire() bool {
	if s.enter() != nil {
		return false
	}
	defer s.leave()
	return s.take() == nil
}

func (s *Semaphore) take() error {
	for {
		free := s.b.free.Load()
		switch {
		case free == 0:
			return errNone
		case free > s.n:
			return fmt.Errorf("entering a semaphore with %d of %d places free: %w", free, s.n, ErrCorrupt)
		case s.b.free.CompareAndSwap(free, free-1):
			return nil
		}
	}
}

// Release gives a place back. It fails with ErrTooOften if none was taken.
func (s *Semaphore) Release() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	for {
		free := s.b.free.Load()
		if free >= s.n {
			return fmt.Errorf("releasing a semaphore with all %d places free: %w", s.n, ErrTooOften)
		}
		if s.b.free.CompareAndSwap(free, free+1) {
			s.b.released.changed(1)
			return nil
		}
	}
}
