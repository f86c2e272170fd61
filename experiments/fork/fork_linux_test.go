package fork_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

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

// What a copy uses lies in variables of the program.
var (
	number = int64(1)
	copied struct{ result, errno uintptr }
)

// A copy makes its calls in their order, and keeps what they returned and why they
// failed in its own memory.
func TestACopyMakesCalls(t *testing.T) {
	proctest.Tidy(t)
	hear, say, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hear.Close()
	send := func(p unsafe.Pointer, n uintptr) fork.Call {
		return fork.Call{Number: fork.Send, Args: [6]uintptr{say.Fd(), uintptr(p), n}}
	}
	for i := range int64(20) {
		number = 1000 + i
		c, err := fork.Start([]fork.Call{
			{Number: fork.Close, Args: [6]uintptr{hear.Fd()}, Result: &copied.result},
			{Number: fork.Close, Args: [6]uintptr{hear.Fd()}, Errno: &copied.errno}, // once more
			send(unsafe.Pointer(&copied), unsafe.Sizeof(copied)), send(unsafe.Pointer(&number), 8),
		})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := c.Wait(); status != 0 || err != nil {
			t.Errorf("copy %d ended with %d, %v", c.PID(), status, err)
		}
		var said [24]byte
		if _, err := io.ReadFull(hear, said[:]); err != nil {
			t.Fatal(err)
		}
		at := func(i int) uint64 { return binary.NativeEndian.Uint64(said[i:]) }
		if at(0) != 0 || syscall.Errno(at(8)) != syscall.EBADF || int64(at(16)) != number || copied.errno != 0 {
			t.Errorf("the copy closed a file with %d, once more with %d, and has %d, want 0, EBADF and %d; here it is %v", at(0), at(8), at(16), number, copied)
		}
	}
	if err := say.Close(); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(hear); len(rest) > 0 || err != nil {
		t.Errorf("further %q, %v", rest, err)
	}
}

// A copy that was killed did not end well.
func TestAKilledCopyIsTold(t *testing.T) {
	proctest.Tidy(t)
	hear, say, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hear.Close()
	defer say.Close()
	c, err := fork.Start([]fork.Call{{Number: fork.Read, Args: [6]uintptr{hear.Fd(), uintptr(unsafe.Pointer(&number)), 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(c.PID(), syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if _, err := c.Wait(); err == nil || !strings.HasSuffix(err.Error(), "by the signal killed") {
		t.Errorf("%v", err)
	}
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
