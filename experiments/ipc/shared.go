package ipc

import (
	"fmt"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Shared is the shared memory of an object, as this process sees it.
type Shared struct {
	kind   kind
	file   *os.File
	memory []byte
	// calls counts the calls under way, so that the memory stays until the last
	// one is done. It is negative once the object was let go of.
	calls atomic.Int64
	once  sync.Once
}

// header begins every shared memory. It is written once, before anyone else
// can see it; a process that opens the object checks it and keeps its own copy.
type header struct {
	magic uint64
	kind  kind
	_     uint32
	a, b  uint64 // what the kind makes of them
}

const (
	magic      = 0x3163_7069_6e6f_6370 // the last figure is the layout's version
	headerSize = 64                    // a cache line, so that what follows begins one
	maxSize    = 1 << 40
)

type kind uint32

const (
	kindMemory kind = iota + 1
	kindQueue
	kindJoinableQueue
	kindLock
	kindReentrant
	kindSemaphore
	kindEvent
	kindCondition
)

func (k kind) String() string {
	names := [...]string{"", "memory", "queue", "joinable queue", "lock", "reentrant lock", "semaphore", "event", "condition"}
	if k == 0 || int(k) >= len(names) {
		return fmt.Sprintf("unknown thing (kind %d)", uint32(k))
	}
	return names[k]
}

// create makes shared memory with size bytes behind its header, all zero.
func create(k kind, a, b uint64, size int) (*Shared, error) {
	if size < 0 || int64(size) > maxSize {
		return nil, fmt.Errorf("making a %v of %d bytes: it must have 0 to %d", k, size, maxSize)
	}
	file, memory, err := newMemory("parcon-"+k.String(), headerSize+size)
	if err != nil {
		return nil, fmt.Errorf("making a %v of %d bytes: %w", k, size, err)
	}
	*(*header)(unsafe.Pointer(&memory[0])) = header{magic: magic, kind: k, a: a, b: b}
	return &Shared{kind: k, file: file, memory: memory}, nil
}

// open maps what another process created and takes file over. size says how
// many bytes must be behind the header for its two numbers, or a negative
// number if they are none that this package writes.
func open(file *os.File, k kind, size func(a, b uint64) int) (*Shared, header, error) {
	if file == nil {
		return nil, header{}, fmt.Errorf("opening a %v: no object was inherited here; see which position it was attached at", k)
	}
	memory, err := mapMemory(file)
	if err != nil {
		return nil, header{}, fmt.Errorf("opening a %v: %w", k, err)
	}
	s := &Shared{kind: k, file: file, memory: memory}
	h := *(*header)(unsafe.Pointer(&memory[0]))
	switch {
	case h.magic != magic:
		err = fmt.Errorf("opening a %v: the memory is not made by this version of the package: %w", k, ErrWrongKind)
	case h.kind != k:
		err = fmt.Errorf("opening a %v: the file holds a %v: %w", k, h.kind, ErrWrongKind)
	default:
		if want := size(h.a, h.b); want < 0 || len(memory)-headerSize != want {
			err = fmt.Errorf("opening a %v: its %d bytes do not fit its parameters %d and %d: %w", k, len(memory), h.a, h.b, ErrCorrupt)
		}
	}
	if err != nil {
		unmap(memory)
		return nil, header{}, err
	}
	return s, h, nil
}

// body is what lies behind the header. T has no pointers, and size in open made
// sure that there is one.
func body[T any](s *Shared) *T { return (*T)(unsafe.Pointer(&s.memory[headerSize])) }

// sizeOf is the size of a body that does not depend on parameters.
func sizeOf[T any](uint64, uint64) int {
	var body T
	return int(unsafe.Sizeof(body))
}

// File is the open file that the object lives in, for Attach or an Open
// function. It belongs to the object: do not close it.
func (s *Shared) File() *os.File { return s.file }

// Free lets go of the object in this process; it lives on in the others. Calls
// under way go on, and the memory is given back when the last of them ends.
// Later calls fail with ErrFreed. A second Free does nothing.
func (s *Shared) Free() error {
	for {
		n := s.calls.Load()
		if n < 0 {
			return nil
		}
		if s.calls.CompareAndSwap(n, n+math.MinInt64) {
			break
		}
	}
	s.leaveIfLast(s.calls.Load())
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("letting go of a %v: %w", s.kind, err)
	}
	return nil
}

// enter begins a call. If it returns nil the memory stays until leave.
func (s *Shared) enter() error {
	if s.calls.Add(1) > 0 {
		return nil
	}
	s.leave()
	return fmt.Errorf("using a %v: %w", s.kind, ErrFreed)
}

func (s *Shared) leave() { s.leaveIfLast(s.calls.Add(-1)) }

// leaveIfLast unmaps when the object was let go of and no call is under way. A
// call that comes later sees that before it touches the memory.
func (s *Shared) leaveIfLast(calls int64) {
	if calls == math.MinInt64 {
		s.once.Do(func() { unmap(s.memory) })
	}
}
