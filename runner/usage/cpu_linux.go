package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

// CPUOf is the CPU time so far of the process pid, its ended threads included,
// its children not. 0 if there is no such process or the system does not tell.
//
// It asks the clock of the process (clock_getcpuclockid(3)), which is one system
// call and exact to the nanosecond; /proc/PID/stat counts in steps of 10 ms, and
// /proc/PID/task/*/schedstat forgets ended threads.
func CPUOf(pid int) time.Duration {
	const (
		sched = 2       // CPUCLOCK_SCHED, include/linux/posix-timers_types.h
		above = 1 << 22 // PID_MAX_LIMIT, include/linux/threads.h
	)
	var t unix.Timespec
	if pid <= 0 || pid >= above || unix.ClockGettime(int32(^pid<<3|sched), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
