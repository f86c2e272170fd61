package ring

import (
	"context"
	"errors"
	"io"
)

// A Reader is the side that reads. It is for one goroutine.
type Reader struct {
	r          *Ring
	way        Waiting
	head, tail uint64 // what it has read, and the writer's count as it was last seen
}

// Reader is the ring's reading side, which goes on where the last one stopped.
func (r *Ring) Reader(way Waiting) *Reader {
	return &Reader{r: r, way: way, head: r.head.Load(), tail: r.tail.Load()}
}

// Read waits until there is something and reads as much of it as p has room for. After
// Close it reads what is left, and then returns io.EOF.
func (r *Reader) Read(ctx context.Context, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	there := r.tail - r.head
	if there == 0 {
		if err := r.await(ctx); err != nil {
			return 0, err
		}
		there = r.tail - r.head
	}
	if there > r.r.size() {
		return 0, r.r.corrupt(there)
	}
	n := min(int(there), len(p))
	at := r.head & (r.r.size() - 1)
	if first := copy(p[:n], r.r.data[at:]); first < n {
		copy(p[first:n], r.r.data)
	}
	r.head += uint64(n)
	r.r.head.Store(r.head)
	if r.r.writer.Load() != 0 {
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

// await waits until there are bytes.
func (r *Reader) await(ctx context.Context) error {
	for {
		closed := r.r.closed.Load() != 0 // before the last look: what was written until then is there
		if r.tail = r.r.tail.Load(); r.tail != r.head {
			return nil
		}
		if closed {
			return io.EOF
		}
		if err := r.r.wait(ctx, r.way, &r.r.reader, &r.r.tail, r.tail); err != nil {
			return err
		}
	}
}

// wakeWriter wakes the writer once there is room for a quarter of the ring: on a shared
// core it would otherwise be woken for each message, write one, and sleep.
func (r *Reader) wakeWriter() {
	r.tail = r.r.tail.Load()
	if r.tail-r.head <= r.r.size()/4*3 {
		r.r.writer.wake()
	}
}
