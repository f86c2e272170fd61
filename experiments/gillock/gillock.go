// Package gillock is CPython's global interpreter lock for threads of a Go program: the
// protocol of Python/ceval_gil.c (ceval_gil.h before 3.12), as it is since 3.2.
//
// A thread holds the lock while it computes and lets it go around calls that may block.
// Who waits for it waits for an interval. If the lock has not changed hands meanwhile, it
// asks for it, and the holder lets go at its next safe point and waits until another thread
// has taken it: a forced switch. Nobody decides which of those who wait takes it.
//
// Threads are the kernel's: callers are locked to theirs (runtime.LockOSThread), with more
// of Go's processors than threads.
package gillock

import (
	"sync/atomic"
	"time"
)

// Interval is how long a thread waits before it asks for the lock: CPython's default
// (sys.getswitchinterval).
const Interval = 5 * time.Millisecond

// A Lock is free at first. It must not be copied.
type Lock struct {
	held    word         // 1 while a thread has it
	changes word         // how often it was taken by another thread than the last one
	asked   atomic.Bool  // somebody waited for an interval
	waiting atomic.Int32 // threads that want it
	forced  atomic.Int32 // threads that wait for another to take it
}

// Ticket is what a thread keeps from letting the lock go to taking it again: it tells
// whether another one had it meanwhile.
type Ticket uint32

// Never is the ticket of a thread that had the lock never.
const Never = ^Ticket(0)

// Take takes the lock, and waits until it can (take_gil).
func (l *Lock) Take(t Ticket) {
	if !l.held.CompareAndSwap(0, 1) {
		l.wait()
	}
	if uint32(t) != l.changes.Load() || t == Never {
		l.changes.Add(1)
		if n := l.forced.Load(); n > 0 {
			l.changes.wake(int(n))
		}
	}
	if l.asked.Load() {
		l.asked.Store(false) // whoever takes it: others ask again after an interval
	}
}

// wait returns with the lock.
func (l *Lock) wait() {
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	for !l.held.CompareAndSwap(0, 1) {
		before := l.changes.Load()
		if late := l.held.wait(1, Interval); late {
			l.ask(before)
		}
	}
}

// ask asks for the lock after an interval in which nobody let it go, unless it changed
// hands meanwhile.
func (l *Lock) ask(before uint32) {
	if l.held.Load() == 1 && l.changes.Load() == before {
		l.asked.Store(true)
	}
}

// Release lets the lock go (drop_gil). If somebody asked for it, it returns only when
// another thread has taken it, also where the caller goes on to block. The ticket is for the
// next Take of this thread.
func (l *Lock) Release() Ticket {
	t := Ticket(l.changes.Load())
	force := l.asked.Load()
	if force {
		l.forced.Add(1)
		defer l.forced.Add(-1)
	}
	l.held.Store(0)
	if l.waiting.Load() > 0 {
		l.held.wake(1)
	}
	// Who asked waits until he has it. Were there nobody after all, this would not hang.
	for force && l.changes.Load() == uint32(t) && l.waiting.Load() > 0 {
		l.changes.wait(uint32(t), Interval)
	}
	return t
}

// Check is a safe point: it lets the lock go and takes it again after another thread, if
// one has asked. It costs a load from memory otherwise.
func (l *Lock) Check() {
	if l.asked.Load() {
		l.Take(l.Release())
	}
}

// Block makes a call that may block, without the lock.
func (l *Lock) Block(call func()) {
	t := l.Release()
	call()
	l.Take(t)
}
