package ring

import (
	"context"
	"errors"
	"io"
)

// A Reader is the side that reads. It is for one goroutine.
type Reader struct {
	shared     *control
	data       []byte
	way        Waiting
	head, tail uint64 // what it has read, and the writer's count as it was last seen
}

// Reader is the ring's reading side, which goes on where the last one stopped.
func (r *Ring) Reader(way Waiting) *Reader {
	return &Reader{r.control, r.data, way, r.head.Load(), r.tail.Load()}
}

// Read waits until there is something and reads as much of it as p has room for. After
// Close it reads what is left, and then returns io.EOF.
func (r *Reader) Read(ctx context.Context, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.tail == r.head && !r.look() {
		if err := r.await(ctx); err != nil {
			return 0, err
		}
	}
	there := r.tail - r.head
	if there > uint64(len(r.data)) {
		return 0, corrupt(there, r.data)
	}
	n := min(int(there), len(p))
	at := r.head & uint64(len(r.data)-1)
	if first := copy(p[:n], r.data[at:]); first < n {
		copy(p[first:n], r.data)
	}
	r.head += uint64(n)
	r.shared.head.Store(r.head)
	if r.shared.writer.Load() != 0 {
		r.wakeWriter()
	}
	return n, nil
}

// ReadFull reads until p is full. If the stream ends before, it returns io.EOF where
// nothing was read, and io.ErrUnexpectedEOF in the midst of p.
func (r *Reader) ReadFull(ctx context.Context, p []byte) error {
	for done := 0; done < len(p); {
		n, err := r.Read(ctx, p[done:])
		if done > 0 && errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		done += n
	}
	return nil
}

// look looks for bytes for a moment if it spins. It is apart from await so that it becomes a
// part of Read: what comes after the look that finds some is what a round trip takes.
func (r *Reader) look() bool {
	for range looks {
		if tail := r.shared.tail.Load(); tail != r.head || r.way != Spinning {
			r.tail = tail
			return tail != r.head
		}
		pause()
	}
	return false
}

// await waits until there are bytes.
func (r *Reader) await(ctx context.Context) error {
	for {
		closed := r.shared.closed.Load() != 0 // before the last look: what was written until then is there
		if r.tail = r.shared.tail.Load(); r.tail != r.head {
			return nil
		}
		if closed {
			return io.EOF
		}
		if err := r.shared.wait(ctx, r.way, &r.shared.reader, &r.shared.tail, r.tail); err != nil {
			return err
		}
	}
}

// wakeWriter wakes the writer once there is room for a quarter of the ring: on a shared
// core it would otherwise be woken for each message, write one, and sleep.
func (r *Reader) wakeWriter() {
	r.tail = r.shared.tail.Load()
	if r.tail-r.head <= uint64(len(r.data)/4*3) {
		r.shared.writer.wake()
	}
}
