// Package echo is the protocol of the servers that are measured: a request is a number,
// work to do for it, and bytes that come back with the answer.
//
//	request: length 4, number 8, units 4, payload
//	answer:  length 4, number 8, result 8, payload
//
// All numbers are little-endian; a length is that of what follows it. Answers of a
// connection come in the order of its requests. Over HTTP the same frames are the bodies
// of a POST and of its answer, each with a Content-Length.
//
// Nothing here reads or writes: messages are appended to bytes, and a Decoder takes what
// came in whatever pieces.
package echo

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// Limits of a message. More units are more than any request has a use for, about 10 s.
const (
	MaxPayload = 64 << 10
	MaxUnits   = 10_000_000
	MaxFrame   = 4 + 16 + MaxPayload // of either kind, without a head of HTTP
)

// A Request asks for work of so many units. One whose Crash is not None asks the server
// to do that instead, which only a server does that was started for it.
type Request struct {
	Number  uint64
	Units   uint32
	Crash   Crash
	Payload []byte
}

// An Answer has the number and the payload of its request, and the result of its work.
type Answer struct {
	Number  uint64
	Result  uint64
	Payload []byte
}

// A Crash is how a request ends what serves it.
type Crash byte

const (
	None  Crash = iota
	Panic       // of Go
	Nil         // dereference of a nil pointer: Go makes a panic of it
	Fault       // SIGSEGV that is raised and not recovered from
	Kill        // SIGKILL of the process that serves it
)

// Crashes are the ways to crash.
var Crashes = []Crash{Panic, Nil, Fault, Kill}

var crashNames = [...]string{"none", "panic", "nil", "fault", "kill"}

func (c Crash) String() string { return crashNames[c] }

// crashUnits stands before the number of a crash, where units would be.
const crashUnits = 0xffffff00

// Garbage is what is wrong with bytes that are no messages.
var (
	ErrLength    = errors.New("a frame shorter than its head, or longer than its payload may be")
	ErrUnits     = errors.New("a request for more units of work than are allowed")
	ErrTruncated = errors.New("the end came within a frame")
	ErrHTTP      = errors.New("no head of HTTP/1.1 with a Content-Length")
)

// Append appends the request's frame. The payload is not above MaxPayload, nor are the
// units above MaxUnits.
func (r Request) Append(b []byte) []byte {
	units := r.Units
	if r.Crash != None {
		units = crashUnits + uint32(r.Crash)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(requestHead+len(r.Payload)))
	b = binary.LittleEndian.AppendUint64(b, r.Number)
	b = binary.LittleEndian.AppendUint32(b, units)
	return append(b, r.Payload...)
}

// AppendHTTP appends the request as one of HTTP/1.1, which keeps the connection.
func (r Request) AppendHTTP(b []byte) []byte {
	b = append(b, "POST / HTTP/1.1\r\nHost: parcon\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(4+requestHead+len(r.Payload)), 10)
	b = append(b, "\r\n\r\n"...)
	return r.Append(b)
}

// Append appends the answer's frame.
func (a Answer) Append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(answerHead+len(a.Payload)))
	b = binary.LittleEndian.AppendUint64(b, a.Number)
	b = binary.LittleEndian.AppendUint64(b, a.Result)
	return append(b, a.Payload...)
}

// Answer does the work of a request that is no crash. The payload is the request's own.
func (r Request) Answer() Answer {
	return Answer{Number: r.Number, Result: Work(r.Number, r.Units), Payload: r.Payload}
}

// Heads of messages in bytes, after the length.
const (
	requestHead = 8 + 4
	answerHead  = 8 + 8
)

func (Request) head() int { return requestHead }

func (Answer) head() int { return answerHead }

func (Request) parse(body []byte) (Request, error) {
	r := Request{
		Number:  binary.LittleEndian.Uint64(body),
		Units:   binary.LittleEndian.Uint32(body[8:]),
		Payload: body[requestHead:],
	}
	if crash := r.Units - crashUnits; r.Units > crashUnits && int(crash) < len(crashNames) {
		r.Units, r.Crash = 0, Crash(crash)
	}
	if r.Units > MaxUnits {
		return Request{}, ErrUnits
	}
	return r, nil
}

func (Answer) parse(body []byte) (Answer, error) {
	return Answer{
		Number:  binary.LittleEndian.Uint64(body),
		Result:  binary.LittleEndian.Uint64(body[8:]),
		Payload: body[answerHead:],
	}, nil
}
