package echo_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"parcon/experiments/echo"
)

func Example() {
	request := echo.Request{Number: 7, Units: 3, Payload: []byte("hello")}
	var requests echo.Decoder[echo.Request] // a server's
	requests.Filled(copy(requests.Room(), request.Append(nil)))
	got, whole, err := requests.Next()
	fmt.Println(got.Number, got.Units, string(got.Payload), whole, err)

	var answers echo.Decoder[echo.Answer] // its client's
	answers.Filled(copy(answers.Room(), got.Answer().Append(nil)))
	answer, whole, err := answers.Next()
	fmt.Println(answer.Number, string(answer.Payload), answer.Right(request), whole, err)
	// Output:
	// 7 3 hello true <nil>
	// 7 hello true true <nil>
}

// some are requests of every kind.
func some() []echo.Request {
	list := []echo.Request{
		{},
		{Number: math.MaxUint64, Units: 2, Payload: []byte("x")},
		{Number: 1, Units: 0, Payload: bytes.Repeat([]byte("long "), echo.MaxPayload/5)},
		{Number: 2, Payload: make([]byte, echo.MaxPayload)},
	}
	for n, crash := range echo.Crashes {
		list = append(list, echo.Request{Number: uint64(n), Crash: crash, Payload: []byte("bang")})
	}
	return list
}

// feed decodes bytes that come in pieces of a size.
func feed[M interface {
	echo.Request | echo.Answer
}](t *testing.T, next func() (M, bool, error), room func() []byte, filled func(int), b []byte, piece int, each func(M)) error {
	t.Helper()
	for len(b) > 0 {
		n := copy(room(), b[:min(piece, len(b))])
		filled(n)
		b = b[n:]
		for {
			m, whole, err := next()
			if err != nil {
				return err
			}
			if !whole {
				break
			}
			each(m)
		}
	}
	return nil
}

func TestMessagesInPieces(t *testing.T) {
	for _, http := range []bool{false, true} {
		var sent []byte
		for _, r := range some() {
			if http {
				sent = r.AppendHTTP(sent)
			} else {
				sent = r.Append(sent)
			}
		}
		for _, piece := range []int{1, 3, 16, 1000, len(sent)} {
			d := echo.Decoder[echo.Request]{HTTP: http}
			left := some()
			err := feed(t, d.Next, d.Room, d.Filled, sent, piece, func(r echo.Request) {
				want := left[0]
				left = left[1:]
				if r.Number != want.Number || r.Units != want.Units || r.Crash != want.Crash || !bytes.Equal(r.Payload, want.Payload) {
					t.Errorf("HTTP %v, pieces of %d: %d %d %v, want %d %d %v", http, piece, r.Number, r.Units, r.Crash, want.Number, want.Units, want.Crash)
				}
			})
			if err != nil || len(left) > 0 || d.End() != nil {
				t.Errorf("HTTP %v, pieces of %d: %v, %d left, %v", http, piece, err, len(left), d.End())
			}
		}
	}
}

func TestAnswersInPieces(t *testing.T) {
	plain, inBody := []byte{}, []byte{}
	for _, r := range some() {
		frame := r.Answer().Append(nil)
		plain = append(plain, frame...)
		inBody = append(fmt.Appendf(inBody, "HTTP/1.1 200 OK\r\nDate: today\r\ncontent-length: %d\r\n\r\n", len(frame)), frame...)
	}
	for http, sent := range map[bool][]byte{false: plain, true: inBody} {
		for _, piece := range []int{1, 7, 4096} {
			d, left := echo.Decoder[echo.Answer]{HTTP: http}, some()
			err := feed(t, d.Next, d.Room, d.Filled, sent, piece, func(a echo.Answer) {
				if !a.Right(left[0]) {
					t.Errorf("HTTP %v, pieces of %d: a wrong answer to %d", http, piece, left[0].Number)
				}
				left = left[1:]
			})
			if err != nil || len(left) > 0 {
				t.Errorf("HTTP %v, pieces of %d: %v, %d left", http, piece, err, len(left))
			}
		}
	}
}

