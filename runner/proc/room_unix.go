//go:build unix

package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// files says whether so many more files can be opened. It takes no file of Go's own:
// where there is no descriptor for Go's poller, Go aborts.
func files(number int) (err error) {
	var taken []int
	for range number {
		var fd int
		if fd, err = unix.FcntlInt(2, syscall.F_DUPFD_CLOEXEC, 0); err != nil {
			break
		}
		taken = append(taken, fd)
	}
	for _, fd := range taken {
		_ = syscall.Close(fd)
	}
	if err == syscall.EBADF {
		return nil // there is no standard error to count with
	}
	return err
}

// addresses takes so many bytes that nothing is ever written to.
func addresses(bytes int) error {
	if bytes == 0 {
		return nil
	}
	_, err := unix.Mmap(-1, 0, bytes, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return err
}
