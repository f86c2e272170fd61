package usage

import (
	"syscall"
	"time"
)

// Self reads the CPU times of this process. Windows counts neither switches
// nor children for us, so those stay 0,
// nor how long threads wait for a core.
func Self() Usage {
	var creation, exit, kernel, user syscall.Filetime
	if syscall.GetProcessTimes(currentProcess, &creation, &exit, &kernel, &user) != nil {
		return Usage{NoRunDelay: true}
	}
	return Usage{User: ticks(user), System: ticks(kernel), NoRunDelay: true}
}

// currentProcess is the handle that always stands for it (GetCurrentProcess).
const currentProcess = ^syscall.Handle(0)

// SelfAfter reads what Self does.
func SelfAfter() Usage { return Self() }

// Children is always empty here: Windows keeps no sum over ended children.
func Children() Usage { return Usage{} }

// ticks turns the 100 ns units of a Filetime that holds a span, not a date.
func ticks(f syscall.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}
