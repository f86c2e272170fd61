package model

import (
	"runtime"
	"sync"
)

var pool = Model{
	Name: "pool", Mapping: "a fixed number of goroutines fed by a channel, on all cores (M:N)",
	Procs: allCores,
	Start: func(workers int, job Job) (Crew, error) { return startPool(workers, job, false), nil },
}

// poolCrew is a fixed number of goroutines. They are started once; each Run
// sends every one of them the channel that its tasks come from.
type poolCrew struct {
	inProcess
	job     Job
	workers int
	shifts  chan shift
	ended   sync.WaitGroup
}

// shift is one Run as a worker sees it.
type shift struct {
	tasks   <-chan int
	failed  *firstError
	working *sync.WaitGroup
}

// startPool starts the workers, each locked to an operating-system thread of
// its own if locked is set.
func startPool(workers int, job Job, locked bool) *poolCrew {
	c := &poolCrew{job: job, workers: workers, shifts: make(chan shift)}
	var ready sync.WaitGroup
	ready.Add(workers)
	for range workers {
		c.ended.Go(func() {
			if locked {
				runtime.LockOSThread()
				// A thread that ends takes the children it started with it.
				defer runtime.UnlockOSThread()
			}
			ready.Done()
			for s := range c.shifts {
				c.work(s)
			}
		})
	}
	ready.Wait()
	return c
}

func (c *poolCrew) work(s shift) {
	defer s.working.Done()
	for task := range s.tasks {
		if s.failed.any() {
			continue // drain, so that the sender is not left waiting
		}
		s.failed.note(c.job.Run(task))
	}
}

// queued is how many tasks wait in a pool's channel for each worker: enough
// that a worker which just finished finds the next one without waiting for the
// sender to get a turn.
const queued = 16

func (c *poolCrew) Run(n int) error {
	var failed firstError
	var working sync.WaitGroup
	tasks := make(chan int, queued*min(c.workers, n))
	// The queue is full before the first worker looks into it: one that found it
	// empty would sleep once more and have to be woken twice.
	ahead := min(n, cap(tasks))
	for task := range ahead {
		tasks <- task
	}
	working.Add(c.workers)
	for range c.workers {
		c.shifts <- shift{tasks, &failed, &working}
	}
	for task := ahead; task < n; task++ {
		tasks <- task
	}
	close(tasks)
	working.Wait()
	return failed.get()
}

func (c *poolCrew) Close() error {
	close(c.shifts)
	c.ended.Wait()
	return nil
}
