// Package openloop makes load for servers on the loopback, in an open loop: a request is
// due when it is due, whatever became of those before it, and its latency counts from that
// moment. A slow server cannot hide its queue so, as it does from a client that waits for
// an answer before it asks again (Schroeder, Wierman, Harchol-Balter, Open versus closed: a
// cautionary tale, NSDI 2006; Tene's "coordinated omission").
//
// # Model
//
// Dial opens connections. Load sends requests on them in turn, evenly spaced, from one
// thread that sleeps to a little before each is due (clock_nanosleep(2), absolute), is given
// a core soon where the kernel can do that, and spins for the rest. Another thread waits for the answers of all connections
// (epoll(7)). A request goes out though the one before on its connection has no answer yet;
// if the kernel takes no more of it, it waits here and its time runs.
//
// A Result says how late the generator itself was. Where it Lagged, its numbers are about
// the generator too, and must not be held against a server.
//
// # Limits
//
// Linux only: elsewhere Dial returns ErrUnsupported. One thread sends, which takes a few
// microseconds a request: some 100,000 in a second. On few cores the spinning takes one
// of them from the server. GOMAXPROCS should be 2 above what else the process needs.
package openloop

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnsupported is where this does not work.
var ErrUnsupported = fmt.Errorf("open-loop load needs Linux (epoll, clock_nanosleep): %w", errors.ErrUnsupported)

// Protocol is how requests are written and answers are read.
type Protocol interface {
	// Append appends the request of a number to b. Numbers count from 0 on.
	Append(b []byte, number uint64) []byte
	// Answers is a decoder for the answers of one connection.
	Answers() Answers
}

// Answers decodes what one connection brings: bytes are read into Room, Filled says how
// many, and Next returns answer after answer until there is none whole. After an error
// there is no further one.
type Answers interface {
	Room() []byte
	Filled(n int)
	Next() (a Answer, whole bool, err error)
}

// An Answer is the one to the request of a number, and says if that is right.
type Answer struct {
	Number uint64
	Right  bool
}

// A Result is what became of one load.
type Result struct {
	Offered  float64 // requests due in a second
	Sent     float64 // requests sent in a second, from the first to the last
	Served   float64 // right answers in a second, from when the first request was due to the last answer
	Requests int
	Answered int // rightly
	Wrong    int // answers to other requests than were sent, or to one twice, too
	// Ended is how many connections the server ended. Requests on them are neither
	// answered nor wrong.
	Ended   int
	Latency Quantiles // of right answers, from when their requests were due
	Late    Quantiles // when a request was sent, from when it was due: the generator's own
}

// Unanswered are the requests that have no right answer at the end.
func (r Result) Unanswered() int { return r.Requests - r.Answered }

const (
	// mostOff is by what share of the rate requests may come at another one.
	mostOff = 0.01
	// mostLate is what share of the median latency the generator's own lateness may be.
	mostLate = 0.10
)

// Lagged says whether the generator did not keep its schedule: its rate was off by more
// than 1 %, or its own median lateness is more than a tenth of the median latency.
func (r Result) Lagged() bool {
	off := r.Sent/r.Offered - 1
	return !(off < mostOff && off > -mostOff) || r.Answered > 0 && float64(r.Late.P50) > mostLate*float64(r.Latency.P50)
}

// Quantiles are those of durations, each to 0.1 %.
type Quantiles struct {
	P50, P90, P99, P999, Max time.Duration
}
