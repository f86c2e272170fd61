package ring

import (
	"context"
	"fmt"

	"parcon/experiments/ipc"
)

// A Writer is the side that writes. It is for one goroutine.
type Writer struct {
	r          *Ring
	way        Waiting
	tail, head uint64 // what it has written, and the reader's count as it was last seen
}

// Writer is the ring's writing side, which goes on where the last one stopped.
func (r *Ring) Writer(way Waiting) *Writer {
	return &Writer{r: r, way: way, tail: r.tail.Load(), head: r.head.Load()}
}

// Write waits until all of p has found room. It fails with ipc.ErrClosed after Close. After
// another error a part of p may have been written.
func (w *Writer) Write(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n, err := w.room(ctx, len(p))
		if err != nil {
			return err
		}
		at := w.tail & (w.r.size() - 1)
		if first := copy(w.r.data[at:], p[:n]); first < n {
			copy(w.r.data, p[first:n])
		}
		w.tail += uint64(n)
		w.r.tail.Store(w.tail)
		if w.r.reader.Load() != 0 {
			w.r.reader.wake()
		}
		p = p[n:]
	}
	return nil
}

// room waits for room and returns how many of wanted bytes are to be written now: half of
// the ring at most, so that the reader takes the one half while the other one is filled.
func (w *Writer) room(ctx context.Context, wanted int) (int, error) {
	for looked := false; ; looked = true {
		if w.r.closed.Load() != 0 {
			return 0, fmt.Errorf("writing into a ring: %w", ipc.ErrClosed)
		}
		n := w.tail - w.head
		if n > w.r.size() {
			return 0, w.r.corrupt(n)
		}
		if free := int(w.r.size() - n); free > 0 && (looked || free >= wanted) {
			return min(free, wanted, len(w.r.data)/2), nil
		}
		if seen := w.head; looked {
			if err := w.r.wait(ctx, w.way, &w.r.writer, &w.r.head, seen); err != nil {
				return 0, err
			}
		}
		w.head = w.r.head.Load()
	}
}
