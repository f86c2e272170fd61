package model_test

import (
	"os"
	"slices"
	"testing"

	"parcon/experiments/remote"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
)

// A crew on a queue runs each task once, twice and again, and says what each of its parts
// consumed.
func TestACrewOnAQueue(t *testing.T) {
	m, err := model.Find("distributed")
	if err != nil {
		t.Fatal(err)
	}
	p := parameters(t, "primes")
	want := answers(t, p)
	var got []int
	crew := start(t, m, 2, model.Job{
		Worker: model.WorkerCommand{Params: p.Args(), Env: []string{"GOMAXPROCS=1"}},
		Queue:  model.Queue{Program: []string{os.Args[0], "child", remote.Child}, Dir: t.TempDir(), Store: remote.Memory, Prefetch: 2},
		Report: func(task int, answer uint64, start, end int64) error {
			if answer != want[workload.Seed(task)] || start > end {
				t.Errorf("task %d: answer %d, want %d; from %d to %d", task, answer, want[workload.Seed(task)], start, end)
			}
			got = append(got, task)
			return nil
		},
	})
	for _, n := range []int{2, 0, 1, 40} {
		got = nil
		if err := crew.Run(n); err != nil {
			t.Fatal(err)
		}
		if err := crew.(model.Collector).Collect(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		for i := range n {
			if len(got) != n || got[i] != i {
				t.Fatalf("of %d tasks these were answered: %v", n, got)
			}
		}
	}
	parts, err := crew.(model.Assembly).Parts()
	if err != nil || len(parts) != 3 || parts[remote.UnitServer] <= 0 {
		t.Errorf("its parts consumed %v, %v", parts, err)
	}
	if u, err := crew.Usage(); err != nil || u.CPU() <= 0 {
		t.Errorf("all consumed %+v, %v", u, err)
	}
	closed(t, crew)
}
