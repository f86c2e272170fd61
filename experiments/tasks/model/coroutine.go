package model

import (
	"container/heap"
	"iter"
	"runtime"
	"time"
)

// coroutine has threads of the program's own, of which the kernel sees one: a task runs
// until it waits by Sleep or ends, and then another one's turn begins. They switch as Go's
// iterators do (iter.Pull), without a scheduler. No other task runs during a call that
// blocks, because nobody knows of it who could let one.
var coroutine = Model{
	Name: "coroutine", Mapping: "coroutines on one kernel thread, which take turns when they wait and stop together when one blocks: user-level threads (N:1)",
	Procs: oneCore,
	Host:  func() Host { return new(scheduler) },
	Start: func(workers int, job Job) (Crew, error) {
		s := job.Host.(*scheduler)
		s.job, s.workers = job, workers
		return s, nil
	},
}

// scheduler is the crew, and what tasks tell that they wait.
type scheduler struct {
	inProcess
	job      Job
	workers  int
	ready    []*routine // whose turn comes, in this order
	sleeping wakeups
	running  *routine
}

// routine is one of the crew's threads. It runs task after task.
type routine struct {
	resume func() (struct{}, bool) // until it waits; false once it has ended
	yield  func(struct{}) bool
	wakeAt time.Time
}

// Run starts as many routines as there are workers, each of which takes the next task.
func (s *scheduler) Run(n int) error {
	runtime.LockOSThread() // all of them stay on the thread that makes them
	defer runtime.UnlockOSThread()
	var failed firstError
	next := 0
	for range min(s.workers, n) {
		r := new(routine)
		resume, _ := iter.Pull(func(yield func(struct{}) bool) {
			r.yield = yield
			for next < n && !failed.any() {
				task := next
				next++
				failed.note(s.job.Run(task))
			}
		})
		r.resume = resume
		s.ready = append(s.ready, r)
	}
	for len(s.ready)+len(s.sleeping) > 0 {
		s.turn()
	}
	return failed.get()
}

// turn lets one routine run, the first that sleeps if none is ready.
func (s *scheduler) turn() {
	if len(s.ready) == 0 {
		time.Sleep(time.Until(s.sleeping[0].wakeAt))
	}
	for now := time.Now(); len(s.sleeping) > 0 && !s.sleeping[0].wakeAt.After(now); {
		s.ready = append(s.ready, heap.Pop(&s.sleeping).(*routine))
	}
	if len(s.ready) == 0 {
		return
	}
	s.running, s.ready = s.ready[0], s.ready[1:]
	s.running.resume()
}

// Check gives up no turn: that is what cooperative means.
func (*scheduler) Check() {}

// Sleep gives the turn up until it is over.
func (s *scheduler) Sleep(d time.Duration) {
	r := s.running
	r.wakeAt = time.Now().Add(d)
	heap.Push(&s.sleeping, r)
	r.yield(struct{}{})
}

// Block blocks all.
func (*scheduler) Block(call func()) { call() }

// wakeups is a heap of routines, the first to wake on top.
type wakeups []*routine

func (w wakeups) Len() int           { return len(w) }
func (w wakeups) Less(i, j int) bool { return w[i].wakeAt.Before(w[j].wakeAt) }
func (w wakeups) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *wakeups) Push(r any)        { *w = append(*w, r.(*routine)) }

func (w *wakeups) Pop() any {
	old := *w
	last := old[len(old)-1]
	*w = old[:len(old)-1]
	return last
}
