// Package ring is a stream of bytes between two processes through memory that they
// share: one writes, one reads, and as long as nobody waits no system call is made.
//
// # Model
//
// It is L. Lamport's ring for one writer and one reader (Specifying Concurrent Program
// Modules, 1983): each side counts the bytes that it has moved, and only reads the other's
// count. Each side also keeps a copy of the other's count, and looks for a newer one only
// when that copy leaves it nothing to do, so that the cache line of the count does not
// travel with every message (Le, Guatto, Cohen, Pop, Correct and Efficient Bounded FIFO
// Queues, 2013). What a side writes lies on cache lines of its own.
//
//	r, err := ring.New(256<<10)                        // the parent
//	ipc.Attach(cmd, r)                                 // before cmd.Start
//	r, err := ring.Open(ipc.Inherited(0))              // the child
//	err = r.Writer(ring.Sleeping).Write(ctx, message)  // one of them
//	err = r.Reader(ring.Sleeping).ReadFull(ctx, room)  // the other one
//
// A side that has nothing to do Sleeps in the kernel (futex(2)), or it looks again and
// again for a while and only then sleeps (Spinning): that answers sooner where both have a
// core of their own, and keeps the other one from working where they share one. A ring
// works just as well between two goroutines.
//
// # Limits
//
// Linux only: elsewhere New and Open return ipc.ErrUnsupported. One writer and one reader
// at a time, in whatever processes: two of a kind destroy each other's messages. It has no
// messages of its own: who wants more than a stream says first how long each one is.
//
// A side that dies is not noticed: the other one waits until its context ends. A context
// that is cancelled is noticed after at most 100 ms, its deadline in time. The writer is
// woken when a quarter of the ring is free, or after that time.
//
// Nonsense that another process writes into the memory makes calls fail with
// ipc.ErrCorrupt, wait too long, or read nonsense. It never makes this process panic.
package ring

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"parcon/experiments/ipc"
)

// A Ring is the shared memory of a stream, as this process sees it.
type Ring struct {
	memory *ipc.Memory
	*control
	data []byte
}

// control is what both sides tell each other. It lies in shared memory.
type control struct {
	head   counter // of bytes that were read
	tail   counter // of bytes that were written
	reader sleeper
	writer sleeper
	closed atomic.Uint32
	_      [124]byte
}

// line is two cache lines: Intel's processors fetch them in pairs (Optimization Reference
// Manual, Spatial Prefetcher).
const line = 128

// A counter counts for ever: 64 bits of bytes last for decades.
type counter struct {
	atomic.Uint64
	_ [line - 8]byte
}

// A sleeper is 1 while its side sleeps. It has a line of its own because the other side
// looks at it with every message, and it seldom changes.
type sleeper struct {
	atomic.Uint32
	_ [line - 4]byte
}

// The smallest and the largest ring, in bytes.
const (
	MinSize = 4 << 10
	MaxSize = 1 << 30
)

// New makes a ring with room for size bytes, a power of two from MinSize to MaxSize.
func New(size int) (*Ring, error) {
	if !fits(size) {
		return nil, fmt.Errorf("making a ring of %d bytes: give a power of two from %d to %d", size, MinSize, MaxSize)
	}
	memory, err := ipc.NewMemory(int(unsafe.Sizeof(control{})) + size)
	if err != nil {
		return nil, fmt.Errorf("making a ring: %w", err)
	}
	r := over(memory.Bytes())
	r.memory = memory
	return r, nil
}

// Open opens a ring that another process made. It takes file over.
func Open(file *os.File) (*Ring, error) {
	memory, err := ipc.OpenMemory(file)
	if err != nil {
		return nil, fmt.Errorf("opening a ring: %w", err)
	}
	bytes := memory.Bytes()
	if size := len(bytes) - int(unsafe.Sizeof(control{})); !fits(size) {
		err := fmt.Errorf("opening a ring: memory of %d bytes is none of a ring: %w", len(bytes), ipc.ErrWrongKind)
		return nil, errors.Join(err, memory.Close())
	}
	r := over(bytes)
	r.memory = memory
	return r, nil
}

func fits(size int) bool { return size >= MinSize && size <= MaxSize && size&(size-1) == 0 }

// over lays a ring over memory that is large enough and begins at a multiple of 8.
func over(memory []byte) *Ring {
	return &Ring{control: (*control)(unsafe.Pointer(&memory[0])), data: memory[unsafe.Sizeof(control{}):]}
}

// File is the open file that the ring lives in, for ipc.Attach. It belongs to the ring: do
// not close it.
func (r *Ring) File() *os.File { return r.memory.File() }

// Close ends the stream for both sides: the writer is refused, the reader gets what is
// there and then io.EOF. A second Close does nothing. To let go of the ring in this process
// only, see Free.
func (r *Ring) Close() {
	r.closed.Store(1)
	r.reader.wake()
	r.writer.wake()
}

// Free gives the memory back in this process, after its last call: a later one ends the
// process with a memory fault. The ring lives on in the other one.
func (r *Ring) Free() error {
	if err := r.memory.Close(); err != nil {
		return fmt.Errorf("letting go of a ring: %w", err)
	}
	return nil
}

// corrupt says that so many bytes cannot be in it. It is apart from those who look, which is
// done with every message and costs them a comparison.
func corrupt(n uint64, data []byte) error {
	return fmt.Errorf("using a ring: %d bytes are said to be in its %d: %w", n, len(data), ipc.ErrCorrupt)
}
