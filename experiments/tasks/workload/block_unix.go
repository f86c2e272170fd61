//go:build unix

package workload

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// stopThread makes this thread of the kernel wait, by select(2) on nothing: a system call
// like any other to Go's runtime, which hands the processor on once its monitor sees that it
// takes long.
func stopThread(d time.Duration) error {
	end := time.Now().Add(d)
	for {
		left := unix.NsecToTimeval(int64(max(0, time.Until(end))))
		switch _, err := unix.Select(0, nil, nil, nil, &left); err {
		case nil:
			return nil
		case unix.EINTR: // by a signal, such as those with which Go preempts
		default:
			return fmt.Errorf("blocking a thread in the kernel for %v: %w", d, err)
		}
	}
}
