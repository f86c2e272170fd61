package sharing

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// defaultAction undoes Go's handler of a signal (rt_sigaction(2)); os/signal
// cannot. A zeroed action is the default one, whatever its layout.
func defaultAction(signal unix.Signal) error {
	var action [64]byte // longer than any
	const setSize = 8   // bytes of a set of signals
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&action)), 0, setSize, 0, 0)
	if errno != 0 {
		return fmt.Errorf("undoing the handler of %v: %w", signal, errno)
	}
	return nil
}
