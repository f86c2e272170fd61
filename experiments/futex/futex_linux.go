// Package futex is waiting for a word of memory to change, in the kernel (futex(2)). The
// memory may be shared between processes.
//
// It is for Linux. Elsewhere Wait returns at once and Wake does nothing, so that what is
// never used there still builds.
package futex

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The operations, from linux/futex.h; not the private ones, because the memory is shared.
const (
	wait = 0
	wake = 1
)

// Wait sleeps while word is old, for at most limit. It says whether that passed. It may
// also return for no reason.
func Wait(word *atomic.Uint32, old uint32, limit time.Duration) (late bool) {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), wait, uintptr(old), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return errno == unix.ETIMEDOUT
}

// Wake wakes up to n who wait. It may be called on memory that is mapped no more: then it
// fails, or wakes someone for no reason. Go's scheduler does not hear of the call, which is
// sound because it does not block.
func Wake(word *atomic.Uint32, n int) {
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), wake, uintptr(n), 0, 0, 0)
}
