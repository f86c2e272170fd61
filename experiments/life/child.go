package life

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/peer"
)

// ready is the line of a child that is where the trial wants it.
const ready = "ready"

// end is what the trial says to a child that is to end, before the exit status.
const end = "end "

// A child is a process that the trial started and talks to.
type child struct {
	cmd *exec.Cmd
	dialogue
}

// A dialogue is the trial's side of the standard input and output of one process,
// line by line.
type dialogue struct{ peer.Talk }

// start starts a command that has no standard streams yet. Its complaint is the
// trial's.
func start(cmd *exec.Cmd) (*child, error) {
	cmd.Stderr = os.Stderr
	p, err := peer.Start(cmd, patience)
	if err != nil {
		return nil, fmt.Errorf("starting a child: %w", err)
	}
	return &child{cmd, dialogue{p.Talk}}, nil
}

// newDialogue makes the pipes: theirs are the process's standard input and
// output, to be closed here once it has them.
func newDialogue() (d dialogue, theirs []*os.File, err error) {
	d.Talk, theirs, err = peer.NewTalk(patience)
	return d, theirs, err
}

func (d dialogue) close() { d.Close() }

// line is the next line that the process writes.
func (d dialogue) line() (string, error) { return d.Hear() }

// expect reads one line, which must be this.
func (d dialogue) expect(want string) error {
	got, err := d.line()
	if err == nil && got != want {
		err = fmt.Errorf("a child wrote %.80q, want %q", got, want)
	}
	return err
}

// able reads the line of a child that is ready, or says why it cannot be.
func (d dialogue) able() error {
	line, err := d.line()
	if err == nil && line != ready {
		err = errors.New(line)
	}
	return err
}

// number reads one line, which must be a number.
func (d dialogue) number() (int, error) {
	text, err := d.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("a child wrote %.80q, want a number above zero", text)
	}
	return n, nil
}

func (d dialogue) tell(text string) error { return d.Tell(text) }

// ask says something to a process that answers, and waits for the answer: it
// works on.
func (d dialogue) ask(text string) error {
	if err := d.tell(text); err != nil {
		return err
	}
	return d.expect(text)
}

// over waits for the end of a child that is to end; it does not bury it.
func (c *child) over() error { return over(c.cmd.Process) }

func over(p *os.Process) error {
	is, err := ended(p, patience)
	if err == nil && !is {
		err = fmt.Errorf("process %d did not end within %v", p.Pid, patience)
	}
	return err
}

// join waits for the end of a child that is to end, buries it, and returns how
// it ended.
func (c *child) join() (ending, error) {
	if err := c.over(); err != nil {
		return ending{}, err
	}
	if err := c.cmd.Wait(); err != nil && c.cmd.ProcessState == nil {
		return ending{}, fmt.Errorf("waiting for process %d: %w", c.cmd.Process.Pid, err)
	}
	return endingOf(c.cmd.ProcessState), nil
}

// close ends the child at once, if it was not joined, and lets go of it.
func (c *child) close() {
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	}
	c.dialogue.Close()
}

// serve is a child that works on: it answers every line with the same line, and
// ends when it is told to or its input ends.
func serve([]string) error {
	time.AfterFunc(lifetime, func() { os.Exit(1) })
	return peer.Serve(func(line string) (string, error) {
		if text, found := strings.CutPrefix(line, end); found {
			status, err := strconv.Atoi(text)
			if err != nil {
				return "", fmt.Errorf("ending as told with status %q: %w", text, err)
			}
			os.Exit(status)
		}
		return line, nil
	})
}
