// Package ipc holds the textbook means of processes that work together, under
// the names that Python's multiprocessing gave them: Memory, Queue,
// JoinableQueue, Pipe, Lock, Reentrant, Semaphore, Event, Condition, and
// Process, a child that is a daemon or not.
//
// # Model
//
// Each object but a pipe lives in anonymous shared memory (memfd_create(2)). It
// has no name, so it is gone with the last process that uses it, also when that
// one is killed. A parent hands objects to a child as open files with Attach;
// the child opens them by their position:
//
//	ipc.Attach(cmd, queue, lock)                       // the parent, before cmd.Start
//	queue, err := ipc.OpenQueue(ipc.Inherited(0))      // the child
//	lock, err := ipc.OpenLock(ipc.Inherited(1))
//
// All objects work just as well between the goroutines of one process.
//
// What waits takes a context and sleeps in the kernel (futex(2)) until it is
// woken or the context ends; then it returns ctx.Err(), which is
// context.DeadlineExceeded after a time-out. A call that need not wait may
// succeed although its context has ended. What does not wait is called Try.
//
// # Limits
//
// Linux only: elsewhere constructors return ErrUnsupported. All processes that
// share an object must see the same process numbers (one PID namespace).
//
// A wait holds a kernel thread, as every blocking system call of Go does. At
// GOMAXPROCS=1 the other goroutines may stand still for up to 10 ms before Go's
// monitor notices that.
//
// A process that is killed inside a call of this package leaves every object
// usable: a change becomes visible by one store at its end, and the lock around
// it is taken from the dead. Waiters look around by themselves every 100 ms, in
// case that the one who was to wake them is dead. What the dead had taken (an
// item, a place in a semaphore) is lost with it.
//
// Memory that another process may have written nonsense into makes calls fail
// with ErrCorrupt or wait too long. It never makes this process panic.
package ipc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// The reasons why calls fail; errors.Is finds them.
var (
	ErrUnsupported = fmt.Errorf("this needs Linux (memfd, futex): %w", errors.ErrUnsupported)
	ErrWrongKind   = errors.New("it is not of this kind")
	ErrCorrupt     = errors.New("the shared memory holds nonsense")
	ErrFreed       = errors.New("it was let go of in this process")
	ErrClosed      = errors.New("it is closed")
	ErrFull        = errors.New("it is full")
	ErrEmpty       = errors.New("it is empty")
	ErrTooLong     = errors.New("the message is too long")
	ErrNotHeld     = errors.New("the caller does not hold it")
	ErrOwnerDied   = errors.New("the process that held it died")
	ErrTooOften    = errors.New("called too often")
	ErrTooMany     = errors.New("too many wait already")
)

// An Object can be handed to a child.
type Object interface {
	// File is the open file that the object lives in. It belongs to the object:
	// do not close it.
	File() *os.File
}

// Attach adds objects to the files that cmd hands to its child. The position of
// an object, which the child passes to Inherited, is its index in
// cmd.ExtraFiles: 0 for the first one unless there were files before. If one of
// them was let go of, cmd.Start fails with ErrFreed.
func Attach(cmd *exec.Cmd, objects ...Object) {
	for _, o := range objects {
		if o == nil || o.File().Fd() == ^uintptr(0) {
			cmd.Err = fmt.Errorf("attaching object %d: %w", len(cmd.ExtraFiles), ErrFreed)
			return
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, o.File())
	}
}
