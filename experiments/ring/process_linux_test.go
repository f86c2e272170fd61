package ring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"parcon/experiments/ipc"
	"parcon/experiments/ring"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

const role = "PARCON_RING_TEST"

// The test binary is the other process, if it is told to be.
func TestMain(m *testing.M) {
	if os.Getenv(role) != "" {
		if err := other(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// other reads a stream and writes it back.
func other() error {
	there, err1 := ring.Open(ipc.Inherited(0))
	back, err2 := ring.Open(ipc.Inherited(1))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	in, out := there.Reader(ring.Sleeping), back.Writer(ring.Spinning)
	for p := make([]byte, 1000); ; {
		n, err := in.Read(ctx, p)
		if errors.Is(err, io.EOF) {
			back.Close()
			return nil
		}
		if err == nil {
			err = out.Write(ctx, p[:n])
		}
		if err != nil {
			return err
		}
	}
}

// between starts the other process with a ring there and one back.
func between(t *testing.T) (there, back *ring.Ring, cmd *exec.Cmd) {
	t.Helper()
	rings := make([]*ring.Ring, 2)
	for i := range rings {
		r, err := ring.New(ring.MinSize)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Free(); err != nil {
				t.Error(err)
			}
		})
		rings[i] = r
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = proc.Command([]string{self}, []string{role + "=echo", proctest.QuickExit})
	ipc.Attach(cmd, rings[0], rings[1])
	if err := proc.Start(cmd); err != nil {
		t.Fatal(err)
	}
	return rings[0], rings[1], cmd
}

func TestTwoProcesses(t *testing.T) {
	proctest.Tidy(t)
	there, back, cmd := between(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	sent := bytes.Repeat([]byte("what goes there comes back "), 10_000)
	written := make(chan error, 1)
	go func() {
		err := there.Writer(ring.Spinning).Write(ctx, sent)
		there.Close()
		written <- err
	}()
	got := make([]byte, len(sent))
	reader := back.Reader(ring.Sleeping)
	if err := errors.Join(reader.ReadFull(ctx, got), <-written); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("something else came back")
	}
	if _, err := reader.Read(ctx, got); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Whoever waits for a process that was killed waits until his deadline, and the ring is as
// good as before: another one goes on with it.
func TestTheOtherProcessIsKilled(t *testing.T) {
	proctest.Tidy(t)
	there, back, cmd := between(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	writer, reader := there.Writer(ring.Sleeping), back.Reader(ring.Sleeping)
	p := make([]byte, 100)
	if err := errors.Join(writer.Write(ctx, p), reader.ReadFull(ctx, p)); err != nil {
		t.Fatal(err)
	}
	proc.Kill(cmd)
	_ = cmd.Wait()
	late, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if err := writer.Write(late, make([]byte, 2*ring.MinSize)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("writing to nobody: %v", err)
	}
	if err := reader.ReadFull(late, p); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("reading from nobody: %v", err)
	}
	if err := there.Reader(ring.Sleeping).ReadFull(ctx, make([]byte, ring.MinSize)); err != nil {
		t.Errorf("going on with what the dead one left: %v", err)
	}
}

func TestOpenRefusesOtherThings(t *testing.T) {
	if _, err := ring.Open(nil); err == nil {
		t.Error("no file was opened as a ring")
	}
	memory, err := ipc.NewMemory(ring.MinSize)
	if err != nil {
		t.Fatal(err)
	}
	// Open takes the file over.
	if _, err := ring.Open(memory.File()); !errors.Is(err, ipc.ErrWrongKind) {
		t.Errorf("opening other memory: %v", err)
	}
}
