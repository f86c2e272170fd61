package cost

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// threadID tells kernel threads apart.
func threadID() int { return unix.Gettid() }

// canFork says where fork is known to be right: the order of the arguments of
// clone(2) is not the same everywhere.
func canFork() error {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fmt.Errorf("it is not known how on %s: use amd64 or arm64", runtime.GOARCH)
	}
	return nil
}

// fork makes a copy of this process, which ends at once, and waits for it.
//
// A copy of a Go program has one thread and none of the others that its runtime
// counts on, so it must not run any Go code that could need them: no growing of
// the stack, no allocation, no turn of the scheduler, no signal. Here it runs two
// system calls in a row, in a function that neither grows its stack nor can be
// preempted, with all signals blocked (os/exec does the same between fork and
// exec: syscall/exec_linux.go, runtime/proc.go at syscall_runtime_BeforeFork).
// It shares no memory with this process, so what it wrote would not be seen.
func fork(int) error {
	runtime.LockOSThread() // the mask of signals is a thread's
	defer runtime.UnlockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return fmt.Errorf("blocking signals: %w", err)
	}
	pid, errno := cloneAndExit()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
		return fmt.Errorf("unblocking signals: %w", err)
	}
	if errno != 0 {
		return fmt.Errorf("copying this process: %w", errno)
	}
	// Nobody else waits for the copy, so its number stays its own until then.
	late := time.AfterFunc(forkPatience, func() { _ = unix.Kill(int(pid), unix.SIGKILL) })
	defer late.Stop()
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(int(pid), &status, 0, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("waiting for process %d: %w", pid, err)
		case !status.Exited() || status.ExitStatus() != forkStatus:
			return fmt.Errorf("process %d ended with status %#x, want exit status %d", pid, uint32(status), forkStatus)
		}
		return nil
	}
}

// forkPatience is how long a copy may take to end.
const forkPatience = 10 * time.Second

// forkStatus is the exit status of a copy: one that nothing else ends with.
const forkStatus = 42

// cloneAndExit returns only in this process. The copy never gets beyond the
// second system call.
//
//go:nosplit
//go:norace
//go:noinline
func cloneAndExit() (pid uintptr, errno syscall.Errno) {
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		for {
			_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, forkStatus, 0, 0)
		}
	}
	return pid, errno
}
