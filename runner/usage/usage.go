// Package usage reads what a process has consumed: CPU time, context switches
// and memory.
//
// The peak of resident memory is read from the process's own VmHWM on Linux.
// The Maxrss that getrusage reports for a child started by os/exec is its
// parent's resident memory when that is larger, because the child shares the
// parent's address space until it calls exec (kernel/fork.c, fs/exec.c).
package usage

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Usage is what one process, or several added up, consumed. CPU times and
// switches grow from the start of the process; PeakRSS is in bytes, 0 where the
// platform does not tell.
type Usage struct {
	User, System           time.Duration
	Voluntary, Involuntary int64 // context switches
	PeakRSS                int64
}

// Plus adds the consumption of another process.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		u.User + v.User, u.System + v.System,
		u.Voluntary + v.Voluntary, u.Involuntary + v.Involuntary,
		u.PeakRSS + v.PeakRSS,
	}
}

// Since is what was consumed after an earlier reading of the same processes.
// PeakRSS is not a difference: it stays the peak.
func (u Usage) Since(before Usage) Usage {
	return Usage{
		u.User - before.User, u.System - before.System,
		u.Voluntary - before.Voluntary, u.Involuntary - before.Involuntary,
		u.PeakRSS,
	}
}

// CPU is user and system time together.
func (u Usage) CPU() time.Duration { return u.User + u.System }

const encodedSize = 5 * 8

// Append adds the wire form, 40 bytes, to buf.
func (u Usage) Append(buf []byte) []byte {
	for _, v := range [...]int64{int64(u.User), int64(u.System), u.Voluntary, u.Involuntary, u.PeakRSS} {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
	}
	return buf
}

// Decode reads the wire form that Append wrote.
func Decode(b []byte) (Usage, error) {
	if len(b) != encodedSize {
		return Usage{}, fmt.Errorf("reading a worker's usage: %d bytes, want %d: worker and parent are of different versions", len(b), encodedSize)
	}
	at := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	return Usage{time.Duration(at(0)), time.Duration(at(1)), at(2), at(3), at(4)}, nil
}
