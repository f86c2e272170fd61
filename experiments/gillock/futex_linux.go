package gillock

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// linux/futex.h, for words of one process.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// wait sleeps while word is old, for at most limit. It says whether that passed. It may also
// return for no reason.
func wait(word *atomic.Uint32, old uint32, limit time.Duration) (late bool) {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(old), uintptr(unsafe.Pointer(&ts)), 0, 0)
	return errno == unix.ETIMEDOUT
}

// wake wakes up to n.
func wake(word *atomic.Uint32, n int) {
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, uintptr(n), 0, 0, 0)
}
