package procpool

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func frames(payloads ...[]byte) []byte {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	for _, p := range payloads {
		_ = writeFrame(w, p)
	}
	_ = w.Flush()
	return b.Bytes()
}

func TestFramesComeBack(t *testing.T) {
	payloads := [][]byte{{}, {1}, bytes.Repeat([]byte("long"), 50_000), {}, []byte("last")}
	r := bufio.NewReaderSize(bytes.NewReader(frames(payloads...)), 16)
	var buf []byte
	for i, want := range payloads {
		var err error
		if buf, err = readFrame(r, buf); err != nil || !bytes.Equal(buf, want) {
			t.Fatalf("frame %d: %d bytes, %v, want %d", i, len(buf), err, len(want))
		}
	}
	if _, err := readFrame(r, buf); err != io.EOF {
		t.Errorf("after the last: %v, want EOF", err)
	}
}

func TestATruncatedFrameIsUnexpected(t *testing.T) {
	whole := frames([]byte("payload"))
	for length := 1; length < len(whole); length++ {
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:length])), nil); err != io.ErrUnexpectedEOF {
			t.Errorf("cut after %d bytes: %v", length, err)
		}
	}
}

func TestAnOverlongFrameIsRefused(t *testing.T) {
	text := "HTTP/1.1 200 OK" // a length of 1,347,703,880 bytes
	if _, err := readFrame(bufio.NewReader(strings.NewReader(text)), nil); err == nil || !strings.Contains(err.Error(), "1347703880 bytes") {
		t.Errorf("error %v", err)
	}
}

// A worker whose stream ends between two requests ends well, else not.
func TestServeEndsWithItsInput(t *testing.T) {
	double := func(request, reply []byte) ([]byte, error) {
		if len(request) == 0 {
			return nil, errors.New("nothing to double")
		}
		return append(append(reply, request...), request...), nil
	}
	var out bytes.Buffer
	if err := Serve(bytes.NewReader(frames([]byte("ab"), nil, []byte("c"))), &out, double); err != nil {
		t.Fatal(err)
	}
	want := frames([]byte("\x00abab"), []byte("\x01nothing to double"), []byte("\x00cc"))
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("replies %q, want %q", out.Bytes(), want)
	}
	cut := frames([]byte("ab"))[:5]
	if err := Serve(bytes.NewReader(cut), &out, double); err != io.ErrUnexpectedEOF {
		t.Errorf("error %v of a request that was cut off", err)
	}
}

// Whatever arrives, frames are read as they were written or refused.
func FuzzFrame(f *testing.F) {
	f.Add(frames([]byte("one"), nil, []byte("three")))
	f.Add(frames([]byte("cut off"))[:6])
	f.Add([]byte("HTTP/1.1 200 OK"))
	f.Add([]byte{0, 0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(text), 16)
		var read [][]byte
		for {
			frame, err := readFrame(r, nil)
			if err != nil {
				if whole := frames(read...); !bytes.HasPrefix(text, whole) || err == io.EOF && len(whole) != len(text) {
					t.Fatalf("%q was read as %q, %v", text, read, err)
				}
				return
			}
			read = append(read, frame)
		}
	})
}
