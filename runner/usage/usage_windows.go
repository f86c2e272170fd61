package usage

import (
	"time"

	"golang.org/x/sys/windows"
)

// Self reads the CPU times of this process. Windows counts neither switches
// nor children for us, so those stay 0,
// nor how long threads wait for a core.
func Self() Usage {
	var creation, exit, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &creation, &exit, &kernel, &user) != nil {
		return Usage{NoRunDelay: true}
	}
	return Usage{User: ticks(user), System: ticks(kernel), NoRunDelay: true}
}

// SelfAfter reads what Self does.
func SelfAfter() Usage { return Self() }

// Children is always empty here: Windows keeps no sum over ended children.
func Children() Usage { return Usage{} }

// ticks turns the 100 ns units of a Filetime that holds a span, not a date.
func ticks(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}
