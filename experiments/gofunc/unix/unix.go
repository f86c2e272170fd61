//go:build unix

// Package unix stands in for golang.org/x/sys/unix in programs that are made in another
// module, which may not have that one: it has what the copied packages call of it, by Go's
// own package syscall.
package unix

import "syscall"

// What has the same name and meaning in package syscall.
type (
	Rusage   = syscall.Rusage
	Stat_t   = syscall.Stat_t
	Timespec = syscall.Timespec
)

// These too.
const (
	ETIMEDOUT       = syscall.ETIMEDOUT
	F_DUPFD_CLOEXEC = syscall.F_DUPFD_CLOEXEC
	MAP_SHARED      = syscall.MAP_SHARED
	O_CLOEXEC       = syscall.O_CLOEXEC
	O_RDONLY        = syscall.O_RDONLY
	PROT_READ       = syscall.PROT_READ
	PROT_WRITE      = syscall.PROT_WRITE
	RUSAGE_CHILDREN = syscall.RUSAGE_CHILDREN
	RUSAGE_SELF     = syscall.RUSAGE_SELF
)

// And these.
var (
	Close       = syscall.Close
	Fstat       = syscall.Fstat
	Getrusage   = syscall.Getrusage
	Mmap        = syscall.Mmap
	Munmap      = syscall.Munmap
	Read        = syscall.Read
	SetNonblock = syscall.SetNonblock
)

// NsecToTimespec turns nanoseconds into what the system takes.
func NsecToTimespec(ns int64) Timespec { return syscall.NsecToTimespec(ns) }

// FcntlInt is fcntl(2) with a number.
func FcntlInt(fd uintptr, command, arg int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, uintptr(command), uintptr(arg))
	return int(n), failed(errno)
}

func failed(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

// CLOCK_MONOTONIC is Linux's number of that clock; see ClockGettime.
const CLOCK_MONOTONIC = 1
