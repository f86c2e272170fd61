package peer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// Linger is how long a process may take to end that has nothing more to do.
const Linger = 10 * time.Second

// A Process is one that was started and is talked to.
type Process struct {
	Cmd *exec.Cmd
	Talk
	complaint bytes.Buffer
	once      sync.Once   // for the wait, which two may want to make
	gone      atomic.Bool // it was waited for
	stopped   atomic.Bool // how it ends is our doing, and no news
}

// Start starts a command that has no standard input and output yet. Its standard
// error is the complaint, unless the command has another one. A line is waited for as
// NewTalk says. Wait, End or Kill must end the process.
func Start(cmd *exec.Cmd, patience time.Duration) (*Process, error) {
	talk, theirs, err := NewTalk(patience)
	if err != nil {
		return nil, err
	}
	p := &Process{Cmd: cmd, Talk: talk}
	cmd.Stdin, cmd.Stdout = theirs[0], theirs[1]
	if cmd.Stderr == nil {
		cmd.Stderr = &p.complaint
	}
	err = proc.Start(cmd)
	CloseAll(theirs...)
	if err != nil {
		talk.Close()
		return nil, err
	}
	return p, nil
}

// Ask says a line and returns the answer.
func (p *Process) Ask(line string) (string, error) {
	_ = p.Tell(line) // one that is gone says why below
	return p.Hear()
}

// Hear returns the next line, or ends the process and says why there is none.
func (p *Process) Hear() (string, error) {
	line, err := p.Talk.Hear()
	if errors.Is(err, io.EOF) {
		ended := p.End(Linger)
		if ended == nil {
			ended = errors.New("it ended without one: it says no reason")
		}
		err = fmt.Errorf("waiting for a part's answer: %w", ended)
	} else if err != nil {
		p.Kill()
	}
	return line, err
}

// Complaint is what the process wrote to standard error until it ended.
func (p *Process) Complaint() string { return p.complaint.String() }

// Wait waits until the process has ended by itself, and kills it if that takes too
// long; what it left of its process group is killed too. The error says how it ended,
// and the first line of its complaint. A second Wait only waits.
func (p *Process) Wait(limit time.Duration) (err error) {
	p.once.Do(func() {
		late := time.AfterFunc(limit, func() { proc.Kill(p.Cmd) })
		err = p.Cmd.Wait()
		if !late.Stop() && err != nil {
			err = fmt.Errorf("it did not end within %v and was killed", limit.Round(time.Millisecond))
		}
		p.gone.Store(true)
		proc.Kill(p.Cmd)
		p.Close()
		switch first, _, _ := strings.Cut(strings.TrimSpace(p.complaint.String()), "\n"); {
		case p.stopped.Load():
			err = nil
		case first != "" && err != nil:
			err = fmt.Errorf("%w: %s", err, first)
		case first != "":
			err = errors.New(first)
		}
	})
	return err
}

// End tells the process by the end of its standard input that it may end, and waits
// for that.
func (p *Process) End(limit time.Duration) error {
	_ = p.In.Close()
	return p.Wait(limit)
}

// Kill ends the process at once, if it has not ended, and waits for that.
func (p *Process) Kill() {
	p.stop()
	_ = p.Wait(time.Second) // it is as good as dead
}

// stop kills the process and does not wait.
func (p *Process) stop() {
	if !p.gone.Load() {
		p.stopped.Store(true)
		proc.Kill(p.Cmd)
	}
}

// A Crew is processes that do something together.
type Crew []*Process

// Assemble starts n processes, which Attend, and returns when all are ready. On an
// error none is left.
func Assemble(n int, patience time.Duration, command func(index int) *exec.Cmd) (c Crew, err error) {
	for i := 0; i < n && err == nil; i++ {
		var p *Process
		if p, err = Start(command(i), patience); err == nil {
			c = append(c, p)
		}
	}
	if err == nil {
		err = c.Expect(protocol.Ready)
	}
	if err != nil {
		c.Kill()
		return nil, fmt.Errorf("starting %d processes: %w", n, err)
	}
	return c, nil
}

// Tell says a line to all.
func (c Crew) Tell(line string) {
	for _, p := range c {
		_ = p.Tell(line) // one that is gone says why when it is heard
	}
}

// Hear returns a line of each. If one fails, all are killed: the others might wait
// for it.
func (c Crew) Hear() ([]string, error) {
	lines := make([]string, len(c))
	var all sync.WaitGroup
	var first sync.Once
	var failed error
	for i, p := range c {
		all.Go(func() {
			var err error
			if lines[i], err = p.Hear(); err != nil {
				first.Do(func() {
					failed = err
					c.stop()
				})
			}
		})
	}
	all.Wait()
	return lines, failed
}

// Expect takes a line from each, which must be this.
func (c Crew) Expect(want string) error {
	lines, err := c.Hear()
	for _, got := range lines {
		if err == nil && got != want {
			err = fmt.Errorf("a part said %.100q where %q was due", got, want)
		}
	}
	return err
}

// End lets all end together, and kills those who have not within the limit. The
// errors are those of processes that had not failed before.
func (c Crew) End(limit time.Duration) error {
	for _, p := range c {
		_ = p.In.Close()
	}
	late := time.Now().Add(limit)
	var errs []error
	for _, p := range c {
		if err := p.Wait(time.Until(late)); err != nil {
			errs = append(errs, fmt.Errorf("ending process %d: %w", p.Cmd.Process.Pid, err))
		}
	}
	return errors.Join(errs...)
}

// Kill ends all at once, after an error that says more than theirs.
func (c Crew) Kill() {
	c.stop()
	for _, p := range c {
		p.Kill()
	}
}

func (c Crew) stop() {
	for _, p := range c {
		p.stop()
	}
}
