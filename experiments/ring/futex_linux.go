package ring

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The operations of futex(2), from linux/futex.h; not the private ones, because the memory
// is shared.
const (
	futexWaitOp = 0
	futexWakeOp = 1
)

// futexWait sleeps while word is old, for at most limit. It may also return for no reason.
func futexWait(word *atomic.Uint32, old uint32, limit time.Duration) {
	ts := unix.NsecToTimespec(int64(limit))
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitOp, uintptr(old), uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// futexWake wakes the one who sleeps. Go's scheduler does not hear of the call, which is
// sound because it does not block.
func futexWake(word *atomic.Uint32) {
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakeOp, 1, 0, 0, 0)
}
