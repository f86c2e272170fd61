package workload

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// stopThread makes this thread of the kernel wait: a system call like any other to Go's
// runtime, which hands the processor on once its monitor sees that it takes long.
func stopThread(d time.Duration) error {
	left := unix.NsecToTimespec(int64(d))
	for {
		switch err := unix.Nanosleep(&left, &left); err {
		case nil:
			return nil
		case unix.EINTR: // by a signal, such as those with which Go preempts
		default:
			return fmt.Errorf("sleeping %v in the kernel: %w", d, err)
		}
	}
}
