package echo

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// A Decoder finds the messages in what a connection brings, in whatever pieces. Bytes
// are read into Room, Filled says how many, and Next returns message after message
// until there is none whole. Its memory is bounded by the largest message.
type Decoder[M message[M]] struct {
	HTTP bool // frames are bodies of HTTP

	buf        []byte
	start, end int // what is not decoded yet
	failed     error
}

// message is a Request or an Answer.
type message[M any] interface {
	head() int
	parse(body []byte) (M, error)
}

const (
	firstRoom = 512
	maxHead   = 4 << 10 // of HTTP
)

// Room is where the next bytes go, never empty. The payloads of messages that Next
// returned are no longer valid.
func (d *Decoder[M]) Room() []byte {
	if d.start > 0 {
		d.end = copy(d.buf, d.buf[d.start:d.end])
		d.start = 0
	}
	if d.end == len(d.buf) {
		d.buf = append(d.buf, make([]byte, max(firstRoom, len(d.buf)))...)
	}
	return d.buf[d.end:]
}

// Filled says how many bytes of the room were filled.
func (d *Decoder[M]) Filled(n int) { d.end += n }

// Next returns the next message, if it is there whole. After an error there is none.
// The payload is valid until Room is called.
func (d *Decoder[M]) Next() (m M, whole bool, err error) {
	if d.failed != nil {
		return m, false, d.failed
	}
	skip, length, err := d.frame(m.head())
	if err == nil && (length == 0 || d.end-d.start < skip+length) {
		return m, false, nil
	}
	if err == nil {
		body := d.buf[d.start+skip : d.start+skip+length : d.start+skip+length]
		d.start += skip + length
		m, err = m.parse(body)
	}
	d.failed = err
	return m, err == nil, err
}

// Empty says whether all that came was returned by Next.
func (d *Decoder[M]) Empty() bool { return d.start == d.end }

// End says what is wrong with an end here: nothing between messages.
func (d *Decoder[M]) End() error {
	if d.failed == nil && !d.Empty() {
		d.failed = ErrTruncated
	}
	return d.failed
}

// frame returns where the next message's body begins and how long it is, 0 if that is
// not to be seen yet.
func (d *Decoder[M]) frame(head int) (skip, length int, err error) {
	rest, content := d.buf[d.start:d.end], -1
	if d.HTTP {
		if skip, content, err = httpHead(rest); skip == 0 || err != nil {
			return 0, 0, err
		}
		rest = rest[skip:]
	}
	if content >= 0 && content < 4+head {
		return 0, 0, ErrLength
	}
	if len(rest) < 4 {
		return 0, 0, nil
	}
	announced := binary.LittleEndian.Uint32(rest)
	if announced < uint32(head) || announced > uint32(head+MaxPayload) || content >= 0 && content != int(announced)+4 {
		return 0, 0, ErrLength
	}
	return skip + 4, int(announced), nil
}

var headEnd = []byte("\r\n\r\n")

// httpHead returns the length of a head and the Content-Length that it tells, 0 if
// its end is not to be seen yet. A head is a request's, or that of a success.
func httpHead(b []byte) (length, content int, err error) {
	end := bytes.Index(b[:min(len(b), maxHead)], headEnd)
	if end < 0 {
		if len(b) >= maxHead {
			return 0, 0, ErrHTTP
		}
		return 0, 0, nil
	}
	lines := bytes.Split(b[:end], headEnd[:2])
	first := lines[0]
	if !bytes.HasPrefix(first, []byte("HTTP/1.1 200 ")) && !bytes.HasSuffix(first, []byte(" HTTP/1.1")) {
		return 0, 0, ErrHTTP
	}
	for _, line := range lines[1:] {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if content, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || content < 0 {
				return 0, 0, ErrHTTP
			}
			return end + len(headEnd), content, nil
		}
	}
	return 0, 0, ErrHTTP
}
