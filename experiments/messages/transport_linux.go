package messages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"parcon/experiments/ipc"
	"parcon/experiments/ring"
)

// A streamEnd reads and writes descriptors that block, by bare system calls: Go's files
// and connections would add their poller, which is half as much again for a pipe.
type streamEnd struct {
	in, out  int
	own, got parcel
}

func newStreamEnd(in, out, size int) *streamEnd {
	return &streamEnd{in, out, newParcel(size), make(parcel, size)}
}

func (e *streamEnd) blank() parcel { return e.own }

func (e *streamEnd) send() error { return writeFD(e.out, e.own) }

func (e *streamEnd) receive() (parcel, error) { return e.got, readFD(e.in, e.got) }

func (e *streamEnd) close() error {
	err := unix.Close(e.in)
	if e.out != e.in {
		err = errors.Join(err, unix.Close(e.out))
	}
	return err
}

// writeFD writes all of p.
func writeFD(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := unix.Write(fd, p)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		p = p[max(n, 0):]
	}
	return nil
}

// readFD reads until p is full. At the end of the stream the error is io.EOF, and
// io.ErrUnexpectedEOF in the midst of p.
func readFD(fd int, p []byte) error {
	for done := 0; done < len(p); {
		n, err := unix.Read(fd, p[done:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0 && done > 0:
			return io.ErrUnexpectedEOF
		case n == 0:
			return io.EOF
		}
		done += n
	}
	return nil
}

// openEnds makes a way to another process and back. theirs are what that process is to be
// handed, in the order in which inheritEnd looks for them; those of them that are to be
// closed here when it has them are closed by done.
func openEnds(ctx context.Context, transport string, size int) (ours end, theirs []*os.File, done func(), err error) {
	switch transport {
	case pipeTransport, queueTransport:
		return openPipes(transport == queueTransport, size)
	case unixTransport, tcpTransport:
		make := socketPair
		if transport == tcpTransport {
			make = tcpPair
		}
		fds, err := make()
		if err != nil {
			return nil, nil, nil, fmt.Errorf("making a %s connection: %w", transport, err)
		}
		file := os.NewFile(uintptr(fds[1]), transport)
		return newStreamEnd(fds[0], fds[0], size), []*os.File{file}, func() { _ = file.Close() }, nil
	}
	there, err := ring.New(ringFor(size))
	if err != nil {
		return nil, nil, nil, err
	}
	back, err := ring.New(ringFor(size))
	if err != nil {
		return nil, nil, nil, errors.Join(err, there.Free())
	}
	return newRingEnd(ctx, back, there, wayOf(transport), size), []*os.File{there.File(), back.File()}, func() {}, nil
}

func openPipes(queue bool, size int) (end, []*os.File, func(), error) {
	there, back, err := twoPipes()
	if err != nil {
		return nil, nil, nil, err
	}
	in, out := os.NewFile(uintptr(there[0]), "there"), os.NewFile(uintptr(back[1]), "back")
	theirs := []*os.File{in, out}
	done := func() { _, _ = in.Close(), out.Close() }
	var ours end = newStreamEnd(back[0], there[1], size)
	if !queue {
		return ours, theirs, done, nil
	}
	// Each queue has a lock for its readers and one for its writers.
	var locks [4]*ipc.Lock
	for i := range locks {
		if locks[i], err = ipc.NewLock(); err != nil {
			for _, l := range locks[:i] {
				err = errors.Join(err, l.Free())
			}
			done()
			return nil, nil, nil, errors.Join(err, ours.close())
		}
	}
	ours = &queueEnd{ours, locks[0], locks[1]}
	theirs = append(theirs, locks[2].File(), locks[3].File())
	return ours, theirs, func() { done(); _, _ = locks[2].Free(), locks[3].Free() }, nil
}

// twoPipes are a pipe there and a pipe back.
func twoPipes() (there, back [2]int, err error) {
	if err := unix.Pipe2(there[:], unix.O_CLOEXEC); err != nil {
		return there, back, fmt.Errorf("making a pipe: %w", err)
	}
	if err := unix.Pipe2(back[:], unix.O_CLOEXEC); err != nil {
		return there, back, errors.Join(fmt.Errorf("making a pipe: %w", err), unix.Close(there[0]), unix.Close(there[1]))
	}
	return there, back, nil
}

func socketPair() ([2]int, error) {
	return unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

// tcpPair are the two ends of a connection over the loopback interface that sends at once
// what it is given (TCP_NODELAY).
func tcpPair() (fds [2]int, err error) {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fds, err
	}
	defer unix.Close(listener)
	here := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(listener, here), unix.Listen(listener, 1)); err != nil {
		return fds, err
	}
	address, err := unix.Getsockname(listener)
	if err != nil {
		return fds, err
	}
	if fds[0], err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return fds, err
	}
	err = unix.Connect(fds[0], address)
	if err == nil {
		fds[1], _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC)
	}
	if err != nil {
		return fds, errors.Join(err, unix.Close(fds[0]))
	}
	for _, fd := range fds {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	}
	if err != nil {
		err = errors.Join(err, unix.Close(fds[0]), unix.Close(fds[1]))
	}
	return fds, err
}

// inheritEnd is the other process's side of openEnds.
func inheritEnd(transport string, size int) (end, error) {
	const first = 3 // where os/exec puts the first of a command's ExtraFiles
	switch transport {
	case pipeTransport, queueTransport:
		var e end = newStreamEnd(first, first+1, size)
		if transport == pipeTransport {
			return e, nil
		}
		reading, err1 := ipc.OpenLock(ipc.Inherited(2))
		writing, err2 := ipc.OpenLock(ipc.Inherited(3))
		return &queueEnd{e, reading, writing}, errors.Join(err1, err2)
	case unixTransport, tcpTransport:
		return newStreamEnd(first, first, size), nil
	}
	there, err1 := ring.Open(ipc.Inherited(0))
	back, err2 := ring.Open(ipc.Inherited(1))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return newRingEnd(context.Background(), there, back, wayOf(transport), size), nil
}
