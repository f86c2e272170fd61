// Package usage reads what a process has consumed: CPU time, context switches
// and memory, and how long it was kept waiting for a core.
//
// The peak of resident memory is read from the process's own VmHWM on Linux.
// The Maxrss that getrusage reports for a child started by os/exec is its
// parent's resident memory when that is larger, because the child shares the
// parent's address space until it calls exec (kernel/fork.c, fs/exec.c).
//
// The run delay is the time for which threads were ready to run but waited for a
// core, added up over the threads, from /proc/PID/task/TID/schedstat. It is that
// of the threads which live at the reading: one that ends takes its delay with
// it, and a delay that goes on is counted when it ends. Linux only.
package usage

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Usage is what one process, or several added up, consumed. CPU times and
// switches grow from the start of the process; PeakRSS is in bytes, 0 where the
// platform does not tell. The zero value is no consumption, all of it known.
type Usage struct {
	User, System           time.Duration
	Voluntary, Involuntary int64 // context switches
	PeakRSS                int64
	RunDelay               time.Duration // of live threads; 0 with NoRunDelay
	NoRunDelay             bool          // RunDelay is not known
}

// Plus adds the consumption of another process.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		User: u.User + v.User, System: u.System + v.System,
		Voluntary: u.Voluntary + v.Voluntary, Involuntary: u.Involuntary + v.Involuntary,
		PeakRSS: u.PeakRSS + v.PeakRSS,
	}.delayed(u.RunDelay+v.RunDelay, u.NoRunDelay || v.NoRunDelay)
}

// Since is what was consumed after an earlier reading of the same processes.
// PeakRSS is not a difference: it stays the peak. RunDelay is not known if so
// much of it went with ended threads that the rest is less than before.
func (u Usage) Since(before Usage) Usage {
	delay := u.RunDelay - before.RunDelay
	return Usage{
		User: u.User - before.User, System: u.System - before.System,
		Voluntary: u.Voluntary - before.Voluntary, Involuntary: u.Involuntary - before.Involuntary,
		PeakRSS: u.PeakRSS,
	}.delayed(delay, u.NoRunDelay || before.NoRunDelay || delay < 0)
}

func (u Usage) delayed(delay time.Duration, unknown bool) Usage {
	if unknown {
		delay = 0
	}
	u.RunDelay, u.NoRunDelay = delay, unknown
	return u
}

// CPU is user and system time together.
func (u Usage) CPU() time.Duration { return u.User + u.System }

const encodedSize = 7 * 8

// Append adds the wire form, 56 bytes, to buf.
func (u Usage) Append(buf []byte) []byte {
	var unknown int64
	if u.NoRunDelay {
		unknown = 1
	}
	for _, v := range [...]int64{
		int64(u.User), int64(u.System), u.Voluntary, u.Involuntary, u.PeakRSS, int64(u.RunDelay), unknown,
	} {
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
	return Usage{
		User: time.Duration(at(0)), System: time.Duration(at(1)),
		Voluntary: at(2), Involuntary: at(3), PeakRSS: at(4),
		RunDelay: time.Duration(at(5)), NoRunDelay: at(6) != 0,
	}, nil
}
