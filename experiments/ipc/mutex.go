package ipc

import (
	"context"
	"os"
	"sync/atomic"

	"parcon/experiments/futex"
)

// mutex is a lock in shared memory: the third one of U. Drepper, Futexes Are
// Tricky (2011). Its three states, free, held, and held while others wait, are
// 0, the holder's process number, and that with the bit waiting: the layout of
// robust futexes (linux/futex.h), so that taking the lock and saying who took it
// are one step.
type mutex struct {
	word atomic.Uint32
	_    [60]byte // a cache line of its own
}

const (
	waiting = 1 << 31
	holder  = 1<<30 - 1
)

var self = uint32(os.Getpid())

// tries is how often a taken lock is looked at before going to sleep: about 50
// ns, a little more than the package's own locks are held, while waking another
// core costs 50 us.
const tries = 40

// lock waits until it holds the mutex. died says that it took it from a process
// that was gone. A holder is looked up when a sleep ended without a wake-up,
// because looking costs 20 us.
func (m *mutex) lock(ctx context.Context) (died bool, err error) {
	for range tries {
		if m.tryLock() {
			return false, nil
		}
	}
	for {
		v := m.word.Load()
		if v == 0 {
			// The others who sleep are not known any more: keep the bit.
			if m.word.CompareAndSwap(0, self|waiting) {
				return false, nil
			}
			continue
		}
		if v&waiting == 0 && !m.word.CompareAndSwap(v, v|waiting) {
			continue
		}
		// Who leaves here by the context leaves the bit, so the wake-up that it
		// may have taken from another is made good by the next unlock.
		late, err := sleep(ctx, &m.word, v|waiting)
		if err != nil {
			return false, err
		}
		if late && gone(v&holder) && m.word.CompareAndSwap(v|waiting, self|waiting) {
			return true, nil
		}
	}
}

func (m *mutex) tryLock() bool {
	return m.word.Load() == 0 && m.word.CompareAndSwap(0, self)
}

// mine says whether this process holds the mutex.
func (m *mutex) mine() bool { return m.word.Load()&holder == self }

func (m *mutex) unlock() {
	if m.word.Swap(0)&waiting != 0 {
		futex.Wake(&m.word, 1)
	}
}

// gone says whether a process that held a mutex is dead. Process number 0 is
// nobody: nonsense in the memory.
func gone(pid uint32) bool {
	return pid != self && (pid == 0 || dead(int(pid)))
}
