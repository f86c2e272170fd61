package openloop

import (
	"errors"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"parcon/runner/clock"
)

// run sends and receives, each on a thread of its own.
func (l *load) run() (Result, error) {
	// The first request is due when both threads have had time to begin.
	const begin = 2 * time.Millisecond
	l.start = clock.Now() + int64(begin)
	received := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		received <- l.receive()
	}()
	sent := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: the thread's slack is not as it was
		sent <- l.send()
	}()
	err := errors.Join(<-sent, <-received)
	return l.result(), err
}

// send sends each request when it is due.
func (l *load) send() error {
	// The kernel may wake a thread 50 us late, to wake others with it (PR_SET_TIMERSLACK
	// in prctl(2)). This one may not.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return err
	}
	promptly()
	for n := range l.schedule.Requests {
		due := l.schedule.Due(n)
		if err := l.sleepUntil(due - l.schedule.spin()); err != nil {
			return err
		}
		for l.sinceStart() < due {
		}
		select {
		case <-l.done: // nobody is there any more
			return nil
		default:
		}
		l.lastSent = l.sinceStart()
		l.late.add(l.lastSent - due)
		l.one(n)
		l.retry()
	}
	return l.flush()
}

// promptly asks the kernel for short turns of this thread, which it then begins sooner: since
// Linux 6.12 a thread that wakes up for a shorter turn than that of the one which runs need
// not wait for its end (sched_setattr(2), sched_runtime; sched-eevdf.rst). Beside another
// program that computes it comes less late. An older kernel refuses or does not heed it.
func promptly() {
	const turn = 100_000 // ns, the shortest
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Runtime: turn}, 0)
}

// sleepUntil sleeps to a moment of the load.
func (l *load) sleepUntil(at time.Duration) error {
	if at <= l.sinceStart() {
		return nil
	}
	until := unix.NsecToTimespec(l.start + int64(at))
	return ignoringEINTR(func() error { return unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &until, nil) })
}

// one sends request n on the connection whose turn it is.
func (l *load) one(n int) {
	at := n % len(l.all)
	c := &l.all[at]
	if c.broken {
		return
	}
	l.buffer = l.protocol.Append(l.buffer[:0], l.first+uint64(n))
	if len(c.backlog) > 0 {
		c.backlog = append(c.backlog, l.buffer...)
		return
	}
	if rest := c.write(l.buffer); len(rest) > 0 {
		c.backlog = append(c.backlog, rest...)
		l.waiting = append(l.waiting, at)
	}
}

// write returns what the kernel has not taken.
func (c *connection) write(b []byte) []byte {
	for len(b) > 0 {
		n, err := unix.Write(c.fd, b)
		switch {
		case err == nil:
			b = b[n:]
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return b
		default: // the receiving thread sees its end
			c.broken = true
			return nil
		}
	}
	return nil
}

// retry tries one of the connections that have a backlog: the next request must not wait
// for all of them.
func (l *load) retry() {
	if len(l.waiting) == 0 {
		return
	}
	at := l.waiting[0]
	l.waiting = l.waiting[1:]
	c := &l.all[at]
	rest := c.write(c.backlog)
	c.backlog = append(c.backlog[:0], rest...)
	if len(rest) > 0 {
		l.waiting = append(l.waiting, at)
	}
}

// flush sends what was not taken when it was due, until all is or the load is given up.
func (l *load) flush() error {
	for len(l.waiting) > 0 && l.sinceStart() < l.until {
		for range len(l.waiting) {
			l.retry()
		}
		if err := l.sleepUntil(l.sinceStart() + time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
