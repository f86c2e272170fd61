package unix

import (
	"runtime"
	"syscall"
	"unsafe"
)

// As in package syscall.
const SYS_FUTEX = syscall.SYS_FUTEX

// As in package syscall.
var (
	Openat      = syscall.Openat
	RawSyscall6 = syscall.RawSyscall6
	Syscall6    = syscall.Syscall6
)

// From include/uapi/linux/memfd.h and prctl.h.
const (
	MFD_CLOEXEC             = 1
	PR_FUTEX_HASH           = 78
	PR_FUTEX_HASH_SET_SLOTS = 1
)

// ClockGettime is clock_gettime(2).
func ClockGettime(clock int32, t *Timespec) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(t)), 0)
	return failed(errno)
}

// Dup2 is dup2(2), which not every machine has: dup3 is the same for two numbers that differ.
func Dup2(from, to int) error { return syscall.Dup3(from, to, 0) }

// Prctl is prctl(2).
func Prctl(option int, a, b, c, d uintptr) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, uintptr(option), a, b, c, d, 0)
	return failed(errno)
}

// memfd is the number of memfd_create(2), which package syscall is too old to know
// (arch/*/entry/syscalls/*.tbl, include/uapi/asm-generic/unistd.h).
var memfd = map[string]uintptr{
	"386": 356, "amd64": 319, "arm": 385, "arm64": 279, "loong64": 279, "mips64": 5314, "mips64le": 5314,
	"ppc64": 360, "ppc64le": 360, "riscv64": 279, "s390x": 350,
}

// MemfdCreate is memfd_create(2).
func MemfdCreate(name string, flags int) (int, error) {
	number, known := memfd[runtime.GOARCH]
	if !known {
		return -1, syscall.ENOSYS
	}
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(text)), uintptr(flags), 0)
	return int(fd), failed(errno)
}
