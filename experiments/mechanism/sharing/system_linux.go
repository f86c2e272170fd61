package sharing

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// flock takes or gives back a lock on a file (flock(2)). It keeps apart only
// those who opened the file themselves.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			if err != nil {
				return fmt.Errorf("locking %s: %w", f.Name(), err)
			}
			return nil
		}
	}
}

const (
	exclusive = unix.LOCK_EX
	unlocked  = unix.LOCK_UN
)

// block makes a descriptor's calls block in the kernel. A pipe of Go's does not,
// and then a long write is cut where the pipe is full.
func block(f *os.File) error { return unix.SetNonblock(int(f.Fd()), false) }

// threadID is the number of this kernel thread.
func threadID() int { return unix.Gettid() }

// writeInFork forks this process and lets the child write a value from 0 to 255
// into its copy of a variable. It returns what the child then read there, which
// is its exit status.
func writeInFork(p *int64, value int64) (int64, error) {
	pid, errno := forkAndWrite(p, value)
	if errno != 0 {
		return 0, fmt.Errorf("forking: %w", errno)
	}
	// Nobody else waits for the child, so its number stays its own until then.
	late := time.AfterFunc(patience, func() { _ = unix.Kill(pid, unix.SIGKILL) })
	defer late.Stop()
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, fmt.Errorf("waiting for a fork: %w", err)
		case !status.Exited():
			return 0, fmt.Errorf("a fork ended by the signal %v", status.Signal())
		}
		return int64(status.ExitStatus()), nil
	}
}

// forkAndWrite is fork(2) as clone(2) with nothing shared. The child has only
// this thread and none of Go's others, so it must not call into the runtime: no
// stack may grow, nothing may be allocated, and the race detector must look away.
//
//go:noinline
//go:nosplit
//go:norace
func forkAndWrite(p *int64, value int64) (pid int, errno syscall.Errno) {
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

// fault reads memory that may not be read. Go's runtime would make it a panic;
// without its handler the kernel ends the process by SIGSEGV, as in most other
// languages.
func fault() error {
	// No core file: it would cost time and a reader's disk.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("switching off core files: %w", err)
	}
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("mapping a page: %w", err)
	}
	if err := defaultAction(unix.SIGSEGV); err != nil {
		return err
	}
	return fmt.Errorf("reading a page that may not be read gave %d", page[0])
}

// limitMemory lets this process map so many bytes more and no further.
func limitMemory(more uint64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("reading the size of this process: %w", err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		return fmt.Errorf("reading the size of this process: %w", err)
	}
	limit := pages*uint64(os.Getpagesize()) + more
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("limiting the memory of this process: %w", err)
	}
	return nil
}
