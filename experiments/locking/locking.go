// Package locking is who waits for whom: semaphores, events, conditions,
// deadlocks, locks that are taken twice, what a lock costs, and timers.
//
// A unit is a goroutine, a kernel thread or a process, as the variant says.
// Processes are started once for a trial, meet in shared memory (experiments/ipc)
// and are let go for each try by a line on their standard input. Tries that mostly wait
// are made at the same time, in lanes. Each has counters and a lock, semaphore, event or
// condition of its own; the processes of a lane have the same in each try, reset to what
// they were at first. What the processes of a trial consume is not in its CPU time,
// because they live until it is over.
//
// What is counted are facts: how many were inside, were woken, held which lock.
// That something does not happen (nobody else is woken, a lock hangs) is watched
// for a few milliseconds only: what would have happened later is not seen.
// Whatever can wait for ever has a deadline.
package locking

import (
	"fmt"
	"sync"
	"time"

	"parcon/experiments/card"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "locks",
	Title:    "Locks and waiting",
	Question: "Who waits for whom, who is woken, and when does everybody wait for ever?",
	Cards:    []card.Card{semaphores, events, conditions, deadlocks, relocks, killed, lockCosts, timers},
}

// The values of the key unit.
const (
	goroutine = "goroutine"
	thread    = "thread"
	process   = "process"
)

// python is the value of a key for a real CPython.
const python = "cpython"

// units are those of most cards.
var units = []string{goroutine, process}

var unit = card.Choice{Key: "unit", Values: units}

const (
	// patience is how long something may take that must happen. It ends a trial
	// that would hang, so it is far beyond what a busy machine needs.
	patience = 10 * time.Second
	// moment is how long a unit stays inside at least, or holds one lock before it
	// takes the next: long enough for another unit to come in between. It is about
	// 1 ms where nothing else runs: then Go waits in epoll_wait(2), which counts in
	// milliseconds (runtime/netpoll_epoll.go).
	moment = 100 * time.Microsecond
	// settling is how long we watch that nothing more happens. Waking a sleeper on
	// another core takes some 50 us.
	settling = 2 * time.Millisecond
	// glance is the least time between two looks at what is awaited.
	glance = 20 * time.Microsecond
)

// launch runs n goroutines and returns a channel that is closed when all have
// ended.
func launch(n int, unit func(i int)) <-chan struct{} {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { unit(i) })
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	return ended
}

// within waits for what must happen, and says what did not.
func within(limit time.Duration, happened <-chan struct{}, what string) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-happened:
		return nil
	case <-late.C:
		return fmt.Errorf("waited %v in vain until %s", limit, what)
	}
}

// until looks again and again whether something has happened.
func until(limit time.Duration, holds func() bool) bool {
	for end := time.Now().Add(limit); !holds(); time.Sleep(glance) {
		if time.Now().After(end) {
			return holds()
		}
	}
	return true
}
