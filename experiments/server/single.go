package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"parcon/experiments/echo"
	"parcon/runner/usage"
)

// A Single is what a server of one process counts. The models with one embed it.
type Single struct {
	On      int // its port
	Crashes bool

	open, refused atomic.Int64
}

// Port is where it listens.
func (s *Single) Port() int { return s.On }

// Close has nothing to end.
func (s *Single) Close() {}

// resident is prepared before there are clients, who may take the last descriptor.
var resident = sync.OnceValues(func() (usage.Resident, error) { return usage.OpenPSS(os.Getpid()) })

// Usage is that of this process and of its ended children.
func (s *Single) Usage(memory bool) (u Usage, err error) {
	if memory {
		own, err := resident()
		if err != nil {
			return u, err
		}
		if u.Memory, err = own.PSS(); err != nil {
			return u, err
		}
	}
	return Usage{
		CPU:    usage.CPUOf(os.Getpid()) + usage.Children().CPU(),
		Memory: u.Memory, Connections: int(s.open.Load()), Refused: int(s.refused.Load()),
	}, nil
}

// Opened counts connections: a negative number was closed.
func (s *Single) Opened(n int) { s.open.Add(int64(n)) }

// Refuse counts a connection that ends for what it sent, and says why.
func (s *Single) Refuse(why error) {
	s.refused.Add(1)
	refusal(why)
}

func refusal(why error) { fmt.Fprintln(os.Stderr, "a connection was closed:", why) }

// Serve is the whole of a connection. Nothing is deferred: of a request that panics the
// connection ends with the process, and not while others are still answered.
func (s *Single) Serve(c io.ReadWriteCloser) {
	s.Opened(1)
	s.serve(c, newTalk())
}

// serve is Serve of a connection that was counted.
func (s *Single) serve(c io.ReadWriteCloser, t *talk) {
	if err := t.converse(c, s.Crashes); err != nil {
		s.Refuse(err)
	}
	_ = c.Close()
	s.Opened(-1)
}

// A talk is what a connection needs of memory, until a message is larger.
type talk struct {
	requests echo.Decoder[echo.Request]
	out      []byte
}

func newTalk() *talk {
	t := &talk{out: make([]byte, 0, 512)}
	t.requests.Room() // is made by this
	return t
}

// converse answers what comes until there is no more, or the client is gone. The error
// says what it sent that is no request.
func (t *talk) converse(c io.ReadWriter, crashes bool) error {
	for {
		n, end := c.Read(t.requests.Room())
		t.requests.Filled(n)
		for {
			r, whole, err := t.requests.Next()
			if err != nil {
				return err
			}
			if !whole {
				break
			}
			answer, err := Answer(r, crashes)
			if err != nil {
				return err
			}
			t.out = answer.Append(t.out[:0])
			if _, err := c.Write(t.out); err != nil {
				return nil
			}
		}
		if errors.Is(end, io.EOF) {
			return t.requests.End()
		}
		if end != nil {
			return nil
		}
	}
}

// errCrash is what a server says that was not started to crash.
var errCrash = errors.New("a request to crash, which this server does not obey")

// Answer does what a request asks. One that is obeyed and asks to crash has no answer,
// but it may return to who recovers from a panic.
func Answer(r echo.Request, crashes bool) (echo.Answer, error) {
	if r.Crash == echo.None {
		return r.Answer(), nil
	}
	if crashes {
		crash(r.Crash)
	}
	return echo.Answer{}, errCrash
}
