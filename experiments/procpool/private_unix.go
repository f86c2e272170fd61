//go:build unix

package procpool

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// private moves the streams of a worker away from descriptors 0 and 1, which its
// tasks may use: 1 becomes another name of standard error, 0 is empty. Streams that
// are not those of the process stay as they are.
func private(in io.Reader, out io.Writer) (io.Reader, io.Writer, error) {
	if out == io.Writer(os.Stdout) {
		moved, err := move(1, "replies")
		if err != nil {
			return in, out, err
		}
		out = moved
		if err := unix.Dup2(2, 1); err != nil {
			return in, out, err
		}
	}
	if in == io.Reader(os.Stdin) {
		moved, err := move(0, "requests")
		if err != nil {
			return in, out, err
		}
		in = moved
		none, err := os.Open(os.DevNull)
		if err != nil {
			return in, out, err
		}
		defer none.Close()
		if err := unix.Dup2(int(none.Fd()), 0); err != nil {
			return in, out, err
		}
	}
	return in, out, nil
}

// move makes a copy of a descriptor that no child inherits.
func move(fd int, name string) (*os.File, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(n), name), nil
}
