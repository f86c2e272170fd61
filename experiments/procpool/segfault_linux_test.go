package procpool_test

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// segfault ends the process by SIGSEGV, as a fault in C code does. Go's own
// handler would make a panic of it (exit status 2): the system's is put back.
func segfault() {
	var standard [4]uint64 // struct sigaction with SIG_DFL
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGSEGV), uintptr(unsafe.Pointer(&standard)), 0, 8, 0, 0)
	_ = unix.Kill(os.Getpid(), unix.SIGSEGV)
	time.Sleep(time.Hour)
}
