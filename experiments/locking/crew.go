package locking

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"parcon/experiments/ipc"
	"parcon/runner/proc"
)

// A crew is processes that are started once and do a step whenever they are told
// by a word on their standard input; they answer by a word on their standard
// output.
type crew []*member

type member struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	said      chan string // closed when the process says no more
	complaint bytes.Buffer
}

// present is the word that a process says when it has begun.
const present = "present"

// hire starts n processes and hands the objects to all. It returns when all have
// begun. On an error none is left.
func hire(n int, command func() *exec.Cmd, objects []ipc.Object) (crew, error) {
	var c crew
	for i := range n {
		m, err := start(command(), objects)
		if err != nil {
			c.kill()
			return nil, fmt.Errorf("starting process %d of %d: %w", i+1, n, err)
		}
		c = append(c, m)
	}
	if err := c.hear(present); err != nil {
		c.kill()
		return nil, fmt.Errorf("starting %d processes: %w", n, err)
	}
	return c, nil
}

func start(cmd *exec.Cmd, objects []ipc.Object) (*member, error) {
	m := &member{cmd: cmd, said: make(chan string, 4)}
	ipc.Attach(cmd, objects...)
	cmd.Stderr = &m.complaint
	// The pipes are our own: os/exec's would be closed by Wait, under the reader.
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, childIn.Close(), in.Close())
	}
	cmd.Stdin, cmd.Stdout, m.in = childIn, childOut, in
	err = proc.Start(cmd)
	if err = errors.Join(err, childIn.Close(), childOut.Close()); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			m.said <- lines.Text()
		}
		close(m.said)
		_ = out.Close() // it is read to its end
	}()
	return m, nil
}

// tell says a word to a process. One that is gone is noticed when it is heard.
func (m *member) tell(word string) { _, _ = io.WriteString(m.in, word+"\n") }

// hear returns the next word of a process.
func (m *member) hear() (string, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case word, ok := <-m.said:
		if !ok {
			return "", fmt.Errorf("process %d has ended: %w", m.cmd.Process.Pid, m.reason())
		}
		return word, nil
	case <-late.C:
		return "", fmt.Errorf("waited %v in vain for an answer of process %d", patience, m.cmd.Process.Pid)
	}
}

// ask says a word and returns the answer.
func (m *member) ask(word string) (string, error) {
	m.tell(word)
	return m.hear()
}

// reason is why a process ended that should not have.
func (m *member) reason() error {
	_ = m.in.Close()
	err := m.cmd.Wait()
	if text := strings.TrimSpace(m.complaint.String()); text != "" {
		return errors.New(text)
	}
	if err == nil {
		return errors.New("it says no reason")
	}
	return err
}

// tell says a word to all.
func (c crew) tell(word string) {
	for _, m := range c {
		m.tell(word)
	}
}

// hear returns when all have said a word.
func (c crew) hear(word string) error {
	for _, m := range c {
		got, err := m.hear()
		if err != nil {
			return err
		}
		if got != word {
			return fmt.Errorf("process %d said %q, not %q: it is of another version", m.cmd.Process.Pid, got, word)
		}
	}
	return nil
}

// end lets all end, and kills those who have not within the limit.
func (c crew) end(limit time.Duration) error {
	for _, m := range c {
		_ = m.in.Close()
	}
	late := time.Now().Add(limit)
	var errs []error
	for _, m := range c {
		if m.cmd.ProcessState != nil {
			continue // it was found dead
		}
		if err := m.end(time.Until(late)); err != nil {
			errs = append(errs, fmt.Errorf("ending process %d: %w", m.cmd.Process.Pid, err))
		}
	}
	return errors.Join(errs...)
}

func (m *member) end(limit time.Duration) error {
	stuck := time.AfterFunc(limit, func() { proc.Kill(m.cmd) })
	err := m.cmd.Wait()
	killed := !stuck.Stop()
	for range m.said { // until its reader has ended
	}
	switch text := strings.TrimSpace(m.complaint.String()); {
	case text != "":
		return errors.New(text)
	case killed && err != nil:
		return fmt.Errorf("it did not end within %v and was killed", limit.Round(time.Millisecond))
	}
	return err
}

// kill ends all at once, after an error that says more than theirs.
func (c crew) kill() {
	for _, m := range c {
		if m.cmd.ProcessState == nil {
			proc.Kill(m.cmd)
		}
	}
	_ = c.end(patience)
}

// serve is a process of a crew: it does a step for each word, until its standard
// input ends, and says the answer of each step. A step without an answer says what
// it has to say by itself.
func serve(step func(word string) (answer string, err error)) error {
	say(present)
	for words := bufio.NewScanner(proc.Stdin()); words.Scan(); {
		answer, err := step(words.Text())
		if err != nil {
			return err
		}
		if answer != "" {
			say(answer)
		}
	}
	return nil
}

// say says a word to the parent. If that is gone, so is this process soon.
func say(word string) { _, _ = os.Stdout.WriteString(word + "\n") }

// obey is the step of a process that knows one word.
func obey(known string, do func() error) func(string) (string, error) {
	return func(word string) (string, error) {
		if word != known {
			return "", unknown(word)
		}
		return done, do()
	}
}

// done is the answer to a word that asks for nothing else.
const done = "done"

func unknown(word string) error {
	return fmt.Errorf("told to %q, which this process cannot: it is of another version", word)
}
