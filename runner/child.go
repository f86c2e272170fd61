package runner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// A Child starts trials: the program that runs them, and how long one may take.
type Child struct {
	Program []string      // path and arguments
	Env     []string      // besides GOMAXPROCS, which the case decides
	Timeout time.Duration // of one trial, its preparation included
}

// Try runs one trial. The child and all that it started are gone when Try
// returns.
func (c Child) Try(ctx context.Context, of Case) (protocol.Measurement, error) {
	t, err := c.Start(ctx, of)
	if err != nil {
		return nil, err
	}
	return t.Measure()
}

// A Trial is a child that is ready to begin.
type Trial struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  bytes.Buffer
	ctx     context.Context
	cancel  context.CancelFunc
	timeout time.Duration
	stop    func() bool
}

// Start starts a trial's process and returns when it is ready to begin.
func (c Child) Start(parent context.Context, of Case) (*Trial, error) {
	order, err := json.Marshal(of.Order)
	if err != nil {
		return nil, fmt.Errorf("encoding the order of %s: %w", of.Variant, err)
	}
	t := &Trial{timeout: c.Timeout}
	t.cmd = proc.Command(c.Program, append([]string{fmt.Sprintf("GOMAXPROCS=%d", of.Procs)}, c.Env...))
	t.cmd.Stderr = &t.stderr
	// A grandchild that is stuck in the kernel may hold standard error open.
	t.cmd.WaitDelay = time.Second
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("making a pipe for a trial: %w", err)
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for a trial: %w", err)
	}
	t.out = bufio.NewReader(out)
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a trial's process: %w", err)
	}
	t.ctx, t.cancel = context.WithTimeout(parent, c.Timeout)
	t.stop = context.AfterFunc(t.ctx, func() { proc.Kill(t.cmd) })
	_, _ = t.in.Write(append(order, '\n')) // a child that is gone says why below
	line, err := t.out.ReadString('\n')
	if err != nil || line != protocol.Ready+"\n" {
		return nil, t.failed(fmt.Sprintf("it printed %q where %q was due", line, protocol.Ready))
	}
	return t, nil
}

// Measure lets a ready trial run and returns what it measured.
func (t *Trial) Measure() (protocol.Measurement, error) {
	_, _ = io.WriteString(t.in, "\n")
	line, err := t.out.ReadBytes('\n')
	if err != nil {
		return nil, t.failed("it ended without a result")
	}
	var m protocol.Measurement
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, t.failed(fmt.Sprintf("its result %q is not JSON: %v", line, err))
	}
	if err := t.end(); err != nil {
		return nil, fmt.Errorf("the trial's process failed after its result: %w", err)
	}
	return m, nil
}

// end lets the child go and waits for it.
func (t *Trial) end() error {
	err := t.cmd.Wait()
	_ = t.in.Close()
	// The group goes too: a child that ended well may have left a process.
	t.stop()
	t.cancel()
	proc.Kill(t.cmd)
	return err
}

// failed ends the trial and says why it failed: its own words if it said any,
// else how it ended.
func (t *Trial) failed(otherwise string) error {
	timedOut := errors.Is(t.ctx.Err(), context.DeadlineExceeded)
	if !timedOut {
		// What the child has to say about its end is on its way.
		_ = t.in.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(t.out, 1<<20))
		timedOut = errors.Is(t.ctx.Err(), context.DeadlineExceeded)
	}
	proc.Kill(t.cmd)
	err := t.end()
	words := firstLine(t.stderr.String())
	switch {
	case timedOut:
		return fmt.Errorf("no result within %v: give it longer with --timeout", t.timeout)
	case words != "":
		return errors.New(words)
	case err != nil:
		return fmt.Errorf("the trial's process ended: %w", err)
	}
	return errors.New(otherwise)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
