package messages

import (
	"context"
	"errors"
	"io"

	"parcon/experiments/ipc"
	"parcon/experiments/ring"
)

// A channelEnd hands over memory: nothing is copied. The other side may still look at the
// last message while the next one is written, and is done with it when it takes that one:
// hence two of them.
type channelEnd struct {
	in, out chan parcel
	blanks  [2]parcel
}

// channelPair are the two ends.
func channelPair(size int) (channelEnd, channelEnd) {
	there, back := make(chan parcel), make(chan parcel)
	blanks := func() [2]parcel { return [2]parcel{newParcel(size), newParcel(size)} }
	return channelEnd{back, there, blanks()}, channelEnd{there, back, blanks()}
}

func (e *channelEnd) blank() parcel { return e.blanks[0] }

func (e *channelEnd) send() error {
	e.out <- e.blanks[0]
	e.blanks[0], e.blanks[1] = e.blanks[1], e.blanks[0]
	return nil
}

func (e *channelEnd) receive() (parcel, error) {
	p, open := <-e.in
	if !open {
		return nil, io.ErrUnexpectedEOF
	}
	return p, nil
}

// close waits until the other side is closed too. A side that has failed closes: what is
// still sent to it goes nowhere.
func (e *channelEnd) close() error {
	close(e.out)
	for range e.in {
		continue
	}
	return nil
}

// A ringEnd has a ring for each way.
type ringEnd struct {
	ctx      context.Context
	rings    [2]*ring.Ring
	in       *ring.Reader
	out      *ring.Writer
	own, got parcel
}

// ringFor is the size of a ring for messages of a size: it holds four of them, so that one
// is written while another one is read, and it fits into the caches of a core.
func ringFor(size int) int { return max(16<<10, min(4*size, 256<<10)) }

func newRingEnd(ctx context.Context, in, out *ring.Ring, way ring.Waiting, size int) *ringEnd {
	return &ringEnd{ctx, [2]*ring.Ring{in, out}, in.Reader(way), out.Writer(way), newParcel(size), make(parcel, size)}
}

func (e *ringEnd) blank() parcel { return e.own }

func (e *ringEnd) send() error { return e.out.Write(e.ctx, e.own) }

func (e *ringEnd) receive() (parcel, error) { return e.got, e.in.ReadFull(e.ctx, e.got) }

func (e *ringEnd) close() error { return errors.Join(e.rings[0].Free(), e.rings[1].Free()) }

// A queueEnd takes a lock for each message: multiprocessing's queues have one around what
// is written into their pipe, and one around what is read (Lib/multiprocessing/queues.py),
// because both may be done by any number of processes. Here nobody else wants it.
type queueEnd struct {
	end
	reading, writing *ipc.Lock
}

func (e *queueEnd) send() error { return locked(e.writing, e.end.send) }

func (e *queueEnd) receive() (p parcel, err error) {
	err = locked(e.reading, func() (err error) {
		p, err = e.end.receive()
		return err
	})
	return p, err
}

func (e *queueEnd) close() error {
	return errors.Join(e.end.close(), e.reading.Free(), e.writing.Free())
}

// locked does something with a lock.
func locked(l *ipc.Lock, do func() error) error {
	if err := l.Lock(context.Background()); err != nil {
		return err
	}
	return errors.Join(do(), l.Unlock())
}
