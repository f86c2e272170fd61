package locking

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// The values of the key load.
const (
	idle = "idle"
	full = "full"
	gil  = "gil"
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
var timers = card.Card{
	Name: "timer", Doc: "starts timers one after another and measures how late they fire",
	Keys: []card.Choice{
		{Key: "load", Values: []string{idle, full, gil, python}},
		{Key: "delay", Values: []string{"1ms", "5ms", "20ms"}, Words: map[string]string{"1ms": "1 ms", "5ms": "5 ms", "20ms": "20 ms"}},
	},
	Procs:       timerProcs,
	Cases:       timerCases,
	Claims:      timerClaims,
	Prepare:     prepareTimer,
	Counts:      []string{"early"},
	Units:       []string{"late-p50-ns", "late-p99-ns", "late-max-ns"},
	Sections:    timersSections,
	Independent: true,
}

func timersSections() []section.Section {
	return []section.Section{{
		Topic: "How late a timer fires", Claims: []string{"L6"},
		Why: "A timer only makes its task ready: where all cores are taken, it waits for a turn as any other.",
		Form: section.Dots{
			Name:    "timer",
			Finding: []section.Clause{fires},
			Rows:    []string{"load", "delay"},
			Panels: []section.Panel{
				{Title: "from start to firing, p50", Log: true, Format: number.Span, Tick: number.TickSpan, Value: later},
				{Title: "late, p50", Log: true, Shared: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center("late-p50-ns")},
				{Title: "late, p99", Log: true, Shared: true, Format: number.Span, Tick: number.TickSpan, Value: section.Center("late-p99-ns")},
			},
			Subtitle: "Rows: load, and what the timer is set to. idle: nothing else runs. full: as many goroutines compute as there are cores. gil: one computes, and one core runs Go code at a time (GOMAXPROCS=1). CPython: a threading.Timer beside a thread that computes.",
			Note:     section.Medians + " p50: half of the timers are not later; p99: nearly all. Of fewer than 100 timers in a trial the p99 is the latest.",
			Below: func(s section.Samples) string {
				return s.Total("early", s.Variants...).In("Timers that fired before their time: %s.")
			},
		},
	}}
}

func timerOf(load, delay string) variant.Variant {
	return card.Of("timer", "load", load, "delay", delay)
}

var medianLate = card.Measure{Name: "median lateness", Unit: lateHalf, How: card.Value}

var timerLoads = []string{"idle", "full", "gil"}

func timerDelays(d card.Depth) []string {
	if d == card.Quick {
		return []string{claimed}
	}
	return []string{"1ms", "5ms", "20ms"}
}

// timerTries is how many timers a trial waits for, on an idle machine: of 5 ms as many
// in twelve trials, which their lateness needs, as their claim needs. Beside computing
// threads each comes up to two turns of Go's scheduler late. They are not started
// together: those that fall due in one turn are all told its time.
var timerTries = map[string]int{"1ms": 30, "5ms": 12, "20ms": 4}

const busyTries = 10

// claimed is the delay that the claim is held against.
const claimed = "5ms"

func timerCases(s card.Scale) []card.Case {
	loads := timerLoads
	if s.CPython() {
		loads = append(slices.Clone(loads), "cpython")
	}
	var cases []card.Case
	for _, delay := range timerDelays(s.Depth) {
		for _, load := range loads {
			tries := busyTries
			switch {
			case load == idle:
				tries = timerTries[delay]
			case load != python && delay == claimed:
				tries = card.Tries
			}
			cases = append(cases, card.Run(tries, timerOf(load, delay)))
		}
	}
	return cases
}

func timerClaims(card.Scale) []card.Claim {
	fires := card.Claim{
		ID: "L6", Text: "A timer fires after its delay: never before, and within a millisecond where nothing else runs",
		Caveat: "Beside work that computes in the same program it fires much later: the chart shows that.",
	}
	for _, load := range timerLoads {
		fires.Comparisons = append(fires.Comparisons, card.Never(cameEarly, timerOf(load, claimed)))
	}
	fires.Comparisons = append(fires.Comparisons, card.AtMost(medianLate, timerOf("idle", claimed), 1e6))
	return []card.Claim{fires}
}

func timerProcs(v variant.Variant, cores int) int {
	if v.Get("load") == gil {
		return 1
	}
	return cores
}

func prepareTimer(t card.Trial) (card.Session, error) {
	delay, err := time.ParseDuration(t.Get("delay"))
	if err != nil {
		return card.Session{}, err
	}
	switch t.Get("load") {
	case full:
		return timersBeside(t.Ops, delay, runtime.GOMAXPROCS(0), false)
	case gil:
		return timersBeside(t.Ops, delay, 1, true)
	case python:
		return timersOfPython(t, delay)
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return fire(t.Ops, delay), nil }}, nil
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
	m[card.UnitTries] = float64(n)
	return m
}

// timersBeside fires timers beside goroutines that compute.
func timersBeside(n int, delay time.Duration, goroutines int, locked bool) (card.Session, error) {
	b := computeBeside(goroutines, locked)
	if err := b.goesOn(); err != nil {
		return card.Session{}, errors.Join(err, b.end())
	}
	return card.Session{
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
	before := make([]int64, len(b.turns))
	for i := range b.turns {
		before[i] = b.turns[i].Load()
	}
	idle := 0 // the first that has not yet
	goOn := func() bool {
		for idle < len(before) && b.turns[idle].Load() > before[idle] {
			idle++
		}
		return idle == len(before)
	}
	if !until(patience, goOn) {
		return fmt.Errorf("computing beside timers: waited %v in vain until goroutine %d of %d computes", patience, idle+1, len(before))
	}
	return nil
}

func (b *beside) end() error {
	b.stop.Store(true)
	return within(patience, b.ended, "those who compute beside timers have ended")
}

// timersOfPython fires timers in CPython.
func timersOfPython(t card.Trial, delay time.Duration) (card.Session, error) {
	s, err := cpython.Prepare(t, patience+time.Duration(t.Ops)*(delay+time.Second), "", "timer", "delay="+delay.String(), "load=busy")
	if err != nil {
		return card.Session{}, err
	}
	measure := s.Run
	s.Run = func() (protocol.Measurement, error) {
		m, err := measure()
		return renamed(m), err
	}
	return s, nil
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

// later is the time from the start of a timer to its typical firing, in ns.
func later(s section.Samples, v variant.Variant) number.Interval {
	i := s.Center(v, "late-p50-ns")
	delay, err := time.ParseDuration(v.Get("delay"))
	if err != nil {
		return number.Interval{}
	}
	set := float64(delay.Nanoseconds())
	i.Estimate, i.Low, i.High = i.Estimate+set, i.Low+set, i.High+set
	return i
}

// fires says when the shorter of the timers typically fire.
func fires(s section.Samples) string {
	set := s.Values("delay")
	set = set[:min(2, len(set))]
	said := func(load, format string) string {
		var fired []string
		for _, delay := range set {
			if i := later(s, s.The("load", load, "delay", delay)); i.N > 0 {
				fired = append(fired, number.RoundSpan(i.Estimate))
			}
		}
		if len(fired) < len(set) || len(set) == 0 {
			return ""
		}
		return fmt.Sprintf(format, strings.Join(slices.Compact(fired), " or "))
	}
	text := section.Joined(", ", said(full, "after %s beside computing goroutines"), said(idle, "after %s alone"))
	if text == "" {
		return ""
	}
	var delays []string
	for _, delay := range set {
		delays = append(delays, s.Word("delay", delay))
	}
	return fmt.Sprintf("a timer set to %s typically fires %s", strings.Join(delays, " or "), text)
}
