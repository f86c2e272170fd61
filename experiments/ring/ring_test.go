package ring

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"parcon/experiments/ipc"
)

// onHeap is a ring over memory of this process alone, which the race detector watches, as
// it does not watch shared memory.
func onHeap(size int) *Ring {
	words := make([]uint64, (int(unsafe.Sizeof(control{}))+size)/8)
	return over(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words)))
}

func within(t interface{ Cleanup(func()) }, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

const patience = 20 * time.Second

// What is written in pieces of any length comes out in pieces of any other, the same bytes
// in the same order, whoever waits in whatever way.
func TestBytesComeOutAsTheyWentIn(t *testing.T) {
	needsFutex(t)
	rapid.Check(t, func(t *rapid.T) {
		r := onHeap(MinSize << rapid.IntRange(0, 3).Draw(t, "size"))
		way := rapid.SampledFrom([]Waiting{Sleeping, Spinning})
		writes := rapid.SliceOfN(rapid.IntRange(0, 3*MinSize), 0, 20).Draw(t, "writes")
		piece := rapid.IntRange(1, 3*MinSize).Draw(t, "piece")
		start := rapid.SampledFrom([]uint64{0, MinSize - 1, 1<<32 - 5, 1<<64 - 100}).Draw(t, "counts so far")
		r.head.Store(start)
		r.tail.Store(start)
		ctx := within(t, patience)

		random := rand.New(rand.NewPCG(uint64(len(writes)), uint64(piece)))
		var sent []byte
		for _, n := range writes {
			for range n {
				sent = append(sent, byte(random.Uint32()))
			}
		}
		written := make(chan error, 1)
		writer, reader := r.Writer(way.Draw(t, "writer")), r.Reader(way.Draw(t, "reader"))
		go func() {
			defer r.Close()
			rest := sent
			for _, n := range writes {
				if err := writer.Write(ctx, rest[:n]); err != nil {
					written <- err
					return
				}
				rest = rest[n:]
			}
			written <- nil
		}()
		var got []byte
		room := make([]byte, piece)
		for {
			n, err := reader.Read(ctx, room)
			got = append(got, room[:n]...)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes came out, %d went in, or they are not the same", len(got), len(sent))
		}
	})
}

func TestTheEndOfAStream(t *testing.T) {
	needsFutex(t)
	ctx := within(t, patience)
	r := onHeap(MinSize)
	w, reader := r.Writer(Sleeping), r.Reader(Sleeping)
	if err := w.Write(ctx, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
	if err := w.Write(ctx, []byte("d")); !errors.Is(err, ipc.ErrClosed) {
		t.Errorf("writing after Close: %v", err)
	}
	two := make([]byte, 2)
	if err := reader.ReadFull(ctx, two); err != nil || string(two) != "ab" {
		t.Errorf("read %q, %v", two, err)
	}
	if err := reader.ReadFull(ctx, two); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading two of the last one: %v", err)
	}
	if err := reader.ReadFull(ctx, two); !errors.Is(err, io.EOF) {
		t.Errorf("reading at the end: %v", err)
	}
	if n, err := reader.Read(ctx, nil); n != 0 || err != nil {
		t.Errorf("reading nothing: %d, %v", n, err)
	}
}

// A side that waits for nobody is let go by Close, by its deadline, and when its context is
// cancelled.
func TestWaitsEnd(t *testing.T) {
	needsFutex(t)
	for name, way := range map[string]Waiting{"sleeping": Sleeping, "spinning": Spinning} {
		full := make([]byte, MinSize+1)
		for side, wait := range map[string]func(context.Context, *Ring) error{
			"writer": func(ctx context.Context, r *Ring) error { return r.Writer(way).Write(ctx, full) },
			"reader": func(ctx context.Context, r *Ring) error { return r.Reader(way).ReadFull(ctx, full) },
		} {
			t.Run(name+"/"+side, func(t *testing.T) {
				late, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
				defer cancel()
				if err := wait(late, onHeap(MinSize)); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("after its deadline: %v", err)
				}
				cancelled, cancel := context.WithCancel(within(t, patience))
				time.AfterFunc(5*time.Millisecond, cancel)
				if err := wait(cancelled, onHeap(MinSize)); !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled: %v", err)
				}
				r := onHeap(MinSize)
				time.AfterFunc(5*time.Millisecond, r.Close)
				if err := wait(within(t, patience), r); !errors.Is(err, ipc.ErrClosed) && !errors.Is(err, io.EOF) {
					t.Errorf("closed: %v", err)
				}
			})
		}
	}
}

