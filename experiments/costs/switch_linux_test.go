package costs

import (
	"runtime"
	"testing"

	"parcon/runner/proc/proctest"
)

// A garbage collector that stops the world again and again does not make two
// units wait for each other for ever.
func TestRoundTripsBesideTheGarbageCollector(t *testing.T) {
	for _, unit := range []string{"process", "thread", "goroutine", "coroutine"} {
		t.Run(unit, func(t *testing.T) {
			proctest.Tidy(t)
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					select {
					case <-stop:
						return
					default:
						runtime.GC()
					}
				}
			}()
			_, err := measure("mechanism=switch/unit="+unit+"/placement=one", 2000, environment(""))
			close(stop)
			<-stopped
			if err != nil {
				t.Error(err)
			}
		})
	}
}
