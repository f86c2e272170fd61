package costs

import (
	"os"
	"testing"
	"time"
)

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
