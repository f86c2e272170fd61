package workload

import (
	"time"

	"golang.org/x/sys/windows"
)

// stopThread makes this thread of the kernel wait, by the system's own Sleep, which counts
// milliseconds.
func stopThread(d time.Duration) error {
	windows.SleepEx(uint32(max(1, d.Milliseconds())), false)
	return nil
}
