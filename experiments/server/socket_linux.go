package server

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// backlog is how many clients may wait to be accepted; the kernel has a limit of its
// own (net.core.somaxconn).
const backlog = 4096

// bind makes a socket on 127.0.0.1. A port other than 0 is shared with all who do so.
func bind(port int, share bool) (fd, bound int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, 0, fmt.Errorf("making a socket: %w", err)
	}
	if share {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err == nil { // accepted connections have it from here
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	var address unix.Sockaddr
	if err == nil {
		address, err = unix.Getsockname(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, 0, fmt.Errorf("binding a socket to port %d of 127.0.0.1: %w", port, err)
	}
	return fd, address.(*unix.SockaddrInet4).Port, nil
}

// listen is a socket that clients can connect to.
func listen(c Config) (fd int, s *Single, err error) {
	fd, port, err := bind(c.Port, c.Port != 0)
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		return -1, nil, err
	}
	return fd, &Single{On: port, Crashes: c.Crashes}, nil
}

// accept takes client after client, on a thread that does nothing else and never ends.
func accept(fd int, serve func(socket)) {
	runtime.LockOSThread()
	for {
		client, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			serve(socket(client))
		case unix.EINTR, unix.ECONNABORTED:
		default: // no descriptor or no memory is left: others must end first
			time.Sleep(Pause)
		}
	}
}

// A socket is a connection whose reads and writes block the thread.
type socket int

func (s socket) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(s), b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s socket) Write(b []byte) (written int, err error) {
	for written < len(b) {
		n, err := unix.Write(int(s), b[written:])
		if err != nil && err != unix.EINTR {
			return written, err
		}
		written += max(n, 0)
	}
	return written, nil
}

func (s socket) Close() error { return unix.Close(int(s)) }
