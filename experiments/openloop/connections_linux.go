package openloop

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"parcon/runner/clock"
)

// Connections are those to one server, for one load after another. They are used by one
// goroutine at a time.
type Connections struct {
	all   []connection
	sent  uint64 // requests of all loads so far
	epoll int
}

// A connection is written by the sending thread and read by the receiving one.
type connection struct {
	fd      int
	answers Answers // of the receiving thread
	ended   bool    // the same
	backlog []byte  // of the sending thread: what the kernel has not taken yet
	broken  bool    // the same
}

// Dial opens so many connections to a server on the loopback. Each is waited for up to the
// patience, as the kernel makes it wait where the server does not accept.
func Dial(server netip.AddrPort, connections int, patience time.Duration) (*Connections, error) {
	if !server.Addr().Is4() || !server.Addr().IsLoopback() {
		return nil, fmt.Errorf("connecting to %v: load is made for servers on the loopback (127.0.0.1) alone", server)
	}
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watching connections: %w", err)
	}
	c := &Connections{epoll: epoll}
	for i := range connections {
		fd, err := connect(server, patience)
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("opening connection %d of %d to %v: %w", i+1, connections, server, err)
		}
		c.all = append(c.all, connection{fd: fd})
		if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(i)}); err != nil {
			c.Close()
			return nil, fmt.Errorf("watching connection %d of %d: %w", i+1, connections, err)
		}
	}
	return c, nil
}

func connect(server netip.AddrPort, patience time.Duration) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.EMFILE) {
			err = fmt.Errorf("%w: raise the limit of open files (ulimit -n)", err)
		}
		return -1, err
	}
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit), // also that of connect(2), see socket(7)
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		// Closing resets: ports of thousands of connections would wait for a minute else.
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
	)
	if err == nil {
		err = ignoringEINTR(func() error {
			return unix.Connect(fd, &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()})
		})
	}
	if errors.Is(err, unix.EINPROGRESS) || errors.Is(err, unix.EAGAIN) {
		err = fmt.Errorf("the server accepted none within %v", patience)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Close ends all connections.
func (c *Connections) Close() {
	for _, one := range c.all {
		_ = unix.Close(one.fd)
	}
	_ = unix.Close(c.epoll)
}

// Load sends what is scheduled, and waits for answers up to the patience after the last
// request was due. A server that ends connections or does not answer is no error: the
// result tells of it. Load fails where a load before has left requests without an answer.
func (c *Connections) Load(s Schedule, p Protocol, patience time.Duration) (Result, error) {
	l, err := c.prepare(s, p, patience)
	if err != nil {
		return Result{}, err
	}
	return l.run()
}

func (c *Connections) prepare(s Schedule, p Protocol, patience time.Duration) (*load, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(c.all) == 0 {
		return nil, errors.New("a load on no connection: open some")
	}
	for i := range c.all {
		one := &c.all[i]
		if one.ended || one.broken || len(one.backlog) > 0 {
			return nil, errors.New("a load on connections of which one was left unfinished: open others")
		}
		if one.answers == nil {
			one.answers = p.Answers()
		}
	}
	l := &load{
		Connections: c, schedule: s, protocol: p, first: c.sent, until: s.Length() + patience,
		latency: newHistogram(), late: newHistogram(), seen: make([]bool, s.Requests), done: make(chan struct{}),
	}
	c.sent += uint64(s.Requests)
	return l, nil
}

// A load is one in its course.
type load struct {
	*Connections
	schedule Schedule
	protocol Protocol
	first    uint64        // number of the first request
	until    time.Duration // when it is given up
	start    int64         // by clock.Now

	// Of the sending thread.
	late     histogram
	lastSent time.Duration
	buffer   []byte
	waiting  []int // connections that have a backlog

	// Of the receiving thread.
	latency         histogram
	lastAnswer      time.Duration
	seen            []bool // answers, by request
	answered, wrong int
	ended           int

	done chan struct{} // closed when nothing more will be received
}

// sinceStart is the time of the load.
func (l *load) sinceStart() time.Duration { return time.Duration(clock.Now() - l.start) }

func (l *load) result() Result {
	r := Result{
		Offered: l.schedule.Rate, Requests: l.schedule.Requests, Answered: l.answered, Wrong: l.wrong, Ended: l.ended,
		Latency: l.latency.quantiles(), Late: l.late.quantiles(), Sent: l.schedule.Rate,
	}
	if n := l.schedule.Requests - 1; n > 0 {
		r.Sent = float64(n) / l.lastSent.Seconds()
	}
	if l.answered > 0 {
		r.Served = float64(l.answered) / l.lastAnswer.Seconds()
	}
	return r
}
