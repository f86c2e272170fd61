package servers

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dial connects to a port of 127.0.0.1. Without package net: the program for parts of
// mechanisms holds this package too, and takes a millisecond longer to start with it.
func dial(port int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == unix.EINPROGRESS || err == unix.EINTR {
		err = connected(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "a server"), nil // Go's poller waits for it, with deadlines
}

// connected waits until a socket is, or says why not.
func connected(fd int) error {
	for end := time.Now().Add(patience); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(patience/time.Millisecond))
		switch {
		case err != nil && err != unix.EINTR:
			return err
		case n > 0:
			why, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err == nil && why != 0 {
				err = syscall.Errno(why)
			}
			return err
		case time.Now().After(end):
			return unix.ETIMEDOUT
		}
	}
}
