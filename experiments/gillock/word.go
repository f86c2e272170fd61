package gillock

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A word is a number and those who wait for it to change, the first come first: futex(2)
// by Go's own means. Go parks its threads when they wait for its channels, and their
// processors go on to the threads that they were kept from. In a system call of the kernel's
// that waits they keep them until Go's monitor looks, after 20 us to 10 ms: with futex(2)
// itself eight threads that were answered together took 44 ms where they take 22 now.
type word struct {
	atomic.Uint32
	mu       sync.Mutex
	sleepers []chan struct{}
}

// wait sleeps while the word is old, for at most limit. It says whether that passed.
func (w *word) wait(old uint32, limit time.Duration) (late bool) {
	w.mu.Lock()
	if w.Load() != old {
		w.mu.Unlock()
		return false
	}
	woken := make(chan struct{})
	w.sleepers = append(w.sleepers, woken)
	w.mu.Unlock()
	alarm := time.NewTimer(limit)
	defer alarm.Stop()
	select {
	case <-woken:
		return false
	case <-alarm.C:
		return w.forget(woken)
	}
}

// forget takes out one who waits no more. It says whether nobody woke it before.
func (w *word) forget(gone chan struct{}) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.sleepers, gone)
	if i < 0 {
		return false
	}
	w.sleepers = slices.Delete(w.sleepers, i, i+1)
	return true
}

// wake wakes up to n.
func (w *word) wake(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n = min(n, len(w.sleepers))
	for _, woken := range w.sleepers[:n] {
		close(woken)
	}
	w.sleepers = slices.Delete(w.sleepers, 0, n)
}
