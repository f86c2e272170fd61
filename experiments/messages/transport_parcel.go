package messages

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A parcel is a message whose number stands at the head of each of its pages and at its
// end, in what would otherwise be the same in all of them. Looking at these costs little
// beside carrying the message; that all of it arrived is looked at when the clock stands.
type parcel []byte

const (
	pageOfParcel = 4096
	ofNumber     = 8
)

func newParcel(size int) parcel {
	p := make(parcel, size)
	for i := range p {
		p[i] = byte(i * 7)
	}
	return p
}

// stamp writes the number.
func (p parcel) stamp(number uint64) {
	for at := 0; at < len(p); at += pageOfParcel {
		binary.LittleEndian.PutUint64(p[at:], number)
	}
	binary.LittleEndian.PutUint64(p[len(p)-ofNumber:], number)
}

// is says with an error that it has another number.
func (p parcel) is(number uint64) error {
	for at := 0; at < len(p); at += pageOfParcel {
		if got := binary.LittleEndian.Uint64(p[at:]); got != number {
			return fmt.Errorf("byte %d of a message of %d is of message %d, and not of %d", at, len(p), got, number)
		}
	}
	if got := binary.LittleEndian.Uint64(p[len(p)-ofNumber:]); got != number {
		return fmt.Errorf("the end of a message is of message %d, and not of %d", got, number)
	}
	return nil
}

// whole says with an error that a byte of it is another one than was sent.
func (p parcel) whole(number uint64) error {
	want := newParcel(len(p))
	want.stamp(number)
	if !bytes.Equal(p, want) {
		return fmt.Errorf("message %d of %d bytes arrived with other contents", number, len(p))
	}
	return nil
}

// An end is one side of a way there and a way back. It is for one goroutine.
type end interface {
	// blank is where the next message is to be written, of the size that the end was made
	// for; send sends it.
	blank() parcel
	send() error
	// receive returns the next message. It is the caller's until the next receive.
	receive() (parcel, error)
	close() error
}

// A journey is so many messages: each is answered by one, or they flow and the last one is.
type journey struct {
	flow bool
	n    int
}

// lead sends, numbers the messages, and looks at what comes back, which has the number's
// complement. It returns the last answer.
func (j journey) lead(e end) (parcel, error) {
	var back parcel
	for i := range j.n {
		e.blank().stamp(uint64(i))
		if err := e.send(); err != nil {
			return nil, fmt.Errorf("sending message %d of %d: %w", i+1, j.n, err)
		}
		if j.flow && i+1 < j.n {
			continue
		}
		var err error
		if back, err = e.receive(); err != nil {
			return nil, fmt.Errorf("waiting for the answer to message %d of %d: %w", i+1, j.n, err)
		}
		if err := back.is(^uint64(i)); err != nil {
			return nil, err
		}
	}
	return back, nil
}

// follow is the other side. It returns the last message.
func (j journey) follow(e end) (parcel, error) {
	var got parcel
	for i := range j.n {
		var err error
		if got, err = e.receive(); err != nil {
			return nil, fmt.Errorf("receiving message %d of %d: %w", i+1, j.n, err)
		}
		if err := got.is(uint64(i)); err != nil {
			return nil, err
		}
		if j.flow && i+1 < j.n {
			continue
		}
		e.blank().stamp(^uint64(i))
		if err := e.send(); err != nil {
			return nil, fmt.Errorf("answering message %d of %d: %w", i+1, j.n, err)
		}
	}
	return got, nil
}

// last is the number of the journey's last message.
func (j journey) last() uint64 { return uint64(j.n - 1) }
