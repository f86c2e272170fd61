package sharing

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// A member is one part process that is talked to in lines.
type member struct {
	cmd       *exec.Cmd
	in        io.WriteCloser
	pipe      *os.File // its output
	out       *bufio.Reader
	complaint bytes.Buffer
	ended     bool
}

// enlist starts a part with one Go processor. files are its descriptors from 3
// on. It is ended by kill or wait. Go's own preemption is switched off in it: its
// signal could cut a long write in two.
func enlist(t card.Trial, name string, files []*os.File, args ...string) (*member, error) {
	m := &member{cmd: peer.Part(t, 1, name, args...)}
	m.cmd.Env = append(m.cmd.Env, "GODEBUG=asyncpreemptoff=1")
	m.cmd.ExtraFiles = files
	m.cmd.Stderr = &m.complaint
	pipe, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for part %s: %w", name, err)
	}
	defer theirs.Close()
	m.cmd.Stdout, m.pipe, m.out = theirs, pipe, bufio.NewReader(pipe)
	if m.in, err = m.cmd.StdinPipe(); err == nil {
		err = proc.Start(m.cmd)
	}
	if err != nil {
		pipe.Close()
		return nil, fmt.Errorf("starting part %s: %w", name, err)
	}
	return m, nil
}

// say gives the part a line. One that is gone is noticed by hear.
func (m *member) say(line string) { _, _ = io.WriteString(m.in, line+"\n") }

// hear returns the next line that the part says, or ends it and says why there is
// none.
func (m *member) hear() (string, error) {
	line, err := m.line()
	if err != nil {
		return "", m.reason(err)
	}
	return line, nil
}

// line reads the next line.
func (m *member) line() (string, error) {
	if err := m.pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", fmt.Errorf("limiting the wait for a part: %w", err)
	}
	line, err := m.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// reason is why line failed. The part has ended when it returns.
func (m *member) reason(err error) error {
	if !errors.Is(err, io.EOF) {
		m.kill()
		return fmt.Errorf("waiting up to %v for a part's answer: %w", patience, err)
	}
	ended := "it ended without one"
	if err := m.wait(); err != nil {
		ended = err.Error()
	}
	if first, _, _ := strings.Cut(m.complaint.String(), "\n"); first != "" {
		ended += ": " + first
	}
	return fmt.Errorf("waiting for a part's answer: %s", ended)
}

// wait waits until the part has ended by itself and says how.
func (m *member) wait() error {
	m.ended = true
	late := time.AfterFunc(patience, func() { proc.Kill(m.cmd) })
	err := m.cmd.Wait()
	late.Stop()
	_ = m.pipe.Close()
	return err
}

// end tells the kernel to end the part, unless it was waited for already.
func (m *member) end() {
	if !m.ended {
		proc.Kill(m.cmd)
	}
}

// kill ends the part, which has nothing more to do.
func (m *member) kill() {
	if !m.ended {
		m.end()
		_ = m.wait()
	}
}

// A crew is parts that do one job at the same time.
type crew []*member

// assemble starts n parts and returns when all wait for the job, see attend. Each
// part gets its own files and arguments.
func assemble(t card.Trial, n int, name string, files func(index int) []*os.File, args func(index int) []string) (crew, error) {
	c := make(crew, 0, n)
	for i := range n {
		m, err := enlist(t, name, files(i), args(i)...)
		if err != nil {
			c.dismiss()
			return nil, err
		}
		c = append(c, m)
	}
	if _, err := c.hear(protocol.Ready); err != nil {
		c.dismiss()
		return nil, err
	}
	return c, nil
}

// hear takes a line from everyone, which must begin with that word, and returns
// the sums of the numbers behind it. If one fails, all are ended: the others
// might wait for it.
func (c crew) hear(word string) ([]int, error) {
	type said struct {
		by   *member
		line string
		err  error
	}
	all := make(chan said)
	for _, m := range c {
		go func() {
			line, err := m.line()
			all <- said{m, line, err}
		}()
	}
	var sums []int
	var failed error
	for range c {
		s := <-all
		if failed != nil {
			continue
		}
		if failed = s.err; failed == nil {
			sums, failed = add(sums, s.line, word)
		} else {
			failed = s.by.reason(failed)
		}
		if failed != nil {
			for _, m := range c {
				m.end()
			}
		}
	}
	return sums, failed
}

// add adds the numbers of a line behind its first word.
func add(sums []int, line, word string) ([]int, error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != word {
		return nil, fmt.Errorf("a part said %.100q where %q was due", line, word)
	}
	sums = append(sums, make([]int, max(0, len(fields)-1-len(sums)))...)
	for i, field := range fields[1:] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return nil, fmt.Errorf("a part said %.100q where numbers were due", line)
		}
		sums[i] += n
	}
	return sums, nil
}

// same hands the same files to every part.
func same(files ...*os.File) func(int) []*os.File {
	return func(int) []*os.File { return files }
}

// dismiss ends all.
func (c crew) dismiss() {
	var gone sync.WaitGroup
	for _, m := range c {
		gone.Go(m.kill)
	}
	gone.Wait()
}

const (
	begin = "begin" // the job, said to a part
	done  = "done"  // said by a part, with its context switches and what it counted
)

// job lets the crew work, does meanwhile what this process has to do, and adds
// up what the parts counted. The measurement has the time of an operation, and
// what parts and this process consumed from the first word to the last: the
// parts' starting is not in it. The context of meanwhile ends when a part fails.
func (c crew) job(ops int, meanwhile func(context.Context) error) (protocol.Measurement, []int, error) {
	cpu := func() (all time.Duration) {
		for _, m := range c {
			all += usage.CPUOf(m.cmd.Process.Pid)
		}
		return all
	}
	before, theirs := usage.Self(), cpu()
	start := clock.Now()
	for _, m := range c {
		m.say(begin)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed error
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() { failed = meanwhile(ctx) })
	}
	sums, err := c.hear(done)
	if err != nil {
		cancel()
	}
	beside.Wait()
	end := clock.Now()
	used := usage.SelfAfter().Since(before)
	if err != nil {
		return nil, nil, err // the other one follows from it
	}
	if failed != nil {
		return nil, nil, failed
	}
	wall, busy := float64(end-start), float64(used.CPU()+cpu()-theirs)
	switches := float64(used.Voluntary+used.Involuntary) + float64(sums[0])
	return protocol.Measurement{
		"ns/op":      wall / float64(ops),
		"cpu-ns/op":  busy / float64(ops),
		"cores-busy": busy / wall,
		"ctxsw/op":   switches / float64(ops),
	}, sums[1:], nil
}

// attend is a part's side of a crew: it says that it is ready, does the job when
// it is told to, says what it counted, and lives on until it is dismissed, so
// that its consumption can be read.
func attend(work func() ([]int, error)) error {
	fmt.Println(protocol.Ready)
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for the job: %w: the parent is gone", err)
	}
	before := usage.Self()
	counts, err := work()
	if err != nil {
		return err
	}
	used := usage.SelfAfter().Since(before)
	line := fmt.Sprint(done, " ", used.Voluntary+used.Involuntary)
	for _, n := range counts {
		line += " " + strconv.Itoa(n)
	}
	fmt.Println(line)
	_, _ = io.Copy(io.Discard, in)
	return nil
}
