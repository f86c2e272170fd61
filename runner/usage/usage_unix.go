//go:build unix

package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

// Self reads this process, all its threads included, also those that ended.
func Self() Usage {
	u := read(unix.RUSAGE_SELF)
	u.PeakRSS = peakRSS()
	return u
}

// Children reads the children that ended and were waited for. Their peak
// memory is not known (see the package comment).
func Children() Usage { return read(unix.RUSAGE_CHILDREN) }

func read(who int) Usage {
	var r unix.Rusage
	if unix.Getrusage(who, &r) != nil {
		return Usage{}
	}
	return Usage{
		User:        time.Duration(r.Utime.Nano()),
		System:      time.Duration(r.Stime.Nano()),
		Voluntary:   int64(r.Nvcsw),
		Involuntary: int64(r.Nivcsw),
	}
}
