//go:build unix

package proc

import (
	"os"
	"syscall"
)

// Stdin is standard input, read through Go's poller. A plain os.Stdin blocks a
// thread in the kernel, and at GOMAXPROCS=1 that thread takes Go's only
// processor along until the runtime's monitor notices, up to 10 ms later: a
// trial of 80 ms was measured 10 ms too long.
func Stdin() *os.File {
	if syscall.SetNonblock(0, true) != nil {
		return os.Stdin
	}
	return os.NewFile(0, "/dev/stdin")
}
