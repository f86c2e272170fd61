//go:build unix

package procpool_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// apart lets a process leave its parent's group, so that no kill reaches it.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// What a handler may do to the descriptors that its pool's messages go through.
var spoilers = map[string]func(fd int){
	"garbage":           func(fd int) { _, _ = unix.Write(fd, []byte("hello, this is no frame")) },
	"half a frame":      func(fd int) { _, _ = unix.Write(fd, []byte{0, 1, 0, 0, 'h'}) },
	"half a head":       func(fd int) { _, _ = unix.Write(fd, []byte{0, 1}) },
	"a frame of 4 GB":   func(fd int) { _, _ = unix.Write(fd, []byte{255, 255, 255, 255}) },
	"a frame of 64 MiB": func(fd int) { _, _ = unix.Write(fd, []byte{0, 0, 0, 4}) },
	"closed":            func(fd int) { _ = unix.Close(fd) },
	"reads":             func(fd int) { go unix.Read(fd, make([]byte, 100)) },
}

// spoilStreams does it to all pipes but standard error, or stops the process.
func spoilStreams(how string) {
	if how == "stops" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		return
	}
	for fd := range 64 {
		var stat unix.Stat_t
		if fd != 1 && fd != 2 && unix.Fstat(fd, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFIFO {
			spoilers[how](fd)
		}
	}
}

// Whatever a worker did to the stream: within some deadlines there is another one,
// and no answer is wrong.
func TestADeadlineReplacesAStuckWorker(t *testing.T) {
	hows := []string{"stops"}
	for how := range spoilers {
		hows = append(hows, how)
	}
	onBoth(t, func(t *testing.T, start func(workers int) *procpool.Pool) {
		for _, how := range hows {
			t.Run(how, func(t *testing.T) {
				t.Parallel()
				p := start(1)
				recovers(t, p, append([]byte{spoil}, how...), string(spoil))
				closed(t, p)
			})
		}
	})
}

// recovers asks for something within a deadline, and then for echoes until there is
// one.
func recovers(t *testing.T, p *procpool.Pool, request []byte, want string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		answer, err := p.Do(ctx, request)
		cancel()
		if err == nil && string(answer) != want {
			t.Errorf("asked %q, it said %q", request, answer)
		}
		if err == nil && want == string(echo) {
			return
		}
		request, want = []byte{echo}, string(echo)
		if time.Now().After(end) {
			t.Fatalf("no worker answers: %v", err)
		}
	}
}

// One that never reads, and leaves a process that holds its streams.
func TestADeadlineEndsAWorkerThatNeverReads(t *testing.T) {
	proctest.Tidy(t)
	for _, role := range []string{"deaf", "deaf family"} {
		p, err := procpool.Start(self(t, role), procpool.Options{Workers: 1, Env: []string{proctest.QuickExit}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if answer, err := p.Do(ctx, make([]byte, 1<<20)); err == nil {
			t.Errorf("%s: it said %q", role, answer)
		}
		within(t, role, p.Close)
	}
}

// A process that a worker started before it served holds its output still.
func TestALeftProcessDoesNotDelayClose(t *testing.T) {
	proctest.Tidy(t)
	p, err := procpool.Start(self(t, "family"), procpool.Options{Workers: 1, Env: []string{proctest.QuickExit}})
	if err != nil {
		t.Fatal(err)
	}
	do(t, p, echo)
	within(t, "family", p.Close)
}

// within fails if something hangs: what is left by the workers lives for 20 s.
func within(t *testing.T, name string, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%s hangs", name)
	}
}
