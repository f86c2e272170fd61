package fork

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limited makes a copy of this process that ends at once with exit status 0, if its
// user has fewer tasks than so many then; else the error is EAGAIN. Processes,
// threads and zombies are tasks. It is the soft limit of RLIMIT_NPROC (getrlimit(2)),
// which does not hold for root, nor with CAP_SYS_RESOURCE.
//
// The limit is this process's for the moment of the copying only, for Go ends a
// process that gets no thread when it wants one. GOMAXPROCS must be 1: then none of
// Go's threads can want one meanwhile, because this one is not preempted.
func Limited(tasks uint64) (*Copy, error) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &old); err != nil {
		return nil, fmt.Errorf("asking how many tasks this user may have: %w", err)
	}
	low := unix.Rlimit{Cur: min(tasks, old.Max), Max: old.Max}
	return copied(func() (int, syscall.Errno) { return limitAndClone(&low, &old) })
}

//go:noinline
//go:nosplit
//go:norace
func limitAndClone(low, old *unix.Rlimit) (pid int, errno syscall.Errno) {
	_, _, errno = syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NPROC, uintptr(unsafe.Pointer(low)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	id, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if id == 0 && errno == 0 {
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NPROC, uintptr(unsafe.Pointer(old)), 0, 0, 0)
	return int(id), errno
}
