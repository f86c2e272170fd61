package life

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// taken says whether a PID names a process, be it a zombie: kill(2) with no
// signal only looks.
func taken(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// ended waits for the end of a process, without burying it, at most so long. It
// never gives up early.
func ended(p *os.Process, within time.Duration) (bool, error) {
	var over bool
	var failed error
	err := p.WithHandle(func(pidfd uintptr) { over, failed = readable(int32(pidfd), within) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return false, fmt.Errorf("waiting for the end of process %d through a pidfd, which needs Linux 5.4: %w", p.Pid, err)
	}
	return over, nil
}

func readable(fd int32, within time.Duration) (bool, error) {
	for end := time.Now().Add(within); ; {
		left := unix.NsecToTimespec(int64(max(0, time.Until(end))))
		n, err := unix.Ppoll([]unix.PollFd{{Fd: fd, Events: unix.POLLIN}}, &left, nil)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return false, err
		case err == nil && n > 0:
			return true, nil
		case err == nil && !time.Now().Before(end):
			return false, nil
		}
	}
}

// adopt makes this process the one that the kernel gives orphans among its
// descendants to (PR_SET_CHILD_SUBREAPER, prctl(2)), or no longer that, until
// restore is called.
func adopt(yes bool) (restore func() error, err error) {
	var was int32
	if err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&was)), 0, 0, 0); err != nil {
		return nil, fmt.Errorf("asking whether this process adopts orphans: %w", err)
	}
	set := func(value uintptr) error {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, value, 0, 0, 0); err != nil {
			return fmt.Errorf("making this process adopt orphans or not: %w", err)
		}
		return nil
	}
	var value uintptr
	if yes {
		value = 1
	}
	return func() error { return set(uintptr(was)) }, set(value)
}

// fault makes this process write to an address that is not its own, with the
// default action of SIGSEGV. Go's own handler would make a panic of it, which
// ends a program with exit status 2 and so looks like an error. No core is
// dumped. It returns only if that could not be arranged.
func fault() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keeping this process from dumping a core: %w", err)
	}
	// A kernel's struct sigaction of zeros, on every architecture: SIG_DFL.
	var byDefault [8]uint64
	const setBytes = 8 // of the kernel's sigset_t
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGSEGV), uintptr(unsafe.Pointer(&byDefault)), 0, setBytes, 0, 0)
	if errno != 0 {
		return fmt.Errorf("giving SIGSEGV its default action: %w", errno)
	}
	*nowhere = 1
	return nil
}

// nowhere is a variable, so that the compiler does not know what it holds.
var nowhere *int

// thread is the kernel's number of the thread that runs the caller.
func thread() int { return unix.Gettid() }

// nap blocks the caller's thread itself in the kernel: time.Sleep would park the
// goroutine only, and leave the waiting to another thread.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil) // a signal ends it early: the next nap follows
}
