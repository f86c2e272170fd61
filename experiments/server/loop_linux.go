package server

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"parcon/experiments/echo"
)

// loop serves all connections on one thread: it asks the kernel which of them can be
// read or written (epoll(7)), and never blocks on one.
var loop = Model{Loop, func(int) int { return 1 }, func(c Config) (Server, error) {
	fd, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	l := &looping{Single: s, listener: fd, clients: map[int32]*client{}}
	if l.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("making an epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
		return nil, err
	}
	go func() {
		runtime.LockOSThread()
		fmt.Fprintln(os.Stderr, "the loop ended:", l.run())
		os.Exit(1)
	}()
	return l, nil
}}

// looping is the loop. Its buffers are only for connections that are in the middle of
// something: one that is idle has none.
type looping struct {
	*Single
	poll, listener int
	full           bool // there was no descriptor for a client: none is accepted until one is closed
	clients        map[int32]*client
	free           []*buffers
}

// A client is one connection.
type client struct {
	fd      int
	ended   bool     // it sends no more
	writing bool     // it is watched for when it can be written, and not read meanwhile
	b       *buffers // nil between requests
}

type buffers struct {
	requests  echo.Decoder[echo.Request]
	out, left []byte // an answer, and what is left to be written of it
}

func (l *looping) watch(how, fd int, events uint32) error {
	return unix.EpollCtl(l.poll, how, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (l *looping) run() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(l.poll, events, -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == l.listener {
				l.accept()
			} else if c := l.clients[e.Fd]; c != nil {
				l.turn(c)
			}
		}
	}
}

// accept takes all clients that wait.
func (l *looping) accept() {
	for {
		fd, _, err := unix.Accept4(l.listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		switch err {
		case nil:
			if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
				l.Refuse(fmt.Errorf("watching it: %w", err))
				_ = unix.Close(fd)
				continue
			}
			l.clients[int32(fd)] = &client{fd: fd}
			l.Opened(1)
		case unix.EINTR, unix.ECONNABORTED:
		case unix.EAGAIN:
			return
		default:
			l.full = l.watch(unix.EPOLL_CTL_MOD, l.listener, 0) == nil
			return
		}
	}
}

// turn does what can be done for a client now: it writes what is left, reads once, and
// answers what is whole.
func (l *looping) turn(c *client) {
	if c.b == nil {
		if n := len(l.free); n > 0 {
			c.b, l.free = l.free[n-1], l.free[:n-1]
		} else {
			c.b = new(buffers)
		}
	}
	over, why := l.step(c)
	if why != nil {
		l.Refuse(why)
	}
	if over || why != nil {
		l.close(c)
	} else if len(c.b.left) == 0 && c.b.requests.Empty() {
		l.free, c.b = append(l.free, c.b), nil
	}
}

// step is a turn. It says whether the connection is over, and what is no request in it.
func (l *looping) step(c *client) (over bool, why error) {
	if written, gone := l.flush(c); !written || gone {
		return gone, nil
	}
	if over, why = l.answer(c); over || why != nil || len(c.b.left) > 0 {
		return over, why
	}
	if !c.ended {
		n, err := unix.Read(c.fd, c.b.requests.Room())
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			return false, nil
		case err != nil:
			return true, nil
		}
		c.ended = n == 0
		c.b.requests.Filled(n)
		if over, why = l.answer(c); over || why != nil || len(c.b.left) > 0 {
			return over, why
		}
	}
	if !c.ended {
		return false, nil
	}
	return true, c.b.requests.End()
}

// answer answers all whole requests, as long as the answers can be written.
func (l *looping) answer(c *client) (gone bool, why error) {
	for len(c.b.left) == 0 {
		r, whole, err := c.b.requests.Next()
		if err != nil || !whole {
			return false, err
		}
		a, err := Answer(r, l.Crashes)
		if err != nil {
			return false, err
		}
		c.b.out = a.Append(c.b.out[:0])
		c.b.left = c.b.out
		if _, gone := l.flush(c); gone {
			return true, nil
		}
	}
	return false, nil
}

// flush writes what is left of an answer, and watches for when the rest can be written.
func (l *looping) flush(c *client) (all, gone bool) {
	for len(c.b.left) > 0 {
		n, err := unix.Write(c.fd, c.b.left)
		switch err {
		case nil:
			c.b.left = c.b.left[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			if !c.writing {
				c.writing = true
				gone = l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLOUT) != nil
			}
			return false, gone
		default:
			return false, true
		}
	}
	if c.writing {
		c.writing = false
		gone = l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN) != nil
	}
	return true, gone
}

func (l *looping) close(c *client) {
	_ = unix.Close(c.fd) // and it is watched no more
	delete(l.clients, int32(c.fd))
	l.Opened(-1)
	if l.full {
		l.full = l.watch(unix.EPOLL_CTL_MOD, l.listener, unix.EPOLLIN) != nil
	}
}
