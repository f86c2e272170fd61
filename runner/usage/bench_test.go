package usage_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"parcon/runner/usage"
)

var sink usage.Usage

// BenchmarkSelf is what a trial pays between the preparation and the start, and
// after the end, by its number of threads.
func BenchmarkSelf(b *testing.B) {
	for _, threads := range []int{1, 16, 200, 1000} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			var ready, end sync.WaitGroup
			done := make(chan struct{})
			ready.Add(threads)
			for range threads {
				end.Go(func() {
					runtime.LockOSThread() // and never unlocked: the thread ends with it
					ready.Done()
					<-done
				})
			}
			ready.Wait()
			for b.Loop() {
				sink = usage.Self()
			}
			close(done)
			end.Wait()
		})
	}
}
