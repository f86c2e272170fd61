package ipc

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"unsafe"
)

// Queue is a bounded queue of messages with any number of putters and getters.
// Messages come out in the order in which they went in; two messages of one
// putter never change places.
type Queue struct {
	*Shared
	b       *queueBody
	slots   []byte
	cap     uint64
	longest int // bytes of a message
}

// queueBody begins a queue's memory; the slots follow. A slot is the length of
// its message in 8 bytes, then the message. head and tail count for ever.
type queueBody struct {
	m      mutex         // held to change head, tail or closed, and to copy
	tail   atomic.Uint64 // messages put
	head   atomic.Uint64 // messages taken
	done   atomic.Uint64 // messages marked done; of a joinable queue only
	closed atomic.Uint32
	_      [36]byte
	// What getters, putters and joiners wait for.
	filled, emptied, finished signal
}

const (
	maxCap     = 1 << 24
	maxMessage = 1 << 30
	slotHead   = 8
)

// queueSize is the size of a queue's memory behind the header, or -1 if there
// is no such queue.
func queueSize(capacity, message uint64) int {
	if capacity < 1 || capacity > maxCap || message > maxMessage {
		return -1
	}
	size := capacity*slotSize(message) + uint64(sizeOf[queueBody](0, 0))
	if size > maxSize {
		return -1
	}
	return int(size)
}

// slotSize rounds up, so that every slot begins with an aligned length.
func slotSize(message uint64) uint64 { return slotHead + (message+7)&^7 }

// NewQueue makes a queue for up to capacity messages, 1 to 1<<24, of up to
// longest bytes each, 0 to 1<<30; not more than 1 TiB in all. Memory that no
// message has touched yet costs nothing.
func NewQueue(capacity, longest int) (*Queue, error) {
	return newQueue(kindQueue, capacity, longest)
}

// OpenQueue opens a queue that another process made. It takes file over.
func OpenQueue(file *os.File) (*Queue, error) { return openQueue(file, kindQueue) }

func newQueue(k kind, capacity, longest int) (*Queue, error) {
	size := -1
	if capacity > 0 && longest >= 0 {
		size = queueSize(uint64(capacity), uint64(longest))
	}
	if size < 0 {
		return nil, fmt.Errorf("making a %v for %d messages of up to %d bytes: it takes 1 to %d of 0 to %d, and 1 TiB in all",
			k, capacity, longest, maxCap, maxMessage)
	}
	s, err := create(k, uint64(capacity), uint64(longest), size)
	if err != nil {
		return nil, err
	}
	return queueOf(s, uint64(capacity), longest), nil
}

func openQueue(file *os.File, k kind) (*Queue, error) {
	s, h, err := open(file, k, queueSize)
	if err != nil {
		return nil, err
	}
	return queueOf(s, h.a, int(h.b)), nil
}

func queueOf(s *Shared, capacity uint64, longest int) *Queue {
	b := body[queueBody](s)
	return &Queue{s, b, s.memory[headerSize+unsafe.Sizeof(*b):], capacity, longest}
}

// Put waits until there is room and puts a copy of message in. It fails with
// ErrClosed after Close and with ErrTooLong if the message is.
func (q *Queue) Put(ctx context.Context, message []byte) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	return q.b.emptied.await(ctx, ErrFull, func() error { return q.put(ctx, message) })
}

// TryPut is Put without waiting: it fails with ErrFull if there is no room.
func (q *Queue) TryPut(message []byte) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	return q.put(context.Background(), message)
}

// Get waits for a message and takes it. After Close it returns what is left, and
// then io.EOF.
func (q *Queue) Get(ctx context.Context) ([]byte, error) {
	if err := q.enter(); err != nil {
		return nil, err
	}
	defer q.leave()
	var message []byte
	err := q.b.filled.await(ctx, ErrEmpty, func() (err error) {
		message, err = q.get(ctx)
		return err
	})
	return message, err
}

// TryGet is Get without waiting: it fails with ErrEmpty if there is no message.
func (q *Queue) TryGet() ([]byte, error) {
	if err := q.enter(); err != nil {
		return nil, err
	}
	defer q.leave()
	return q.get(context.Background())
}

// slot is where the message with this number lies. It never leaves the memory,
// whatever the number.
func (q *Queue) slot(number uint64) []byte {
	size := slotSize(uint64(q.longest))
	at := number % q.cap * size
	return q.slots[at : at+size]
}

// put and get take the lock of a process that died over without a word: nothing
// is half changed, because the counter moves last.
func (q *Queue) put(ctx context.Context, message []byte) error {
	if len(message) > q.longest {
		return fmt.Errorf("putting %d bytes in a queue for messages of up to %d: %w", len(message), q.longest, ErrTooLong)
	}
	if _, err := q.b.m.lock(ctx); err != nil {
		return err
	}
	tail := q.b.tail.Load()
	used := tail - q.b.head.Load()
	var err error
	switch {
	case q.b.closed.Load() != 0:
		err = ErrClosed
	case used > q.cap:
		err = q.corrupt(used)
	case used == q.cap:
		err = ErrFull
	default:
		slot := q.slot(tail)
		binary.LittleEndian.PutUint64(slot, uint64(len(message)))
		copy(slot[slotHead:], message)
		q.b.tail.Store(tail + 1)
	}
	q.b.m.unlock()
	if err == nil {
		q.b.filled.changed(1)
	}
	return err
}

func (q *Queue) get(ctx context.Context) ([]byte, error) {
	if _, err := q.b.m.lock(ctx); err != nil {
		return nil, err
	}
	head := q.b.head.Load()
	used := q.b.tail.Load() - head
	var message []byte
	var err error
	switch {
	case used > q.cap:
		err = q.corrupt(used)
	case used == 0 && q.b.closed.Load() != 0:
		err = io.EOF
	case used == 0:
		err = ErrEmpty
	default:
		slot := q.slot(head)
		if n := binary.LittleEndian.Uint64(slot); n > uint64(q.longest) {
			err = fmt.Errorf("getting a message of %d bytes from a queue for up to %d: %w", n, q.longest, ErrCorrupt)
		} else {
			message = append(make([]byte, 0, n), slot[slotHead:slotHead+n]...)
		}
		q.b.head.Store(head + 1) // also past nonsense, or it would stay for ever
	}
	q.b.m.unlock()
	if err == nil {
		q.b.emptied.changed(1)
	}
	return message, err
}

func (q *Queue) corrupt(used uint64) error {
	return fmt.Errorf("using a queue for %d messages that says it holds %d: %w", q.cap, used, ErrCorrupt)
}

// Len is the number of messages that can be taken. It may be out of date when it
// is read.
func (q *Queue) Len() int {
	if q.enter() != nil {
		return 0
	}
	defer q.leave()
	// The head first: it never passes a tail that is read later.
	head := q.b.head.Load()
	return int(min(q.b.tail.Load()-head, q.cap))
}

// Cap is the number of messages that the queue has room for.
func (q *Queue) Cap() int { return int(q.cap) }

// Close ends the queue for all processes: putters are refused, also those that
// wait; getters take what is there and then get io.EOF. A second Close does
// nothing. To let go of the queue in this process only, see Free.
func (q *Queue) Close() error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	if _, err := q.b.m.lock(context.Background()); err != nil {
		return err
	}
	q.b.closed.Store(1)
	q.b.m.unlock()
	q.b.filled.changed(everyone)
	q.b.emptied.changed(everyone)
	return nil
}
