package procpool

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"parcon/experiments/futex"
)

// ring is a stream of bytes in shared memory with one writer and one reader,
// each in a process of its own. head and tail count bytes for ever and wrap
// around; their difference is what lies in data. A side that must wait says so
// and sleeps on the other side's counter (futex(2)), so a transfer to a reader
// that is awake costs no system call.
type ring struct {
	head    atomic.Uint32 // bytes read; each counter has a cache line of its own
	_       [60]byte
	tail    atomic.Uint32 // bytes written
	_       [60]byte
	reading atomic.Uint32 // 1 while the reader sleeps
	_       [60]byte
	writing atomic.Uint32 // 1 while the writer sleeps
	_       [60]byte
	closed  atomic.Uint32
	_       [60]byte
	data    [ringSize]byte
}

const ringSize = 64 << 10 // a power of two, so that positions survive the wrap of 32 bits

// rings is the shared memory of one worker.
type rings struct {
	requests, replies ring
	book              ledger
}

// Read waits until there is something and returns io.EOF when the ring is
// closed and empty.
func (r *ring) Read(p []byte) (int, error) {
	for {
		head, tail := r.head.Load(), r.tail.Load()
		if n := min(tail-head, uint32(len(p))); n > 0 {
			at := head % ringSize
			first := copy(p[:n], r.data[at:])
			copy(p[first:n], r.data[:])
			r.head.Store(head + n)
			wake(&r.writing, &r.head)
			return int(n), nil
		}
		if r.closed.Load() != 0 {
			if r.tail.Load() != tail {
				continue // written between the two looks, before the end
			}
			return 0, io.EOF
		}
		r.sleep(&r.reading, &r.tail, tail)
	}
}

// Write waits until all of p has found room.
func (r *ring) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if r.closed.Load() != 0 {
			return done, io.ErrClosedPipe
		}
		head, tail := r.head.Load(), r.tail.Load()
		n := min(ringSize-(tail-head), uint32(len(p)-done))
		if n == 0 {
			r.sleep(&r.writing, &r.head, head)
			continue
		}
		at := tail % ringSize
		first := copy(r.data[at:], p[done:done+int(n)])
		copy(r.data[:], p[done+first:done+int(n)])
		r.tail.Store(tail + n)
		wake(&r.reading, &r.tail)
		done += int(n)
	}
	return done, nil
}

// Close lets the reader finish what is there and refuses the writer.
func (r *ring) Close() error {
	r.closed.Store(1)
	futex.Wake(&r.tail, 1)
	futex.Wake(&r.head, 1)
	return nil
}

// sleep waits until counter is no longer at its old value. The flag is raised
// before the last look, and the other side moves the counter before it looks
// at the flag, so one of them always notices. A Close between the look and the
// system call would be missed for ever: hence the limit of a second.
func (r *ring) sleep(flag, counter *atomic.Uint32, old uint32) {
	flag.Store(1)
	if counter.Load() == old && r.closed.Load() == 0 {
		futex.Wait(counter, old, time.Second)
	}
	flag.Store(0)
}

func wake(flag, counter *atomic.Uint32) {
	if flag.Load() != 0 && flag.Swap(0) != 0 {
		futex.Wake(counter, 1)
	}
}

// connectRings gives the worker rings in shared memory. Its standard input and
// output carry nothing: their ends of file tell each side that the other is
// gone.
func connectRings(p *process) (io.Reader, error) {
	shared, unmap, started, err := share[rings](p.cmd)
	if err != nil {
		return nil, err
	}
	in, err := p.spawn()
	started()
	if err != nil {
		unmap()
		return nil, err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, p.out)
		_ = shared.replies.Close()
		_ = shared.requests.Close()
	}()
	p.in, p.to, p.book = ringInput{&shared.requests, in}, &shared.requests, &shared.book
	p.release = func() { <-gone; unmap() }
	return &shared.replies, nil
}

// ringInput ends a worker's input. The ring is closed too, not only the pipe: a
// worker that sleeps on the ring at GOMAXPROCS=1 notices the pipe late.
type ringInput struct {
	requests *ring
	stdin    io.Closer
}

func (r ringInput) Close() error {
	_ = r.requests.Close()
	return r.stdin.Close()
}

// ServeRing is Serve over the shared memory that a pool with Options.Ring hands
// to its workers. in must be the standard input. A handler may use that and the
// standard output as with Serve.
func ServeRing(in io.Reader, handle Handler) error {
	in, out, err := private(in, os.Stdout)
	if err != nil {
		return fmt.Errorf("moving the streams of a worker: %w", err)
	}
	defer runtime.KeepAlive(out) // nothing is written to it: its end is the worker's
	shared, err := openShared[rings]()
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = shared.requests.Close()
		_ = shared.replies.Close()
	}()
	return serve(&shared.requests, &shared.replies, handle, &shared.book, true)
}
