package ipc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a child process.
type Process struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	status Status // once ended is closed
	err    error
}

// Status is how a process ended.
type Status struct {
	Code   int            // its exit code: 0 if it was done, or killed
	Signal syscall.Signal // what killed it, 0 if nothing did
}

// Done says whether the process ended by itself and without an error.
func (s Status) Done() bool { return s == Status{} }

func (s Status) String() string {
	switch {
	case s.Signal != 0:
		return "signal: " + s.Signal.String()
	case s.Code != 0:
		return fmt.Sprintf("exit code %d", s.Code)
	}
	return "done"
}

// Start starts a child. A daemon is killed when this process ends, however it
// ends; another child outlives it.
//
// The kernel kills a daemon when the thread that started it ends, not only when
// the whole process does (prctl(2), PR_SET_PDEATHSIG). Go ends a thread when a
// goroutine that is locked to it returns. So each child gets a thread of its own,
// which starts it and stays until it has ended.
func Start(cmd *exec.Cmd, daemon bool) (*Process, error) {
	if err := setDaemon(cmd, daemon); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = lastGasp
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.status, p.err = outcome(cmd.Wait(), cmd.ProcessState)
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return p, nil
}

// lastGasp is how long the output of a process that ended is waited for: it is in
// the pipe already, but something that the process started may hold that open.
const lastGasp = 250 * time.Millisecond

// outcome tells the end of a process from a failure to copy its output.
func outcome(err error, state *os.ProcessState) (Status, error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	if state == nil {
		return Status{Code: -1}, err
	}
	return statusOf(state), err
}

// Pid is the child's process number.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Join waits until the child has ended. When its context ends it gives up
// waiting, not the child. Another error says that the child's output could not be
// copied.
func (p *Process) Join(ctx context.Context) (Status, error) {
	select {
	case <-p.ended:
	default:
		select {
		case <-p.ended:
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
	}
	if p.err != nil {
		return p.status, fmt.Errorf("waiting for process %d: %w", p.Pid(), p.err)
	}
	return p.status, nil
}

// Alive says whether the child has not ended, or not been seen to.
func (p *Process) Alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Terminate asks the child to end (SIGTERM). It does nothing if it has ended.
func (p *Process) Terminate() error { return p.signal(syscall.SIGTERM) }

// Kill ends the child at once (SIGKILL). It does nothing if it has ended.
func (p *Process) Kill() error { return p.signal(syscall.SIGKILL) }

func (p *Process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %v to process %d: %w", s, p.Pid(), err)
	}
	return nil
}
