//go:build unix

package results_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/results"
)

func fifo(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	return path
}

// A pipe is read as long as somebody writes to it, however slowly he begins.
func TestAPipeIsRead(t *testing.T) {
	path := fifo(t)
	go func() {
		time.Sleep(50 * time.Millisecond)
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		for line := range strings.Lines(plain) {
			_, _ = f.WriteString(line)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	r, err := results.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for r.Scan() {
		n++
	}
	if n != 2 || r.Err() != nil {
		t.Errorf("%d results, %v", n, r.Err())
	}
}

// Waiting for one that stays silent ends with the context.
func TestASilentPipeIsLeft(t *testing.T) {
	path := fifo(t)
	ctx, stop := context.WithCancel(t.Context())
	writer, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	time.AfterFunc(50*time.Millisecond, stop)
	r, err := results.Open(ctx, path)
	if err == nil {
		defer r.Close()
		for r.Scan() {
		}
		err = r.Err()
	}
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Error(err)
	}
}
