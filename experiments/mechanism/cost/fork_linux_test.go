package cost

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"parcon/runner/proc/proctest"
)

// Copies are made while signals arrive, the garbage collector runs and other
// goroutines grow their stacks. Each ends with the status of a copy.
func TestForkBesideAllElse(t *testing.T) {
	proctest.Tidy(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				_ = syscall.Kill(os.Getpid(), syscall.SIGURG)
				runtime.GC()
				_ = deep(1000)
			}
		}
	}()
	for i := range 100 {
		if err := fork(i); err != nil {
			t.Errorf("copy %d: %v", i, err)
			break
		}
	}
	close(stop)
	<-stopped
}

func deep(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + deep(n-1)
}

// Every unit is a new thread, and none is left over.
func TestThreadsEnd(t *testing.T) {
	unit := threads()
	for i := range 200 {
		if err := unit(i); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		list, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		if len(list) < 100 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("of 200 threads a hundred are left")
}
