package procpool

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is a head of four bytes, little-endian, and a payload. The lower bits
// of the head are the payload's length, the upper ones what it is. The first
// byte of a reply's payload says how the request went.
const (
	frameHead = 4

	maxFrame = 1 << 26 // 64 MiB: a longer one is a fault of the stream, not a message
	sizeBits = 1<<27 - 1

	kindOne    = uint32(0)       // one request, or one reply
	kindLedger = uint32(1 << 30) // not a request: from here on the worker keeps its ledger in shared memory
	kindChunk  = uint32(1 << 31) // several requests, each with a length of four bytes before it

	statusOK      = 0 // the answer follows
	statusError   = 1 // an error's text follows
	statusSkipped = 2 // the request was called off before it began
)

var errChunk = errors.New("reading a chunk of requests: the lengths in it do not add up, something else writes to this stream")

func appendHead(buf []byte, kind uint32, size int) []byte {
	return binary.LittleEndian.AppendUint32(buf, kind|uint32(size))
}

// readFrame reads one frame. What it returns is valid until the next read: a
// frame that fits stays in r's buffer, a longer one is read into buf, which is
// made larger where needed and returned as kept. It returns io.EOF only between
// two frames.
func readFrame(r *bufio.Reader, buf []byte) (payload []byte, kind uint32, kept []byte, err error) {
	head, err := r.Peek(frameHead)
	if err != nil {
		if err == io.EOF && len(head) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, 0, buf, err
	}
	kind, size := split(head)
	if size > maxFrame || kind != kindOne && kind != kindLedger && kind != kindChunk {
		return nil, 0, buf, fmt.Errorf("a frame of %d bytes: the limit is %d, something else writes to this stream", kind|uint32(size), maxFrame)
	}
	if frameHead+size <= r.Size() {
		whole, err := r.Peek(frameHead + size)
		if err != nil {
			return nil, 0, buf, cutOff(err)
		}
		_, _ = r.Discard(len(whole))
		return whole[frameHead:len(whole):len(whole)], kind, buf, nil
	}
	_, _ = r.Discard(frameHead)
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	if _, err := io.ReadFull(r, buf[:size]); err != nil {
		return nil, 0, buf, cutOff(err)
	}
	return buf[:size:size], kind, buf, nil
}

func split(head []byte) (kind uint32, size int) {
	h := binary.LittleEndian.Uint32(head)
	return h &^ sizeBits, int(h & sizeBits)
}

func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// hasFrame says whether a whole frame lies in the buffer, so that reading it
// does not wait.
func hasFrame(r *bufio.Reader) bool {
	have := r.Buffered()
	if have < frameHead {
		return false
	}
	head, _ := r.Peek(frameHead)
	_, size := split(head)
	return have >= frameHead+size
}

// cutChunk takes the first request off a chunk's payload.
func cutChunk(payload []byte) (request, rest []byte, err error) {
	if len(payload) < frameHead {
		return nil, nil, errChunk
	}
	size := int(binary.LittleEndian.Uint32(payload))
	if payload = payload[frameHead:]; size > len(payload) {
		return nil, nil, errChunk
	}
	return payload[:size:size], payload[size:], nil
}
