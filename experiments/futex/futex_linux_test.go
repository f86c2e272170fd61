package futex_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/futex"
)

// A word that is not as it was is not waited for, and one that stays is for no longer than
// the limit.
func TestWait(t *testing.T) {
	var word atomic.Uint32
	if futex.Wait(&word, 1, time.Hour) {
		t.Error("an hour passed")
	}
	for range 100 { // it may return for no reason
		if futex.Wait(&word, 0, time.Millisecond) {
			return
		}
	}
	t.Error("the limit never passed")
}

func Example() {
	var word atomic.Uint32
	go func() {
		word.Store(1)
		futex.Wake(&word, 1)
	}()
	for word.Load() == 0 {
		futex.Wait(&word, 0, time.Second)
	}
	fmt.Println(word.Load())
	// Output: 1
}
