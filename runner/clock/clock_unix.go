//go:build unix

package clock

import "golang.org/x/sys/unix"

func shared() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return epoch.UnixNano()
	}
	return ts.Nano()
}
