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
