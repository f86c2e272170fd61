// Package costs is what a unit costs: to create and join it (create), to switch to
// it and back (switch), to keep it idle (idle), and to give a pool of processes
// its work (submit); and whether a pool keeps to its size (flight).
//
// A unit is a process, a thread or a user-level thread. Of user-level threads
// there are two kinds here: goroutines, which Go's scheduler shares out over the
// cores, and coroutines (iter.Pull), which switch only where they say so.
//
// Some figures cannot hold all: what other processes consume is not in
// cpu-ns/op while they live, and what ended processes consumed is in it from
// their start to their end. So in switch the other process is missing, and for
// CPython the start of Python is counted too. The times are right: they begin
// when all is prepared.
package costs

import (
	"errors"
	"fmt"
	"os/exec"
	"time"

	"parcon/experiments/card"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "costs",
	Title:    "What a unit costs",
	Question: "What does a unit cost: a process, a thread, a goroutine, a coroutine?",
	Cards:    []card.Card{create, switching, idle, lengths, poolLimit, submit},
}

// patience is how long a single step that takes milliseconds may take before
// it has failed. It is long, so that a busy machine is no failure.
const patience = 20 * time.Second

// patienceFor is how long n steps may take that never take longer than a
// millisecond each on average.
func patienceFor(n int) time.Duration { return patience + time.Duration(n)*time.Millisecond }

// timed runs a loop of so many operations and returns the time of one.
func timed(ops int, loop func() error) (protocol.Measurement, error) {
	start := clock.Now()
	if err := loop(); err != nil {
		return nil, err
	}
	return protocol.Measurement{"ns/op": float64(clock.Now()-start) / float64(ops)}, nil
}

// errLate is the error of a process that was killed because it took too long.
var errLate = errors.New("it was killed because it took too long")

// killAfter kills a started process that takes longer than the limit. The
// function that it returns must be called when the process was waited for or
// has done its work; it returns errLate if the process was killed, else the
// error that it is given.
func killAfter(cmd *exec.Cmd, limit time.Duration) (done func(error) error) {
	timer := time.AfterFunc(limit, func() { proc.Kill(cmd) })
	return func(err error) error {
		if !timer.Stop() {
			return fmt.Errorf("%w (more than %v)", errLate, limit)
		}
		return err
	}
}
