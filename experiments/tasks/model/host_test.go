package model_test

import (
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
)

// hosted starts a crew of a model that has a host, whose tasks are told its parameters.
func hosted(t *testing.T, name string, workers int, run func(p *workload.Params, task int)) model.Crew {
	t.Helper()
	m, err := model.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	p := &workload.Params{Host: m.Host()}
	crew := start(t, m, workers, model.Job{Host: p.Host, Run: func(task int) error {
		run(p, task)
		return nil
	}})
	t.Cleanup(func() { closed(t, crew) })
	return crew
}

// Tasks of gil-lock compute one at a time, wherever they are let go in between: a number
// that nothing else protects is right.
func TestTasksOfGILLockComputeAlone(t *testing.T) {
	number, turns := 0, 0
	crew := hosted(t, "gil-lock", 4, func(p *workload.Params, task int) {
		for i := range 20_000 {
			p.Check()
			before := number
			if i%1000 == 0 {
				turns++
			}
			number = before + 1
		}
		p.Sleep(time.Microsecond)
		p.Block(runtime.Gosched)
	})
	for range 3 {
		if err := crew.Run(8); err != nil {
			t.Fatal(err)
		}
	}
	if number != 3*8*20_000 || turns != 3*8*20 {
		t.Errorf("counted %d and %d, want %d and %d", number, turns, 3*8*20_000, 3*8*20)
	}
}

// While one task blocks, another one computes.
func TestABlockedTaskOfGILLockHoldsNothing(t *testing.T) {
	computed := make(chan struct{})
	crew := hosted(t, "gil-lock", 2, func(p *workload.Params, task int) {
		if task == 0 {
			p.Block(func() { <-computed })
			return
		}
		p.Check()
		close(computed)
	})
	if err := crew.Run(2); err != nil {
		t.Fatal(err)
	}
}

// Coroutines take turns where they sleep, in the order in which they wake, and nowhere
// else. All stay on one thread.
func TestCoroutinesSwitchWhereTheySleep(t *testing.T) {
	var order, ends []string
	due := map[string]time.Time{} // when each is to wake: a slow machine may turn their order round
	crew := hosted(t, "coroutine", 3, func(p *workload.Params, task int) {
		name := string(rune('a' + task))
		order = append(order, name+" begins")
		p.Check()
		p.Block(runtime.Gosched)
		order = append(order, name+" waits")
		due[name] = time.Now().Add(time.Duration(30-10*task) * time.Millisecond)
		p.Sleep(time.Until(due[name]))
		ends = append(ends, name)
	})
	if err := crew.Run(3); err != nil {
		t.Fatal(err)
	}
	want := []string{"a begins", "a waits", "b begins", "b waits", "c begins", "c waits"}
	if !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	if len(ends) != 3 || !slices.IsSortedFunc(ends, func(a, b string) int { return due[a].Compare(due[b]) }) {
		t.Errorf("%q end, which were to wake at %v", ends, due)
	}
}

// A call that blocks stops all coroutines: none runs until it is over.
func TestACoroutineThatBlocksStopsAll(t *testing.T) {
	var beside atomic.Int64
	blocked := atomic.Bool{}
	crew := hosted(t, "coroutine", 2, func(p *workload.Params, task int) {
		if task == 1 {
			if blocked.Load() {
				beside.Add(1)
			}
			return
		}
		p.Sleep(time.Microsecond) // the other one may begin
		p.Block(func() {
			blocked.Store(true)
			time.Sleep(10 * time.Millisecond)
			blocked.Store(false)
		})
	})
	for range 5 {
		if err := crew.Run(2); err != nil {
			t.Fatal(err)
		}
	}
	if n := beside.Load(); n > 0 {
		t.Errorf("%d tasks ran beside one that blocked", n)
	}
}
