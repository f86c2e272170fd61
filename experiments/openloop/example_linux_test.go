package openloop_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"parcon/experiments/openloop"
)

// bytewise asks with one byte, and wants the same one back.
type bytewise struct{}

func (bytewise) Append(b []byte, number uint64) []byte { return append(b, byte(number)) }

func (bytewise) Answers() openloop.Answers { return &answers{} }

type answers struct {
	room [1]byte
	full bool
	next uint64
}

func (a *answers) Room() []byte { return a.room[:] }

func (a *answers) Filled(n int) { a.full = n > 0 }

func (a *answers) Next() (openloop.Answer, bool, error) {
	if !a.full {
		return openloop.Answer{}, false, nil
	}
	a.full = false
	a.next++
	return openloop.Answer{Number: a.next - 1, Right: a.room[0] == byte(a.next-1)}, true, nil
}

// A server of one connection is asked a hundred times, a thousand times a second.
func Example() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	c, err := openloop.Dial(netip.MustParseAddrPort(l.Addr().String()), 1, time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	r, err := c.Load(openloop.Schedule{Rate: 1000, Requests: 100}, bytewise{}, time.Minute)
	fmt.Println(r.Answered, "of", r.Requests, "answered,", r.Wrong, "wrong,", err)
	// Output: 100 of 100 answered, 0 wrong, <nil>
}
