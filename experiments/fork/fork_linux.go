// Package fork makes a bare copy of this process, as fork(2) does, without a
// program. It knows Linux on amd64 and arm64: the order of the arguments of
// clone(2) is not the same everywhere.
//
// A copy of a Go program has one thread and none of the others that its runtime
// counts on, so it must not run any Go code that could need them: no growing of
// the stack, no allocation, no turn of the scheduler, no signal. Here it stores a
// number, or makes system calls that were written down before it was made, and
// ends, in functions that neither grow their stack nor can be preempted, with all
// signals blocked (os/exec does the same between fork and exec:
// syscall/exec_linux.go, runtime/proc.go at syscall_runtime_BeforeFork).
package fork

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// System calls of copies.
const (
	Read  = unix.SYS_READ
	Send  = unix.SYS_WRITE // write(2)
	Close = unix.SYS_CLOSE
	Seek  = unix.SYS_LSEEK
	Futex = unix.SYS_FUTEX
)

// patience is how long a copy may take to end.
const patience = 10 * time.Second

// Write makes a copy of this process that writes a value to its own copy of a
// variable and ends. It waits for the end and returns what the copy then read
// there, which is its exit status.
func Write(p *int64, value uint8) (read int64, err error) {
	c, err := copied(func() (int, syscall.Errno) { return cloneAndWrite(p, int64(value)) })
	if err != nil {
		return 0, err
	}
	status, err := c.Wait()
	return int64(status), err
}

// Start makes a copy of this process that makes the calls, one after another, and
// ends with exit status 0. It must be waited for. A call's arguments that are
// addresses must be those of variables of the program: others may move, or be
// gone, before the copy is made.
func Start(calls []Call) (*Copy, error) {
	return copied(func() (int, syscall.Errno) { return cloneAndCall(calls) })
}

// PID is the copy's process number.
func (c *Copy) PID() int { return c.pid }

// Wait waits for the end of a copy and returns its exit status. One that does not
// end by itself is killed.
func (c *Copy) Wait() (status int, err error) {
	// Nobody else waits for the copy, so its number stays its own until then.
	late := time.AfterFunc(patience, func() { _ = unix.Kill(c.pid, unix.SIGKILL) })
	defer late.Stop()
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(c.pid, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("waiting for process %d: %w", c.pid, err)
		case !status.Exited():
			return 0, fmt.Errorf("a copy of this process ended by the signal %v", status.Signal())
		}
		return status.ExitStatus(), nil
	}
}

// copied starts a copy with all signals blocked.
func copied(clone func() (int, syscall.Errno)) (*Copy, error) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return nil, fmt.Errorf("copying this process: it is not known how on %s: %w", runtime.GOARCH, errors.ErrUnsupported)
	}
	runtime.LockOSThread() // the mask of signals is a thread's
	defer runtime.UnlockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return nil, fmt.Errorf("blocking signals: %w", err)
	}
	pid, errno := clone()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		return nil, fmt.Errorf("unblocking signals: %w", err)
	}
	if errno != 0 {
		return nil, fmt.Errorf("copying this process: %w", errno)
	}
	return &Copy{pid}, nil
}

// cloneAndWrite is fork(2) as clone(2) with nothing shared. It returns only in
// this process; the race detector must look away.
//
//go:noinline
//go:nosplit
//go:norace
func cloneAndWrite(p *int64, value int64) (pid int, errno syscall.Errno) {
	id, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if id == 0 && errno == 0 {
		*p = value
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(peek(p)), 0, 0)
		}
	}
	return int(id), errno
}

// peek reads what lies in memory, not what the compiler remembers.
//
//go:noinline
//go:nosplit
//go:norace
func peek(p *int64) int64 { return *p }

// cloneAndCall is the same with calls in the place of a number.
//
//go:noinline
//go:nosplit
//go:norace
func cloneAndCall(calls []Call) (pid int, errno syscall.Errno) {
	id, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if id == 0 && errno == 0 {
		for i := range calls {
			c := &calls[i]
			result, _, failed := syscall.RawSyscall6(c.Number, c.Args[0], c.Args[1], c.Args[2], c.Args[3], c.Args[4], c.Args[5])
			if c.Result != nil {
				*c.Result = result
			}
			if c.Errno != nil {
				*c.Errno = uintptr(failed)
			}
		}
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	return int(id), errno
}
