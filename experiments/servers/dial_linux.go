package servers

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// dial connects to a port of 127.0.0.1. Without package net: the program for parts of
// mechanisms holds this package too, and takes a millisecond longer to start with it.
func dial(port int) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	limit := unix.NsecToTimeval(int64(patience / time.Nanosecond))
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit) // of connect(2) too
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true) // so that Go's poller waits, with deadlines
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "a server"), nil
}
