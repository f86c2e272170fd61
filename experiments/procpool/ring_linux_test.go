package procpool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// full is a ring, and a text longer than it. Its counters stand shortly before
// they wrap around.
func full() (*ring, []byte) {
	r := &ring{}
	r.head.Store(-70_000 & (1<<32 - 1))
	r.tail.Store(r.head.Load())
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	return r, text
}

// Pieces of any length go in, others come out, and the reader is behind at
// times and waits at times.
func TestARingIsAStream(t *testing.T) {
	for _, c := range []struct {
		name        string
		write, read int // longest piece
	}{
		{"long writes, short reads", 200_000, 300},
		{"short writes, long reads", 300, 200_000},
		{"as long as the ring", ringSize + 1, ringSize + 1},
		{"small change", 9, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, text := full()
			if c.write < 10 {
				text = text[:100_000]
			}
			go func() {
				random := rand.New(rand.NewPCG(3, 4))
				for rest := text; len(rest) > 0; {
					n := min(len(rest), 1+random.IntN(c.write))
					if wrote, err := r.Write(rest[:n]); wrote != n || err != nil {
						t.Errorf("wrote %d of %d, %v", wrote, n, err)
						break
					}
					rest = rest[n:]
				}
				_ = r.Close()
			}()
			random := rand.New(rand.NewPCG(5, 6))
			var got []byte
			buf := make([]byte, c.read)
			for {
				n, err := r.Read(buf[:1+random.IntN(c.read)])
				got = append(got, buf[:n]...)
				if err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					break
				}
			}
			if !bytes.Equal(got, text) {
				t.Errorf("%d bytes came out, %d went in, and they differ", len(got), len(text))
			}
		})
	}
}

func TestAClosedRing(t *testing.T) {
	r, text := full()
	ended := make(chan error)
	go func() {
		_, err := r.Write(text) // does not fit: it waits for a reader
		ended <- err
	}()
	buf := make([]byte, 1)
	if n, err := r.Read(buf); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	_ = r.Close()
	if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the writer that waited: %v", err)
	}
	if n, err := r.Write(buf); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a later writer: %d, %v", n, err)
	}
	rest, err := io.ReadAll(r)
	if err != nil || len(rest) < ringSize-1 || !bytes.Equal(rest, text[1:1+len(rest)]) {
		t.Errorf("what was in it: %d bytes, %v", len(rest), err)
	}
}
