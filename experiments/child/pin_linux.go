package child

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// pinToFirstCore keeps this goroutine's thread on the first core that this
// process may use.
func pinToFirstCore() error {
	runtime.LockOSThread()
	var may, first unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return fmt.Errorf("reading which cores may be used: %w", err)
	}
	for core := range 64 * len(may) {
		if may.IsSet(core) {
			first.Set(core)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &first); err != nil {
		return fmt.Errorf("keeping the disturbance on one core: %w", err)
	}
	return nil
}
