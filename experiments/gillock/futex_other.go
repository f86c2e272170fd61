//go:build !linux

package gillock

import (
	"sync"
	"sync/atomic"
	"time"
)

// sleepers are the channels of those who wait for a word, and shut when it is woken.
var (
	mu       sync.Mutex
	sleepers = map[*atomic.Uint32][]chan struct{}{}
)

func wait(word *atomic.Uint32, old uint32, limit time.Duration) (late bool) {
	mu.Lock()
	if word.Load() != old {
		mu.Unlock()
		return false
	}
	woken := make(chan struct{})
	sleepers[word] = append(sleepers[word], woken)
	mu.Unlock()
	alarm := time.NewTimer(limit)
	defer alarm.Stop()
	select {
	case <-woken:
		return false
	case <-alarm.C: // the next wake finds a channel that nobody hears, and wakes nobody
		forget(word, woken)
		return true
	}
}

// forget takes a channel out.
func forget(word *atomic.Uint32, gone chan struct{}) {
	mu.Lock()
	defer mu.Unlock()
	for i, c := range sleepers[word] {
		if c == gone {
			sleepers[word] = append(sleepers[word][:i], sleepers[word][i+1:]...)
			return
		}
	}
}

func wake(word *atomic.Uint32, n int) {
	mu.Lock()
	defer mu.Unlock()
	n = min(n, len(sleepers[word]))
	for _, woken := range sleepers[word][:n] {
		close(woken)
	}
	if sleepers[word] = sleepers[word][n:]; len(sleepers[word]) == 0 {
		delete(sleepers, word)
	}
}
