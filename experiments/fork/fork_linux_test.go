package fork_test

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/fork"
	"parcon/runner/proc/proctest"
)

// Copies are made while signals arrive, the garbage collector runs and other
// goroutines grow their stacks. Each sees what it wrote itself, and
// this process does not.
func TestForkBesideAllElse(t *testing.T) {
	proctest.Tidy(t)
	const mine = 1000
	variable := int64(mine)
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
		if read, err := fork.Write(&variable, uint8(i)); err != nil || read != int64(i) || variable != mine {
			t.Errorf("copy %d read %d, %v; here the variable is %d", i, read, err, variable)
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

func ExampleWrite() {
	variable := int64(1)
	there, err := fork.Write(&variable, 42)
	fmt.Println(there, variable, err)
	// Output: 42 1 <nil>
}
