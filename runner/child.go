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
	if err := proc.Start(t.cmd); err != nil {
		return nil, fmt.Errorf("starting a trial's process: %w", err)
	}
	t.ctx, t.cancel = context.WithTimeout(parent, c.Timeout)
	t.stop = context.AfterFunc(t.ctx, func() { proc.Kill(t.cmd) })
	_, _ = t.in.Write(append(order, '\n')) // a child that is gone says why below
	line, err := t.out.ReadString('\n')
	if err != nil {
		return nil, t.failed("it ended before it was ready")
	}
	if line != protocol.Ready+"\n" {
		return nil, t.misspoke(fmt.Sprintf("it printed %q where %q was due", line, protocol.Ready))
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
		return nil, t.misspoke(fmt.Sprintf("its result %q is not JSON: %v", line, err))
	}
	if len(m) == 0 {
		return nil, t.misspoke(fmt.Sprintf("its result %q holds no value", line))
	}
	if ended := t.end(); ended != nil {
		return nil, fmt.Errorf("the trial's process failed after its result: %w", t.lastWords(ended))
	}
	state := t.cmd.ProcessState
	m[protocol.ProcessCPU] = float64(state.UserTime() + state.SystemTime())
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

// failed ends a trial that stopped speaking and says why: it took too long, or
// its own words if it said any, or how it ended.
func (t *Trial) failed(otherwise string) error {
	if t.ctx.Err() == nil {
		// What the child has to say about its end is on its way.
		_ = t.in.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(t.out, 1<<20))
	}
	proc.Kill(t.cmd)
	ended := t.end()
	words := t.lastWords(nil)
	switch {
	case t.timedOut():
		return fmt.Errorf("no result within %v: give it longer with --timeout", t.timeout)
	case words != nil:
		return words
	case ended != nil:
		return fmt.Errorf("the trial's process ended: %w", ended)
	}
	return errors.New(otherwise)
}

// misspoke ends a trial that said something else than it should. It is killed
// before it can notice and complain of that: the reason is what it said.
func (t *Trial) misspoke(reason string) error {
	proc.Kill(t.cmd)
	_ = t.end()
	if words := t.lastWords(nil); words != nil {
		return fmt.Errorf("%s: %w", reason, words)
	}
	return errors.New(reason)
}

// timedOut says whether an ended trial was ended because it took too long.
func (t *Trial) timedOut() bool { return errors.Is(t.ctx.Err(), context.DeadlineExceeded) }

// lastWords is the first line that an ended child wrote to standard error, or
// otherwise if it wrote none.
func (t *Trial) lastWords(otherwise error) error {
	if line := proc.FirstLine(t.stderr.String()); line != "" {
		return errors.New(line)
	}
	return otherwise
}
