package model

import (
	"context"
	"runtime"
	"runtime/trace"
	"sync"
	"time"

	"parcon/experiments/gillock"
	"parcon/experiments/lane"
)

// gilLock has the latency of threads under CPython's lock too, because it has its lock: a
// thread holds it while it computes, lets it go around all that may block, and when another
// one asks for it.
var gilLock = Model{
	Name: "gil-lock", Mapping: "kernel threads that compute only while they hold one lock, which is handed over as CPython's is: its GIL emulated",
	Procs: aboveWorkers, Threads: true,
	Host:  func() Host { return turns{new(gillock.Lock)} },
	Start: startLocked,
}

// turns is the lock as tasks see it.
type turns struct{ *gillock.Lock }

func (t turns) Sleep(d time.Duration) { t.Block(func() { time.Sleep(d) }) }

// Block says in an execution trace that the task does not compute meanwhile: the thread that
// is woken by the lock may take the core at once, and this one has not yet begun to wait.
func (t turns) Block(call func()) {
	trace.WithRegion(context.Background(), lane.Blocked, func() { t.Lock.Block(call) })
}

func startLocked(workers int, job Job) (Crew, error) {
	c := &poolCrew{job: job, workers: workers, shifts: make(chan shift)}
	lock := job.Host.(turns).Lock
	var ready sync.WaitGroup
	ready.Add(workers)
	for range workers {
		c.ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread() // see startPool
			ready.Done()
			for s := range c.shifts {
				c.workLocked(s, lock)
			}
		})
	}
	ready.Wait()
	return c, nil
}

// workLocked is work by a thread that computes with the lock only. Between two tasks it
// keeps it, as Python keeps its own from one turn of a loop to the next.
func (c *poolCrew) workLocked(s shift, lock *gillock.Lock) {
	defer s.working.Done()
	lock.Take(gillock.Never)
	defer lock.Release()
	for {
		var task int
		var more bool
		select {
		case task, more = <-s.tasks:
		default:
			lock.Block(func() { task, more = <-s.tasks })
		}
		if !more {
			return
		}
		if !s.failed.any() { // else drain, so that the sender is not left waiting
			s.failed.note(c.job.Run(task))
		}
	}
}
