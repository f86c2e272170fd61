package procpool

import (
	"errors"
	"syscall"
	"time"
)

// maxScarce is how many times in a row a process may not start because the system
// has no descriptors, processes or memory for it just now. The pauses between them
// double: five seconds in all.
const (
	maxScarce  = 10
	firstPause = 10 * time.Millisecond
)

func pauseAfter(failures int) time.Duration { return firstPause << (failures - 1) }

// scarce says whether an error may be another one soon, when others have given back
// what they had.
func scarce(err error) bool {
	for _, want := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// startPatiently is start, tried again while what it needs is scarce.
func startPatiently(argv []string, o Options) (*process, error) {
	for failures := 1; ; failures++ {
		w, err := start(argv, o)
		if err == nil || !scarce(err) || failures == maxScarce {
			return w, err
		}
		time.Sleep(pauseAfter(failures))
	}
}

// pause waits before a place tries again to start a process, until there is no need
// for one any more.
func (p *Pool) pause(s *place, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-s.wake:
			if p.needless(s) {
				return
			}
		}
	}
}

// needless says whether a place without a process will need none any more.
func (p *Pool) needless(s *place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over != nil || p.finished && len(s.own) == 0 && p.queue.left == 0
}
