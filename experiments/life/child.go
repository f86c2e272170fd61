package life

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"parcon/runner/proc"
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
// line by line. The write end of its input is held by the trial alone.
type dialogue struct {
	in    *os.File
	out   *os.File
	lines *bufio.Reader
}

// start starts a command that has no standard streams yet.
func start(cmd *exec.Cmd) (*child, error) {
	d, theirs, err := newDialogue()
	if err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], os.Stderr
	err = proc.Start(cmd)
	closeAll(theirs)
	if err != nil {
		d.close()
		return nil, fmt.Errorf("starting a child: %w", err)
	}
	return &child{cmd, d}, nil
}

// newDialogue makes the pipes: theirs are the process's standard input and
// output, to be closed here once it has them.
func newDialogue() (d dialogue, theirs []*os.File, err error) {
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return dialogue{}, nil, fmt.Errorf("making a pipe to a child: %w", err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		closeAll([]*os.File{inRead, inWrite})
		return dialogue{}, nil, fmt.Errorf("making a pipe from a child: %w", err)
	}
	return dialogue{inWrite, outRead, bufio.NewReader(outRead)}, []*os.File{inRead, outWrite}, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

func (d dialogue) close() { closeAll([]*os.File{d.in, d.out}) }

// line is the next line that the process writes.
func (d dialogue) line() (string, error) {
	if err := d.out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", fmt.Errorf("setting a deadline for a child's line: %w", err)
	}
	text, err := d.lines.ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", fmt.Errorf("a child wrote no line within %v", patience)
	}
	if err != nil {
		return "", fmt.Errorf("a child ended or closed its output before it wrote a line: %w", err)
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// expect reads one line, which must be this.
func (d dialogue) expect(want string) error {
	got, err := d.line()
	if err == nil && got != want {
		err = fmt.Errorf("a child wrote %.80q, want %q", got, want)
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

func (d dialogue) tell(text string) error {
	if _, err := d.in.WriteString(text + "\n"); err != nil {
		return fmt.Errorf("telling a child %q: %w", text, err)
	}
	return nil
}

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
	c.dialogue.close()
}

// serve is a child that works on: it answers every line with the same line, and
// ends when it is told to or its input ends.
func serve([]string) error {
	time.AfterFunc(lifetime, func() { os.Exit(1) })
	for in := bufio.NewReader(proc.Stdin()); ; {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what the trial says: %w", err)
		}
		if text, found := strings.CutPrefix(line, end); found {
			status, err := strconv.Atoi(strings.TrimSpace(text))
			if err != nil {
				return fmt.Errorf("ending as told with status %q: %w", text, err)
			}
			os.Exit(status)
		}
		if _, err := os.Stdout.WriteString(line); err != nil {
			return fmt.Errorf("answering the trial: %w", err)
		}
	}
}
