package usage

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// What a process holds is in its PSS.
func TestPSS(t *testing.T) {
	r, err := OpenPSS(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	before, err := r.PSS()
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		held[i] = 1
	}
	after, err := r.PSS()
	if again, failed := PSS(os.Getpid()); failed != nil || again < size {
		t.Errorf("%d bytes, %v", again, failed)
	}
	if grown := after - before; err != nil || grown < size/2 || grown > 4*size { // a race detector keeps as much again, and more
		t.Errorf("%d bytes more after %d were written, %v", grown, size, err)
	}
	_ = held[size-1]
	if _, err := PSS(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no process: %v", err)
	}
}
