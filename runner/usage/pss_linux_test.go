package usage

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// What a process holds is in its PSS.
func TestPSS(t *testing.T) {
	before, err := PSS(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		held[i] = 1
	}
	after, err := PSS(os.Getpid())
	if grown := after - before; err != nil || grown < size/2 || grown > 2*size {
		t.Errorf("%d bytes more after %d were written, %v", grown, size, err)
	}
	_ = held[size-1]
	if _, err := PSS(1 << 30); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no process: %v", err)
	}
}
