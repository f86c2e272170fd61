package messages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A conversation is one side of a connection: descriptors that block, which are the same
// for a socket.
type conversation struct{ in, out int }

// newCaller makes a connection: files are the other process's side.
func newCaller(way string) (*caller, []*os.File, error) {
	if way == unixTransport {
		fds, err := socketPair()
		if err != nil {
			return nil, nil, fmt.Errorf("making a pair of sockets: %w", err)
		}
		return &caller{conversation: conversation{fds[0], fds[0]}}, []*os.File{os.NewFile(uintptr(fds[1]), "socket")}, nil
	}
	there, back, err := twoPipes()
	if err != nil {
		return nil, nil, err
	}
	return &caller{conversation: conversation{back[0], there[1]}},
		[]*os.File{os.NewFile(uintptr(there[0]), "there"), os.NewFile(uintptr(back[1]), "back")}, nil
}

// inheritConversation is the other side of a connection, by its number.
func inheritConversation(way string, try int) conversation {
	const first = 3
	if way == unixTransport {
		return conversation{first + try, first + try}
	}
	return conversation{first + 2*try, first + 2*try + 1}
}

func (c conversation) close() {
	_ = unix.Close(c.in)
	if c.out != c.in {
		_ = unix.Close(c.out)
	}
}

// say sends a message behind its length.
func (c conversation) say(message []byte) error {
	return writeFD(c.out, append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
}

// hear returns the next message, or io.EOF where there is none.
func (c conversation) hear() ([]byte, error) {
	var length [4]byte
	if err := readFD(c.in, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > longestMessage {
		return nil, fmt.Errorf("a message of %d bytes is announced: there are none of more than %d", n, longestMessage)
	}
	message := make([]byte, n)
	if err := readFD(c.in, message); err != nil {
		return nil, fmt.Errorf("in the midst of a message of %d bytes: %w", n, noEnd(err))
	}
	return message, nil
}

// noEnd is the error of a stream that ends in the midst of a message.
func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
