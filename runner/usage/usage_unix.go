//go:build unix

package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

// Self reads this process, all its threads included, also those that ended. CPU
// times and switches are read last, so that the work of reading is not part of
// what begins now. They are read first by SelfAfter.
func Self() Usage {
	u := files()
	return u.Plus(read(unix.RUSAGE_SELF))
}

// SelfAfter reads what Self does, CPU times and switches first, so that the work
// of reading is not part of what ended now.
func SelfAfter() Usage {
	u := read(unix.RUSAGE_SELF)
	return u.Plus(files())
}

// files is the part of a process's usage that is read from files.
func files() Usage {
	delay, known := runDelay()
	return Usage{PeakRSS: peakRSS(), RunDelay: delay, NoRunDelay: !known}
}

// Children reads the children that ended and were waited for. Their peak
// memory is not known, and their run delay ended with them (see the package
// comment).
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
