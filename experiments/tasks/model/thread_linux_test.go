package model_test

import (
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"parcon/experiments/tasks/model"
	"parcon/runner/proc/proctest"
)

// Every worker of thread and gil is one thread of the kernel, the same in each
// run. A worker that waits for the others cannot take a second task.
func TestThreadWorkersAreThreads(t *testing.T) {
	for _, name := range []string{"thread", "gil"} {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			m, err := model.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			const workers = 6
			var threads [workers]int
			var here sync.WaitGroup
			crew := start(t, m, workers, model.Job{Run: func(task int) error {
				threads[task] = unix.Gettid()
				here.Done()
				here.Wait()
				return nil
			}})
			defer closed(t, crew)
			var before []int
			for range 3 {
				here.Add(workers)
				if err := crew.Run(workers); err != nil {
					t.Fatal(err)
				}
				now := slices.Compact(slices.Sorted(slices.Values(threads[:])))
				if len(now) != workers || before != nil && !slices.Equal(now, before) {
					t.Errorf("threads %v, in the run before %v, want the same %d", now, before, workers)
				}
				before = now
			}
		})
	}
}

// Where the kernel has lists of sleeping threads for each process, thousands of threads get
// as many.
func TestThousandsOfThreadsHaveListsToSleepIn(t *testing.T) {
	proctest.Tidy(t)
	lists := func() int {
		n, _, errno := unix.Syscall6(unix.SYS_PRCTL, unix.PR_FUTEX_HASH, unix.PR_FUTEX_HASH_GET_SLOTS, 0, 0, 0, 0)
		if errno != 0 {
			t.Skip("this kernel has one table for all processes")
		}
		return int(n)
	}
	lists()
	m, err := model.Find("thread")
	if err != nil {
		t.Fatal(err)
	}
	const workers = 300
	defer closed(t, start(t, m, workers, model.Job{}))
	if n := lists(); n < workers || n&(n-1) != 0 {
		t.Errorf("%d lists for %d threads", n, workers)
	}
}
