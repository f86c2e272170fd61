package messages

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"parcon/experiments/ipc"
)

// blockingPipe is a pipe whose writes block: one of Go's own would take what there is room
// for and write the rest later.
func blockingPipe() (read, write *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fmt.Errorf("making a pipe: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "frames"), os.NewFile(uintptr(fds[1]), "frames"), nil
}

// write writes n frames of an episode, into a pipe or into a queue, and closes it.
func (f framing) write(queue bool, episode, index, n int) error {
	const first = 3
	fd := first + episode
	var lock *ipc.Lock
	if queue {
		fd = first + 2*episode
		var err error
		if lock, err = ipc.OpenLock(ipc.Inherited(fd + 1 - first)); err != nil {
			return err
		}
		defer lock.Free()
	}
	frame := newFrame(index, 0, f.size)
	for i := range n {
		numberFrame(frame, i)
		if err := f.writeOne(lock, fd, frame); err != nil {
			return errors.Join(fmt.Errorf("writing frame %d of %d: %w", i+1, n, err), unix.Close(fd))
		}
	}
	return unix.Close(fd)
}

func (f framing) writeOne(lock *ipc.Lock, fd int, frame []byte) error {
	pieces := [][]byte{frame}
	if f.writes == 2 {
		pieces = [][]byte{frame[:lengthOfFrame], frame[lengthOfFrame:]}
	}
	send := func() error {
		for _, p := range pieces {
			if err := writeFD(fd, p); err != nil {
				return err
			}
		}
		return nil
	}
	if lock == nil {
		return send()
	}
	return locked(lock, send)
}
