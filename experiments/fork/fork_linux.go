// Package fork makes a bare copy of this process, as fork(2) does, without a
// program. It knows Linux on amd64 and arm64: the order of the arguments of
// clone(2) is not the same everywhere.
//
// A copy of a Go program has one thread and none of the others that its runtime
// counts on, so it must not run any Go code that could need them: no growing of
// the stack, no allocation, no turn of the scheduler, no signal. Here it stores a
// number and ends, in functions that neither grow their stack nor can be
// preempted, with all signals blocked (os/exec does the same between fork and
// exec: syscall/exec_linux.go, runtime/proc.go at syscall_runtime_BeforeFork).
package fork

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a copy may take to end.
const patience = 10 * time.Second

// Write makes a copy of this process that writes a value to its own copy of a
// variable and ends. It waits for the end and returns what the copy then read
// there, which is its exit status.
func Write(p *int64, value uint8) (read int64, err error) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return 0, fmt.Errorf("copying this process: it is not known how on %s: %w", runtime.GOARCH, errors.ErrUnsupported)
	}
	pid, err := copied(p, int64(value))
	if err != nil {
		return 0, err
	}
	// Nobody else waits for the copy, so its number stays its own until then.
	late := time.AfterFunc(patience, func() { _ = unix.Kill(pid, unix.SIGKILL) })
	defer late.Stop()
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("waiting for process %d: %w", pid, err)
		case !status.Exited():
			return 0, fmt.Errorf("a copy of this process ended by the signal %v", status.Signal())
		}
		return int64(status.ExitStatus()), nil
	}
}

// copied starts the copy with all signals blocked.
func copied(p *int64, value int64) (pid int, err error) {
	runtime.LockOSThread() // the mask of signals is a thread's
	defer runtime.UnlockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return 0, fmt.Errorf("blocking signals: %w", err)
	}
	pid, errno := cloneAndWrite(p, value)
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		return 0, fmt.Errorf("unblocking signals: %w", err)
	}
	if errno != 0 {
		return 0, fmt.Errorf("copying this process: %w", errno)
	}
	return pid, nil
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
