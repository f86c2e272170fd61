package locking

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"unsafe"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
)

// shared is a T in memory that processes share. T holds no pointers.
type shared[T any] struct {
	*ipc.Memory
	at *T
}

// share makes memory for a T, all zero.
func share[T any]() (*shared[T], error) {
	m, err := ipc.NewMemory(sizeOf[T]())
	if err != nil {
		return nil, err
	}
	return &shared[T]{m, overlay[T](m)}, nil
}

// inherit is the T in the memory that the parent attached at a position.
func inherit[T any](position int) (*T, error) {
	m, err := ipc.OpenMemory(ipc.Inherited(position))
	if err != nil {
		return nil, err
	}
	if have, want := len(m.Bytes()), sizeOf[T](); have != want {
		return nil, fmt.Errorf("opening shared memory of %d bytes: want %d: this process is of another version than its parent", have, want)
	}
	return overlay[T](m), nil
}

func overlay[T any](m *ipc.Memory) *T { return (*T)(unsafe.Pointer(&m.Bytes()[0])) }

func sizeOf[T any]() int {
	var t T
	return int(unsafe.Sizeof(t))
}

// reset makes it all zero. Nobody may use it meanwhile.
func (s *shared[T]) reset() { clear(s.Bytes()) }

// Free gives the memory back in this process.
func (s *shared[T]) Free() error { return s.Close() }

// A thing is what processes share.
type thing interface {
	ipc.Object
	Free() error
}

// A stage is what some processes have that do something together: the things that
// they share, and themselves. It is to be cleared.
type stage struct {
	things []thing
	crew   crew
	failed error // why a thing is missing
}

// put makes a thing and puts it on the stage. After one that could not be made there is
// none, and hire says why.
func put[T thing](s *stage, made func() (T, error)) (t T) {
	if s.failed != nil {
		return t
	}
	if t, s.failed = made(); s.failed == nil {
		s.things = append(s.things, t)
	}
	return t
}

// hire starts n processes of a part, which inherit the things in the order in
// which they were put. Each has so many Go processors.
func (s *stage) hire(t card.Trial, n, procs int, part string, args ...string) error {
	if s.failed != nil {
		return s.failed
	}
	objects := make([]ipc.Object, len(s.things))
	for i, thing := range s.things {
		objects[i] = thing
	}
	var err error
	s.crew, err = hire(n, func() *exec.Cmd { return peer.Part(t, procs, part, args...) }, objects)
	return err
}

// clear ends the processes and gives the things back.
func (s *stage) clear() error {
	err := s.crew.End(patience)
	s.crew = nil
	for _, t := range slices.Backward(s.things) {
		err = errors.Join(err, t.Free())
	}
	s.things = nil
	return err
}
