package procpool

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// A frame is a length of four bytes, little-endian, and so many bytes. The
// first byte of a reply says whether the rest is an answer or an error's text.
const (
	frameHead = 4

	maxFrame = 1 << 26 // 64 MiB: a longer one is a fault of the stream, not a message

	statusOK    = 0
	statusError = 1
)

func writeFrame(w *bufio.Writer, payload []byte) error {
	var head [frameHead]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(payload)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

// readFrame reads one frame into buf, which it makes larger where needed. It
// returns io.EOF only between two frames.
func readFrame(r *bufio.Reader, buf []byte) ([]byte, error) {
	head, err := r.Peek(frameHead)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	size := int(binary.LittleEndian.Uint32(head))
	if size > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes: the limit is %d, something else writes to this stream", size, maxFrame)
	}
	_, _ = r.Discard(frameHead)
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	if _, err := io.ReadFull(r, buf); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return buf, nil
}