func TestGarbage(t *testing.T) {
	head := "POST / HTTP/1.1\r\nContent-Length: "
	for _, c := range []struct {
		http bool
		sent string
		want error
	}{
		{false, "GET / HTTP/1.1\r\n\r\n", echo.ErrLength},
		{false, "\x0b\x00\x00\x00", echo.ErrLength}, // shorter than a head
		{false, "\x0d\x00\x01\x00", echo.ErrLength}, // one byte too long
		{false, "\xff\xff\xff\xff", echo.ErrLength}, //
		{false, "\x0c\x00\x00\x0012345678\xff\xff\xff\x7f", echo.ErrUnits},
		{false, "\x0c\x00\x00\x0012345678\xff\xff\xff\xff", echo.ErrUnits}, // no such crash
		{false, "\x0c\x00\x00\x0012345678\x00\xff\xff\xff", echo.ErrUnits}, // no crash is none either
		{true, "what?\r\n\r\n", echo.ErrHTTP},
		{true, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", echo.ErrHTTP},
		{true, "POST / HTTP/1.1\r\n\r\n", echo.ErrHTTP},
		{true, head + "-1\r\n\r\n", echo.ErrHTTP},
		{true, head + "0\r\n\r\n", echo.ErrLength},
		{true, head + "17\r\n\r\n\x0c\x00\x00\x00", echo.ErrLength}, // the two lengths differ
		{true, string(bytes.Repeat([]byte("x"), 5000)), echo.ErrHTTP},
	} {
		d := echo.Decoder[echo.Request]{HTTP: c.http}
		err := feed(t, d.Next, d.Room, d.Filled, []byte(c.sent), 11, func(echo.Request) { t.Errorf("%.40q has a request", c.sent) })
		if !errors.Is(err, c.want) || !errors.Is(d.End(), c.want) {
			t.Errorf("%.40q: %v, then %v, want %v", c.sent, err, d.End(), c.want)
		}
	}
}

func TestTruncated(t *testing.T) {
	frame := echo.Request{Payload: []byte("cut")}.Append(nil)
	for n := range frame {
		var d echo.Decoder[echo.Request]
		d.Filled(copy(d.Room(), frame[:n]))
		if _, whole, err := d.Next(); whole || err != nil {
			t.Errorf("%d bytes of %d: %v, %v", n, len(frame), whole, err)
		}
		if err := d.End(); (n > 0) != errors.Is(err, echo.ErrTruncated) {
			t.Errorf("the end after %d bytes: %v", n, err)
		}
	}
}

func TestAResultIsThatOfTheWork(t *testing.T) {
	for _, number := range []uint64{0, 1, 1 << 63, math.MaxUint64} {
		for _, units := range []uint32{0, 1, 2, 3, 100, 257} {
			if got, want := echo.Result(number, units), echo.Work(number, units); got != want {
				t.Errorf("%d units for %d: %x, want %x", units, number, got, want)
			}
		}
	}
	r := echo.Request{Number: 5, Units: 2, Payload: []byte("p")}
	for what, a := range map[string]echo.Answer{
		"another number":  {Number: 6, Result: echo.Result(6, 2), Payload: r.Payload},
		"no work":         {Number: 5, Result: 5, Payload: r.Payload},
		"another payload": {Number: 5, Result: echo.Result(5, 2), Payload: []byte("q")},
	} {
		if a.Right(r) {
			t.Errorf("%s is right", what)
		}
	}
}

func TestUnits(t *testing.T) {
	unit := echo.Calibrate()
	if unit <= 0 {
		t.Errorf("a unit takes %v", unit)
	}
	for long, want := range map[time.Duration]uint32{0: 0, 100 * time.Microsecond: 91, 1400 * time.Nanosecond: 1, time.Hour: echo.MaxUnits} {
		if got := echo.Units(long, 1100*time.Nanosecond); got != want {
			t.Errorf("%v are %d units, want %d", long, got, want)
		}
	}
	if got := echo.Units(0, 0); got != 0 {
		t.Errorf("no time are %d units", got)
	}
}

// Whatever comes, in whatever pieces, gives the same messages and the same error, and
// what is decoded is encoded to the same bytes.
func FuzzDecoder(f *testing.F) {
	for _, r := range some()[:2] {
		f.Add(r.Append(nil), 3, false)
		f.Add(r.AppendHTTP(nil), 5, true)
	}
	f.Add([]byte("\xff\xff\xff\xff"), 1, false)
	f.Fuzz(func(t *testing.T, b []byte, piece int, http bool) {
		decode := func(piece int) (encoded []byte, err error) {
			d := echo.Decoder[echo.Request]{HTTP: http}
			err = feed(t, d.Next, d.Room, d.Filled, b, piece, func(r echo.Request) { encoded = r.Append(encoded) })
			return encoded, errors.Join(err, d.End())
		}
		whole, err := decode(len(b) + 1)
		pieces, errPieces := decode(max(1, piece))
		if !bytes.Equal(whole, pieces) || fmt.Sprint(err) != fmt.Sprint(errPieces) {
			t.Errorf("at once %q, %v; in pieces %q, %v", whole, err, pieces, errPieces)
		}
		if !http && !bytes.HasPrefix(b, whole) {
			t.Errorf("%q is encoded as %q", b, whole)
		}
	})
}
