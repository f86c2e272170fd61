package proc_test

import (
	"os"
	"testing"

	"parcon/runner/proc"
)

func TestReservedThreadsStay(t *testing.T) {
	const threads = 20
	proc.Reserve(threads)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) < threads {
		t.Errorf("%d threads", len(tasks))
	}
}
