package costs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/affinity"
	"parcon/runner/proc"
)

// send writes one byte by a raw system call, which Go's scheduler knows nothing
// of. It must not block: at most one byte is under way in a pipe, which holds
// thousands.
func send(fd int, b *byte) error {
	return again(func() (uintptr, syscall.Errno) {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(b)), 1)
		return n, errno
	})
}

// receive waits for one byte. Its system call is an ordinary one, because it
// blocks: the world can be stopped meanwhile.
func receive(fd int, b *byte) error {
	return again(func() (uintptr, syscall.Errno) {
		n, _, errno := syscall.Syscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(b)), 1)
		return n, errno
	})
}

// again repeats a call that a signal interrupted: Go's own do, when it wants a
// thread to pause.
func again(call func() (n uintptr, errno syscall.Errno)) error {
	for {
		n, errno := call()
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return errno
		case n != 1:
			return io.EOF
		default:
			return nil
		}
	}
}

// echo adds one to every byte of in until it ends.
func echo(in, out int) error {
	b := new(byte)
	for {
		switch err := receive(in, b); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading a byte to echo: %w", err)
		}
		*b++
		if err := send(out, b); err != nil {
			return fmt.Errorf("echoing a byte: %w", err)
		}
	}
}

// pipes are a way there and a way back, as descriptors that block.
type pipes struct {
	there, back [2]int
}

func makePipes() (pipes, error) {
	var p pipes
	if err := unix.Pipe2(p.there[:], unix.O_CLOEXEC); err != nil {
		return p, fmt.Errorf("making a pipe: %w", err)
	}
	if err := unix.Pipe2(p.back[:], unix.O_CLOEXEC); err != nil {
		return p, errors.Join(fmt.Errorf("making a pipe: %w", err), closeAll(p.there[:]...))
	}
	return p, nil
}

func closeAll(fds ...int) error {
	var errs []error
	for _, fd := range fds {
		errs = append(errs, unix.Close(fd))
	}
	return errors.Join(errs...)
}

func (p pipes) trip() func(byte) (byte, error) {
	b := new(byte)
	return func(token byte) (byte, error) {
		*b = token
		if err := send(p.there[1], b); err != nil {
			return 0, fmt.Errorf("sending a byte: %w", err)
		}
		if err := receive(p.back[0], b); err != nil {
			return 0, fmt.Errorf("waiting for a byte: %w", err)
		}
		return *b, nil
	}
}

func connectProcess(t card.Trial, places affinity.Pair) (line, error) {
	p, err := makePipes()
	if err != nil {
		return line{}, err
	}
	var stderr bytes.Buffer
	cmd := peer.Part(t, 2, "echo", strconv.Itoa(places.Beyond))
	in, out := os.NewFile(uintptr(p.there[0]), "there"), os.NewFile(uintptr(p.back[1]), "back")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &stderr
	err = proc.Start(cmd)
	// This process keeps no copy of the other's ends: else it would not see
	// that the other is gone.
	err = errors.Join(err, in.Close(), out.Close())
	if cmd.Process == nil {
		return line{}, errors.Join(fmt.Errorf("starting the other process: %w", err), closeAll(p.there[1], p.back[0]))
	}
	return line{
		trip: p.trip(),
		late: func(trips int) func(error) error { return killAfter(cmd, patienceFor(trips)) },
		close: func() error {
			err := closeAll(p.there[1], p.back[0])
			done := killAfter(cmd, patience)
			if ended := done(cmd.Wait()); ended != nil {
				err = errors.Join(err, withReason(cmd, ended, stderr.String()))
			}
			return err
		},
	}, err
}

func connectThread(places affinity.Pair) (line, error) {
	p, err := makePipes()
	if err != nil {
		return line{}, err
	}
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := affinity.Thread(places.Beyond)
		if err == nil {
			err = echo(p.there[0], p.back[1])
		}
		ended <- errors.Join(err, closeAll(p.there[0], p.back[1]))
	}()
	return line{
		trip: p.trip(),
		bind: func() (func(), error) {
			runtime.LockOSThread()
			if err := affinity.Thread(places.Here); err != nil {
				runtime.UnlockOSThread()
				return nil, err
			}
			return runtime.UnlockOSThread, nil
		},
		close: func() error { return errors.Join(closeAll(p.there[1], p.back[0]), <-ended) },
	}, nil
}
