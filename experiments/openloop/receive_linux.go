package openloop

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// look is how often, in milliseconds, the receiving thread looks at the time where nothing
// comes.
const look = 20

// receive takes answers until all are there, the load is given up, or all connections
// have ended.
func (l *load) receive() error {
	defer close(l.done)
	events := make([]unix.EpollEvent, 256)
	for l.answered < l.schedule.Requests && l.ended < len(l.all) && l.sinceStart() < l.until {
		n, err := unix.EpollWait(l.epoll, events, look)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("waiting for answers: %w", err)
		}
		for _, e := range events[:n] {
			l.read(&l.all[e.Fd])
		}
	}
	return nil
}

// read takes what there is on a connection.
func (l *load) read(c *connection) {
	for !c.ended {
		room := c.answers.Room()
		n, err := unix.Read(c.fd, room)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return
		case err != nil || n == 0:
			l.end(c)
			return
		}
		c.answers.Filled(n)
		l.take(c, l.sinceStart())
		if n < len(room) { // what comes meanwhile is told again
			return
		}
	}
}

// take counts the answers that are whole.
func (l *load) take(c *connection, now time.Duration) {
	for {
		a, whole, err := c.answers.Next()
		if err != nil {
			l.wrong++
			l.end(c)
			return
		}
		if !whole {
			return
		}
		n := a.Number - l.first
		if !a.Right || n >= uint64(l.schedule.Requests) || l.seen[n] {
			l.wrong++
			continue
		}
		l.seen[n] = true
		l.answered++
		l.lastAnswer = now
		l.latency.add(now - l.schedule.Due(int(n)))
	}
}

// end leaves a connection that brings nothing more.
func (l *load) end(c *connection) {
	c.ended = true
	l.ended++
	_ = unix.EpollCtl(l.epoll, unix.EPOLL_CTL_DEL, c.fd, nil)
}
