package ipc_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

// pipe makes a pipe whose ends are closed when the test ends.
func pipe(t testing.TB) (a, b *ipc.End) {
	t.Helper()
	a, b, err := ipc.NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(a.Close(), b.Close(), a.Close()); err != nil {
			t.Error(err)
		}
	})
	return a, b
}

func TestAPipeGoesBothWaysToAProcess(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	p := start(t, objects(b), "echo")
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := soon()
	defer cancel()
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 3 << 20} {
		message := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := a.Send(ctx, message); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Recv(ctx); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
	// The child ends with the pipe, and this end sees that.
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	done(t, p)
}

// The end of file comes when the last copy of the other end is closed: here the
// one of a child that is killed.
func TestAPipeEndsWithItsLastCopy(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	p := start(t, objects(b), "echo")
	ctx, cancel := soon()
	defer cancel()
	if err := errors.Join(a.Send(ctx, []byte("there?")), b.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Recv(ctx); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	if _, err := a.Recv(short); err != context.DeadlineExceeded {
		t.Errorf("with a copy in the child: %v", err)
	}
	if _, err := a.TryRecv(); err != ipc.ErrEmpty {
		t.Error(err)
	}
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
	if _, err := a.Recv(ctx); err != io.EOF {
		t.Errorf("with no copy: %v", err)
	}
	if err := a.Send(ctx, nil); err != io.ErrClosedPipe {
		t.Errorf("sending to nobody: %v", err)
	}
}

// What was sent before the end is received before the end is, also when the other
// end left with messages that it never took.
func TestAPipeKeepsWhatWasSent(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	ctx, cancel := soon()
	defer cancel()
	if err := errors.Join(a.Send(ctx, []byte("never taken")), b.Send(ctx, []byte("1")), b.Send(ctx, nil), b.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", ""} {
		if got, err := a.Recv(ctx); string(got) != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if _, err := a.Recv(ctx); err != io.EOF {
		t.Error(err)
	}
	if _, err := a.TryRecv(); err != io.EOF {
		t.Error(err)
	}
}

func TestAPipeWhoseOtherEndLeft(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	ctx, cancel := soon()
	defer cancel()
	if err := errors.Join(a.Send(ctx, []byte("never taken")), b.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Send(ctx, []byte("x")); err != io.ErrClosedPipe {
			t.Error(err)
		}
	}
}

func TestAFullPipeWaits(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	ctx, cancel := soon()
	defer cancel()
	sent := 0
	for {
		short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
		err := a.Send(short, make([]byte, 40_000))
		cancel()
		if err == context.DeadlineExceeded {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
	}
	for range sent {
		if got, err := b.TryRecv(); len(got) != 40_000 || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	if _, err := b.TryRecv(); err != ipc.ErrEmpty {
		t.Error(err)
	}
	if err := a.Send(ctx, make([]byte, ipc.MaxMessage+1)); !errors.Is(err, ipc.ErrTooLong) {
		t.Error(err)
	}
}

// A long message whose sender gave up is dropped; the next one is whole.
func TestAMessageThatWasCutOff(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	ctx, cancel := soon()
	defer cancel()
	short, cancel := context.WithTimeout(ctx, 2*time.Millisecond)
	defer cancel()
	if err := a.Send(short, make([]byte, 10<<20)); err != context.DeadlineExceeded {
		t.Fatal(err)
	}
	if _, err := b.TryRecv(); err != ipc.ErrEmpty {
		t.Error(err)
	}
	if err := a.Send(ctx, []byte("next")); err != nil {
		t.Error(err)
	}
	if got, err := b.Recv(ctx); string(got) != "next" || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestCloseEndsAReceive(t *testing.T) {
	proctest.Tidy(t)
	a, _ := pipe(t)
	got := make(chan error)
	go func() { _, err := a.Recv(context.Background()); got <- err }()
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := <-got; !errors.Is(err, ipc.ErrClosed) {
		t.Error(err)
	}
}

// Many senders at both ends: every message comes whole, those of a sender in
// order.
func TestAPipeMixesNothing(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	ctx, cancel := soon()
	defer cancel()
	const each = 150
	var wg sync.WaitGroup
	for _, end := range []*ipc.End{a, b} {
		for sender := range 3 {
			wg.Go(func() {
				for i := range each {
					message := bytes.Repeat([]byte{byte(sender), byte(i)}, 1+i*500)
					if err := end.Send(ctx, message); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Go(func() {
			var last [3]int
			for range 3 * each {
				message, err := end.Recv(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				sender, i := message[0], message[1]
				if !bytes.Equal(message, bytes.Repeat([]byte{sender, i}, 1+int(i)*500)) || int(i) != last[sender] {
					t.Errorf("%d bytes, number %d of %d after %d", len(message), i, sender, last[sender])
					return
				}
				last[sender]++
			}
		})
	}
	wg.Wait()
}

// Whatever packets come, a receive returns messages or errors.
func TestAPipeOfNonsense(t *testing.T) {
	proctest.Tidy(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b, err := ipc.NewPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		defer b.Close()
		for range rapid.IntRange(1, 8).Draw(t, "packets") {
			packet := rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "packet")
			if len(packet) >= 8 && rapid.Bool().Draw(t, "plausible") {
				binary.LittleEndian.PutUint32(packet, rapid.Uint32Range(0, 60).Draw(t, "length"))
				binary.LittleEndian.PutUint32(packet[4:], rapid.Uint32Range(0, 60).Draw(t, "at"))
			}
			if err := syscall.Sendto(int(a.File().Fd()), packet, syscall.MSG_DONTWAIT, nil); err != nil {
				t.Fatal(err)
			}
			if message, err := b.TryRecv(); err == nil && len(message) > 60 {
				t.Fatalf("%d bytes", len(message))
			} else if err != nil && err != ipc.ErrEmpty && !errors.Is(err, ipc.ErrCorrupt) {
				t.Fatal(err)
			}
		}
		// Then a message comes through as ever.
		ctx, cancel := soon()
		defer cancel()
		if err := a.Send(ctx, []byte("sense")); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Recv(ctx); string(got) != "sense" || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	})
}

// A sender that ends in the middle of a message: that is no clean end.
func TestAMessageThatBreaksOffIsNoEnd(t *testing.T) {
	proctest.Tidy(t)
	for name, recv := range map[string]func(ctx context.Context, e *ipc.End) ([]byte, error){
		"waits":    func(ctx context.Context, e *ipc.End) ([]byte, error) { return e.Recv(ctx) },
		"does not": func(_ context.Context, e *ipc.End) ([]byte, error) { return e.TryRecv() },
	} {
		a, b := pipe(t)
		ctx, cancel := soon()
		defer cancel()
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		if err := b.Send(ctx, []byte("whole")); err != nil {
			t.Fatal(err)
		}
		if err := b.Send(short, make([]byte, 3<<20)); err != context.DeadlineExceeded {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		for _, want := range []error{nil, io.ErrUnexpectedEOF, io.EOF, io.EOF} {
			if _, err := recv(ctx, a); err != want {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
}
