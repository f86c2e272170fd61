package life

import (
	"fmt"
	"os"
	"syscall"
)

// An ending is what a wait status tells (wait(2)).
type ending struct {
	code   int            // the exit status; -1: ended by a signal
	signal syscall.Signal // which
}

// String says it in words.
func (e ending) String() string {
	if e.code < 0 {
		return fmt.Sprintf("signal %d (%v)", int(e.signal), e.signal)
	}
	return fmt.Sprintf("exit status %d", e.code)
}

func endingOf(s *os.ProcessState) ending {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return ending{-1, status.Signal()}
	}
	return ending{code: s.ExitCode()}
}

// The ways to end.
const (
	wayDone   = "done"   // exit status 0
	wayError  = "error"  // another exit status
	wayFault  = "fault"  // a signal that the kernel sends for what the process did
	wayKilled = "killed" // SIGKILL
)

// way tells from an ending alone in which of the four ways a process ended, ""
// if in none of them (as by SIGTERM). Somebody may send the signal of a fault
// with kill(2): the status does not tell that apart.
func (e ending) way() string {
	switch {
	case e.code == 0:
		return wayDone
	case e.code > 0:
		return wayError
	}
	switch e.signal {
	case syscall.SIGKILL:
		return wayKilled
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGABRT, syscall.SIGTRAP:
		return wayFault
	}
	return ""
}
