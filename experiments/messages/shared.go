package messages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"parcon/experiments/ipc"
)

// A thing is what processes share.
type thing interface {
	ipc.Object
	Free() error
}

// things are those of some processes, in the order in which they are handed over.
type things []thing

// objects are the things as a command takes them.
func (all things) objects() []ipc.Object {
	objects := make([]ipc.Object, len(all))
	for i, one := range all {
		objects[i] = one
	}
	return objects
}

// free gives all back in this process.
func (all things) free() error {
	var errs []error
	for _, one := range all {
		errs = append(errs, one.Free())
	}
	return errors.Join(errs...)
}

// add makes n more. What was made before an error is in all, to be given back.
func add[T thing](all *things, n int, made func() (T, error)) ([]T, error) {
	some := make([]T, 0, n)
	for range n {
		one, err := made()
		if err != nil {
			return nil, err
		}
		some, *all = append(some, one), append(*all, one)
	}
	return some, nil
}

// newQueue is what makes queues of so many messages of a number each.
func newQueue(bound int) func() (*ipc.Queue, error) {
	return func() (*ipc.Queue, error) { return ipc.NewQueue(bound, numberSize) }
}

// openQueues are those that were handed over at so many positions.
func openQueues(from, n int) ([]*ipc.Queue, error) {
	var all []*ipc.Queue
	for i := range n {
		q, err := ipc.OpenQueue(ipc.Inherited(from + i))
		if err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	return all, nil
}

// table is n of T in memory that processes share. T holds no pointers.
type table[T any] struct {
	*ipc.Memory
	rows []T
}

// Free gives the memory back in this process.
func (t table[T]) Free() error { return t.Close() }

// newTable makes one, all zero.
func newTable[T any](n int) func() (table[T], error) {
	return func() (table[T], error) {
		m, err := ipc.NewMemory(n * sizeOf[T]())
		if err != nil {
			return table[T]{}, err
		}
		return tableOf[T](m, n), nil
	}
}

// openTable is the one that was handed over at a position.
func openTable[T any](position, n int) ([]T, error) {
	m, err := ipc.OpenMemory(ipc.Inherited(position))
	if err != nil {
		return nil, err
	}
	if have, want := len(m.Bytes()), n*sizeOf[T](); have != want {
		return nil, fmt.Errorf("opening shared memory of %d bytes: want %d: this process is of another version than its parent", have, want)
	}
	return tableOf[T](m, n).rows, nil
}

func tableOf[T any](m *ipc.Memory, n int) table[T] {
	return table[T]{m, unsafe.Slice((*T)(unsafe.Pointer(&m.Bytes()[0])), n)}
}

func sizeOf[T any]() int {
	var t T
	return int(unsafe.Sizeof(t))
}

// A message is a number.
const numberSize = 8

func message(number uint64) []byte { return binary.LittleEndian.AppendUint64(nil, number) }

func numberIn(message []byte) (uint64, error) {
	if len(message) != numberSize {
		return 0, fmt.Errorf("a message of %d bytes came where a number was due", len(message))
	}
	return binary.LittleEndian.Uint64(message), nil
}