// A writer that sleeps is woken when there is room for a quarter of the ring, and one that
// finds less when it looks by itself goes on with that.
func TestAWriterGoesOnWithLittleRoom(t *testing.T) {
	needsFutex(t)
	ctx := within(t, patience)
	r := onHeap(MinSize)
	w, reader := r.Writer(Sleeping), r.Reader(Sleeping)
	if err := w.Write(ctx, make([]byte, MinSize)); err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	go func() { written <- w.Write(ctx, make([]byte, 1)) }()
	for r.writer.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := reader.ReadFull(ctx, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// A side that sleeps has raised its flag; who wakes it lowers that.
func TestWhoIsWoken(t *testing.T) {
	needsFutex(t)
	ctx := within(t, patience)
	r := onHeap(MinSize)
	w, reader := r.Writer(Sleeping), r.Reader(Sleeping)
	r.reader.Store(1)
	if err := w.Write(ctx, make([]byte, MinSize)); err != nil || r.reader.Load() != 0 {
		t.Errorf("a reader that slept: %d, %v", r.reader.Load(), err)
	}
	r.writer.Store(1)
	for _, step := range []struct{ read, asleep int }{{1, 1}, {MinSize/4 - 2, 1}, {1, 0}} {
		if err := reader.ReadFull(ctx, make([]byte, step.read)); err != nil || r.writer.Load() != uint32(step.asleep) {
			t.Errorf("a writer, after %d more bytes: %d, %v, want %d", step.read, r.writer.Load(), err, step.asleep)
		}
	}
	r.reader.Store(1)
	r.writer.Store(1)
	if r.Close(); r.reader.Load() != 0 || r.writer.Load() != 0 {
		t.Error("Close woke not both")
	}
}

func TestSizes(t *testing.T) {
	for _, size := range []int{-1, 0, MinSize - 1, MinSize + 1, 3 * MinSize, 2 * MaxSize} {
		if _, err := New(size); err == nil {
			t.Errorf("a ring of %d bytes was made", size)
		}
	}
}

// FuzzNonsense writes what it likes into what the sides tell each other: calls fail, or read
// nonsense, or are late, and never panic.
func FuzzNonsense(f *testing.F) {
	f.Add(uint64(0), uint64(1<<40), uint32(0), uint32(0), uint32(0), 10)
	f.Add(uint64(5), uint64(4), uint32(1), uint32(1), uint32(0), 1)
	f.Add(uint64(1<<63), uint64(1<<63+100), uint32(7), uint32(1<<31), uint32(9), 5000)
	f.Fuzz(func(t *testing.T, head, tail uint64, reader, writer, closed uint32, n int) {
		r := onHeap(MinSize)
		over, cancel := context.WithCancel(context.Background())
		cancel()
		p := make([]byte, min(max(n, 0), 3*MinSize))
		use := func(w *Writer, reader *Reader) {
			_ = w.Write(over, p)
			_ = reader.ReadFull(over, p)
		}
		before, beforeReading := r.Writer(Sleeping), r.Reader(Sleeping)
		r.head.Store(head)
		r.tail.Store(tail)
		r.reader.Store(reader)
		r.writer.Store(writer)
		r.closed.Store(closed)
		use(before, beforeReading)
		use(r.Writer(Sleeping), r.Reader(Sleeping))
	})
}

func TestNonsenseIsToldFromWhatFits(t *testing.T) {
	ctx := within(t, patience)
	r := onHeap(MinSize)
	r.tail.Store(MinSize + 1)
	if err := r.Writer(Sleeping).Write(ctx, []byte("a")); !errors.Is(err, ipc.ErrCorrupt) {
		t.Errorf("writing: %v", err)
	}
	if err := r.Reader(Sleeping).ReadFull(ctx, make([]byte, 1)); !errors.Is(err, ipc.ErrCorrupt) {
		t.Errorf("reading: %v", err)
	}
}
