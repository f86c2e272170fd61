package locking

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"parcon/experiments/cpython"
	"parcon/experiments/mechanism"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// The values of the key load.
const (
	idle   = "idle"
	full   = "full"
	gil    = "gil"
	python = "cpython"
)

// timers: timers are started one after another, and it is measured how long after
// its delay each fires: until the goroutine that waits for it runs again.
//
// idle has nothing beside it. full computes in as many goroutines as there are
// cores, at GOMAXPROCS=cores; other processes compute nothing for it. gil computes
// in one goroutine that is locked to its thread, at GOMAXPROCS=1: the emulation of
// package model, in which a timer waits until Go takes the thread's turn away: that
// lasts 10 to 20 ms, because Go's monitor must find the same turn twice, 10 ms apart
// (runtime/proc.go, sysmon and forcePreemptNS). Each timer begins where such a turn
// begins. So beside those who compute, how late it is says how much of a turn is left
// after the delay, and a delay as long as a turn looks punctual. cpython is a threading.Timer beside one thread that computes, on a real
// CPython: the start of the timer's thread is in it, and the largest error is not
// told.
var timers = mechanism.Mechanism{
	Name: "timer", Doc: "starts timers one after another and measures how late they fire",
	Keys: []mechanism.Choice{
		{Key: "load", Values: []string{idle, full, gil, python}},
		{Key: "delay", Values: []string{"1ms", "5ms", "20ms"}},
	},
	Procs:   timerProcs,
	Prepare: prepareTimer,
}

func timerProcs(v variant.Variant, cores int) int {
	if v.Get("load") == gil {
		return 1
	}
	return cores
}

func prepareTimer(t mechanism.Trial) (mechanism.Session, error) {
	delay, err := time.ParseDuration(t.Get("delay"))
	if err != nil {
		return mechanism.Session{}, err
	}
	switch t.Get("load") {
	case full:
		return timersBeside(t.Ops, delay, runtime.GOMAXPROCS(0), false)
	case gil:
		return timersBeside(t.Ops, delay, 1, true)
	case python:
		return timersOfPython(t, delay)
	}
	return mechanism.Session{Run: func() (protocol.Measurement, error) { return fire(t.Ops, delay), nil }}, nil
}

// fire starts n timers one after another.
func fire(n int, delay time.Duration) protocol.Measurement {
	after := make([]int64, n)
	for i := range after {
		start := clock.Now()
		<-time.After(delay)
		after[i] = clock.Now() - start - int64(delay)
	}
	m := lateness(after)
	m[mechanism.Tries] = float64(n)
	return m
}

// timersBeside fires timers beside goroutines that compute.
func timersBeside(n int, delay time.Duration, goroutines int, locked bool) (mechanism.Session, error) {
	b := computeBeside(goroutines, locked)
	if err := b.goesOn(); err != nil {
		return mechanism.Session{}, errors.Join(err, b.end())
	}
	return mechanism.Session{
		Run: func() (protocol.Measurement, error) { return fire(n, delay), nil },
		// What computed before the timers and does so after them did meanwhile.
		Close: func() error { return errors.Join(b.goesOn(), b.end()) },
	}, nil
}

// beside is goroutines that compute until they are told to end.
type beside struct {
	stop    atomic.Bool
	turns   []atomic.Int64 // of each goroutine
	results []uint64       // of each goroutine, so that its work cannot be left out
	ended   <-chan struct{}
}

// turnLength is how many steps a goroutine computes before it counts a turn and
// looks whether it is to end: about a microsecond.
const turnLength = 1000

func computeBeside(goroutines int, locked bool) *beside {
	b := &beside{turns: make([]atomic.Int64, goroutines), results: make([]uint64, goroutines)}
	b.ended = launch(goroutines, func(i int) {
		if locked {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		x := uint64(i)
		for !b.stop.Load() {
			for range turnLength {
				x = x*6364136223846793005 + 1442695040888963407
			}
			b.turns[i].Add(1)
		}
		b.results[i] = x
	})
	return b
}

// goesOn returns when every goroutine has computed a further turn.
func (b *beside) goesOn() error {
	for i := range b.turns {
		before := b.turns[i].Load()
		if !until(patience, func() bool { return b.turns[i].Load() > before }) {
			return fmt.Errorf("computing beside timers: waited %v in vain until goroutine %d of %d computes", patience, i+1, len(b.turns))
		}
	}
	return nil
}

func (b *beside) end() error {
	b.stop.Store(true)
	return within(patience, b.ended, "those who compute beside timers have ended")
}

// timersOfPython fires timers in CPython.
func timersOfPython(t mechanism.Trial, delay time.Duration) (mechanism.Session, error) {
	if t.Env.Python == "" {
		return mechanism.Session{}, errors.New("starting timers in CPython: there is none: install python3")
	}
	s, err := cpython.Interpreter{Path: t.Env.Python, GIL: true}.Start(context.Background(), "timer",
		"delay="+delay.String(), fmt.Sprintf("n=%d", t.Ops), "load=busy")
	if err != nil {
		return mechanism.Session{}, err
	}
	return mechanism.Session{
		Run: func() (protocol.Measurement, error) {
			m, err := s.Measure()
			if err != nil {
				return nil, err
			}
			return renamed(m), nil
		},
		Close: func() error { s.Close(); return nil },
	}, nil
}

// renamed gives CPython's errors the names that Go's have here.
func renamed(m protocol.Measurement) protocol.Measurement {
	for from, to := range map[string]string{"error-p50-ns": lateHalf, "error-p99-ns": lateMost} {
		if value, ok := m[from]; ok {
			delete(m, from)
			m[to] = value
		}
	}
	return m
}
