package fork_test

import (
	"errors"
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

// A limit below what there is leaves no room, and one that is far above does.
func TestLimited(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("no limit holds for root")
	}
	proctest.Tidy(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if _, err := fork.Limited(1); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("with a limit of 1: %v", err)
	}
	c, err := fork.Limited(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := c.Wait(); status != 0 || err != nil {
		t.Errorf("it ended with %d, %v", status, err)
	}
}
