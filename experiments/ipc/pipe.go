package ipc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// End is one of the two ends of a pipe. Messages go both ways. Up to 64 KiB they
// go in one piece and are never mixed up with others, whoever sends and receives.
// Longer ones go in several pieces: then only one process at a time may send, or
// receive, at an end.
type End struct {
	file       *os.File
	closed     atomic.Bool
	sends      chan struct{} // held by the one goroutine that sends
	recvs      chan struct{}
	packet     []byte // where a receiver puts the piece that came
	part       []byte // what came of a message so far
	incomplete bool   // part is one
}

const (
	// MaxMessage is the longest message of a pipe in bytes.
	MaxMessage = 64 << 20
	// pieceSize fits three times in the socket's usual buffer of 208 KiB.
	pieceSize = 64 << 10
	// pieceHead is the length of the whole message and the place of this piece
	// in it, 4 bytes each.
	pieceHead = 8
)

// errWouldBlock says inside of this package that a socket is not ready.
var errWouldBlock = errors.New("not ready")

// NewPipe makes a pipe, a pair of sockets (unix(7), SOCK_SEQPACKET). A parent
// that gives one end to a child must close its own copy of it after cmd.Start: the
// other end sees the end of file only when every copy is closed.
func NewPipe() (a, b *End, err error) {
	files, err := socketPair()
	if err != nil {
		return nil, nil, fmt.Errorf("making a pipe: %w", err)
	}
	return newEnd(files[0]), newEnd(files[1]), nil
}

// OpenEnd opens an end of a pipe that another process made. It takes file over.
func OpenEnd(file *os.File) (*End, error) {
	if file == nil {
		return nil, errors.New("opening an end of a pipe: no object was inherited here; see which position it was attached at")
	}
	if !isEnd(file) {
		return nil, fmt.Errorf("opening an end of a pipe: the file is none: %w", ErrWrongKind)
	}
	return newEnd(file), nil
}

func newEnd(file *os.File) *End {
	return &End{file: file, sends: make(chan struct{}, 1), recvs: make(chan struct{}, 1)}
}

// File is the open socket, for Attach. It belongs to the end: do not close it.
func (e *End) File() *os.File { return e.file }

// Close closes this copy of the end. Sends and receives that wait here fail with
// ErrClosed.
func (e *End) Close() error {
	e.closed.Store(true)
	if err := e.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing an end of a pipe: %w", err)
	}
	return nil
}

// Send sends a message; it waits while the other end is behind with receiving.
// It fails with io.ErrClosedPipe if every copy of the other end is closed, and
// with ErrTooLong above MaxMessage. If its context ends in the middle of a message
// of several pieces, the receiver drops what it has of it.
func (e *End) Send(ctx context.Context, message []byte) error {
	if len(message) > MaxMessage {
		return fmt.Errorf("sending %d bytes through a pipe for up to %d: %w", len(message), MaxMessage, ErrTooLong)
	}
	if err := turn(ctx, e.sends); err != nil {
		return err
	}
	defer func() { <-e.sends }()
	until := limit(ctx, e.file.SetWriteDeadline)
	defer until()
	for at := 0; ; {
		piece := message[at:min(at+pieceSize, len(message))]
		var head [pieceHead]byte
		binary.LittleEndian.PutUint32(head[:], uint32(len(message)))
		binary.LittleEndian.PutUint32(head[4:], uint32(at))
		if err := sendPacket(e.file, head[:], piece); err != nil {
			return e.ended(ctx, "sending through a pipe", err)
		}
		if at += len(piece); at == len(message) {
			return nil
		}
	}
}

// Recv waits for a message. It returns io.EOF when every copy of the other end
// is closed and everything was received, and before that io.ErrUnexpectedEOF if the
// last message broke off in the middle.
func (e *End) Recv(ctx context.Context) ([]byte, error) {
	if err := turn(ctx, e.recvs); err != nil {
		return nil, err
	}
	defer func() { <-e.recvs }()
	until := limit(ctx, e.file.SetReadDeadline)
	defer until()
	message, err := e.recv(true)
	return message, e.ended(ctx, "receiving from a pipe", err)
}

// TryRecv is Recv without waiting: it fails with ErrEmpty if no message is there,
// or not all of it, or if another goroutine is receiving.
func (e *End) TryRecv() ([]byte, error) {
	select {
	case e.recvs <- struct{}{}:
	default:
		return nil, ErrEmpty
	}
	defer func() { <-e.recvs }()
	message, err := e.recv(false)
	if err == errWouldBlock {
		return nil, ErrEmpty
	}
	return message, e.ended(context.Background(), "receiving from a pipe", err)
}

// recv collects the pieces of a message. What came stays in part when it fails,
// so that a receive that ran out of time loses nothing.
func (e *End) recv(wait bool) ([]byte, error) {
	if e.packet == nil {
		e.packet = make([]byte, pieceHead+pieceSize)
	}
	for {
		n, err := recvPacket(e.file, e.packet, wait)
		if err == io.EOF && e.incomplete {
			e.part, e.incomplete = nil, false
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		whole, err := e.join(e.packet[:n])
		if whole || err != nil {
			message := e.part
			e.part, e.incomplete = nil, false
			if err != nil {
				message = nil
			}
			return message, err
		}
	}
}

// join adds a piece to the message that is being received and says whether it is
// complete. The first piece of a message drops what there is of another: its
// sender gave up.
func (e *End) join(packet []byte) (whole bool, err error) {
	if len(packet) < pieceHead {
		return false, fmt.Errorf("a piece of %d bytes: %w", len(packet), ErrCorrupt)
	}
	length := binary.LittleEndian.Uint32(packet)
	at := binary.LittleEndian.Uint32(packet[4:])
	piece := packet[pieceHead:]
	if at == 0 {
		e.part, e.incomplete = make([]byte, 0, len(piece)), true
	}
	end := uint64(at) + uint64(len(piece))
	if !e.incomplete || uint64(at) != uint64(len(e.part)) || end > uint64(length) || length > MaxMessage ||
		(len(piece) == 0 && length != 0) {
		return false, fmt.Errorf("a piece of %d bytes for place %d of %d, where %d came before: several send at once? %w",
			len(piece), at, length, len(e.part), ErrCorrupt)
	}
	e.part = append(e.part, piece...)
	return end == uint64(length), nil
}

// turn waits for a channel that lets one in at a time.
func turn(ctx context.Context, one chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case one <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limit ends what waits on a file with the context. The function that it returns
// takes the limit away again.
func limit(ctx context.Context, set func(time.Time) error) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	ran := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = set(time.Unix(1, 0)) // it fails on a closed file, which does not wait
		close(ran)
	})
	return func() {
		if !stop() {
			<-ran
			_ = set(time.Time{})
		}
	}
}

// ended says what a failed send or receive means to the caller.
func (e *End) ended(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil, err == io.EOF, err == io.ErrUnexpectedEOF, err == io.ErrClosedPipe:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil:
		return ctx.Err()
	case e.closed.Load(): // os says it by an error that it does not export
		return fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
