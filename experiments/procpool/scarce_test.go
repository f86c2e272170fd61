//go:build unix

package procpool_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parcon/experiments/procpool"
)

// fill takes all descriptors that this process may have, and returns what gives them
// back.
func fill(t *testing.T) func() {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = 100
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		files = append(files, f)
	}
	return func() {
		for _, f := range files {
			_ = f.Close()
		}
		_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	}
}

// What a worker needs to start may be others' for a moment: it is tried again, until
// nobody needs it any more.
func TestAWorkerStartsWhenThereAreDescriptorsAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(workers int) *procpool.Pool) {
		later := func() { time.AfterFunc(50*time.Millisecond, fill(t)) }
		later()
		p := start(1)
		if _, err := p.Do(t.Context(), []byte{exit}); err == nil {
			t.Error("a dead worker answered")
		}
		later()
		if answer := do(t, p, echo); answer != string(echo) {
			t.Errorf("a second worker said %q", answer)
		}
		if _, err := p.Do(t.Context(), []byte{exit}); err == nil {
			t.Error("a dead worker answered")
		}
		free := fill(t)
		defer free()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := p.Do(ctx, []byte{echo}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without descriptors: %v", err)
		}
		f := p.Submit(t.Context(), []byte{echo}, nil)
		p.Terminate()
		if _, err := f.Wait(t.Context()); !errors.Is(err, procpool.ErrTerminated) {
			t.Errorf("a request that was left: %v", err)
		}
		if err := p.Join(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
