package ring

import (
	"context"
	"fmt"

	"parcon/experiments/ipc"
)

// A Writer is the side that writes. It is for one goroutine.
type Writer struct {
	shared     *control
	data       []byte
	way        Waiting
	tail, head uint64 // what it has written, and the reader's count as it was last seen
}

// Writer is the ring's writing side, which goes on where the last one stopped.
func (r *Ring) Writer(way Waiting) *Writer {
	return &Writer{r.control, r.data, way, r.tail.Load(), r.head.Load()}
}

// Write waits until all of p has found room. It fails with ipc.ErrClosed after Close. After
// another error a part of p may have been written.
func (w *Writer) Write(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n := len(p)
		if n > len(w.data)/2 || w.tail-w.head > uint64(len(w.data)-n) || w.shared.closed.Load() != 0 {
			var err error
			if n, err = w.room(ctx, n); err != nil {
				return err
			}
		}
		at := w.tail & uint64(len(w.data)-1)
		if first := copy(w.data[at:], p[:n]); first < n {
			copy(w.data, p[first:n])
		}
		w.tail += uint64(n)
		w.shared.tail.Store(w.tail)
		if w.shared.reader.Load() != 0 {
			w.shared.reader.wake()
		}
		p = p[n:]
	}
	return nil
}

// room waits for room and returns how many of wanted bytes are to be written now: half of
// the ring at most, so that the reader takes the one half while the other one is filled.
func (w *Writer) room(ctx context.Context, wanted int) (int, error) {
	for looked := false; ; looked = true {
		if w.shared.closed.Load() != 0 {
			return 0, fmt.Errorf("writing into a ring: %w", ipc.ErrClosed)
		}
		n := w.tail - w.head
		if n > uint64(len(w.data)) {
			return 0, corrupt(n, w.data)
		}
		if free := len(w.data) - int(n); free > 0 && (looked || free >= wanted) {
			return min(free, wanted, len(w.data)/2), nil
		}
		if seen := w.head; looked {
			if err := w.shared.wait(ctx, w.way, &w.shared.writer, &w.shared.head, seen); err != nil {
				return 0, err
			}
		}
		w.head = w.shared.head.Load()
	}
}
