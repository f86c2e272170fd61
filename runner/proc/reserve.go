package proc

import (
	"runtime"
	"sync"
)

// Reserve makes sure that this process has at least so many threads. Go keeps
// threads that have nothing to do and takes them before it makes others, and it
// aborts the whole process where one cannot be made: a trial that takes all threads
// which the system grants must not end its runner.
func Reserve(threads int) {
	var there, gone sync.WaitGroup
	there.Add(threads)
	release := make(chan struct{})
	for range threads {
		gone.Go(func() {
			runtime.LockOSThread() // so each needs a thread of its own
			defer runtime.UnlockOSThread()
			there.Done()
			<-release
		})
	}
	there.Wait()
	close(release)
	gone.Wait()
}
