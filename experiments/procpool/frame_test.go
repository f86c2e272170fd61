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
	var b []byte
	for _, p := range payloads {
		b = append(appendHead(b, kindOne, len(p)), p...)
	}
	return b
}

func TestFramesComeBack(t *testing.T) {
	payloads := [][]byte{{}, {1}, bytes.Repeat([]byte("long"), 50_000), {}, []byte("last")}
	r := bufio.NewReaderSize(bytes.NewReader(frames(payloads...)), 16)
	var kept []byte
	for i, want := range payloads {
		got, kind, k, err := readFrame(r, kept)
		if kept = k; err != nil || kind != kindOne || !bytes.Equal(got, want) {
			t.Fatalf("frame %d: %d bytes, %v, want %d", i, len(got), err, len(want))
		}
	}
	if _, _, _, err := readFrame(r, kept); err != io.EOF {
		t.Errorf("after the last: %v, want EOF", err)
	}
}

func TestATruncatedFrameIsUnexpected(t *testing.T) {
	whole := frames([]byte("payload"))
	for length := 1; length < len(whole); length++ {
		if _, _, _, err := readFrame(bufio.NewReader(bytes.NewReader(whole[:length])), nil); err != io.ErrUnexpectedEOF {
			t.Errorf("cut after %d bytes: %v", length, err)
		}
	}
}

func TestAnOverlongFrameIsRefused(t *testing.T) {
	text := "HTTP/1.1 200 OK" // a length of 1,347,703,880 bytes
	if _, _, _, err := readFrame(bufio.NewReader(strings.NewReader(text)), nil); err == nil || !strings.Contains(err.Error(), "1347703880 bytes") {
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

// What is finished goes out before a panic ends the process, and the panic goes
// on.
func TestServeAnswersBeforeItPanics(t *testing.T) {
	var out bytes.Buffer
	defer func() {
		if p := recover(); p != "boom" || !bytes.Equal(out.Bytes(), frames([]byte("\x00a"))) {
			t.Errorf("panic %v, replies %q", p, out.Bytes())
		}
	}()
	_ = Serve(bytes.NewReader(frames([]byte("a"), []byte("b"), []byte("c"))), &out, func(request, reply []byte) ([]byte, error) {
		if string(request) == "b" {
			panic("boom")
		}
		return append(reply, request...), nil
	})
}

// A chunk that is no chunk is refused.
func TestServeRefusesABrokenChunk(t *testing.T) {
	in := append(appendHead(nil, kindChunk, 6), frames([]byte("cut off"))[:6]...)
	if err := Serve(bytes.NewReader(in), io.Discard, nil); err != errChunk {
		t.Errorf("error %v", err)
	}
}

// Whatever is in a chunk, its requests come off as they were put in, or it is
// refused.
func FuzzChunk(f *testing.F) {
	f.Add(frames([]byte("one"), nil, []byte("three")))
	f.Add(frames([]byte("cut off"))[:6])
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, text []byte) {
		var read [][]byte
		for rest := text; len(rest) > 0; {
			request, r, err := cutChunk(rest)
			if err != nil {
				return
			}
			read, rest = append(read, request), r
		}
		if !bytes.Equal(frames(read...), text) {
			t.Fatalf("%q was read as %q", text, read)
		}
	})
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
			frame, kind, _, err := readFrame(r, nil)
			if err != nil {
				if whole := frames(read...); !bytes.HasPrefix(text, whole) || err == io.EOF && len(whole) != len(text) {
					t.Fatalf("%q was read as %q, %v", text, read, err)
				}
				return
			}
			if kind != kindOne {
				return // others may hold what they like
			}
			read = append(read, bytes.Clone(frame))
		}
	})
}
