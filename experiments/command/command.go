// Package command is a command line as a task: it is run for an item, without a shell, and
// what it leaves behind is ended.
//
// A Task runs one command. A Batch is many of them by some workers, in a process of its own:
// Try starts that process, Serve is what it does. It adopts what the commands leave (on
// Linux: PR_SET_CHILD_SUBREAPER, prctl(2)), also what went over to a session of its own, and
// kills it when the batch is over, or when its standard input ends because whoever started it
// is gone. It is in a session without a terminal, so no command waits for what somebody types.
//
// Its limits: what is adopted and runs with the rights of another user can't be killed. If
// this process and the one that started it are killed at the same moment, the commands
// themselves end (PR_SET_PDEATHSIG), what these had started may not. Elsewhere than on Linux
// only the process group of a command is ended.
package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"parcon/runner/clock"
	"parcon/runner/proc"
)

// Item stands in a command for the item that is its task.
const Item = "{}"

// Fill puts an item into a command: in place of each {} in its arguments, or behind them if
// there is none.
func Fill(argv []string, item string) []string {
	filled := make([]string, 0, len(argv)+1)
	for _, arg := range argv {
		filled = append(filled, strings.ReplaceAll(arg, Item, item))
	}
	if !HasPlace(argv) {
		filled = append(filled, item)
	}
	return filled
}

// HasPlace says whether a command has a place for an item.
func HasPlace(argv []string) bool {
	for _, arg := range argv {
		if strings.Contains(arg, Item) {
			return true
		}
	}
	return false
}

// A Task is one run of a command.
type Task struct {
	Argv    []string
	Env     []string
	Keep    int           // bytes of its output that are kept, unless it is Tidy; the rest is let go
	Timeout time.Duration // 0: none
	Tidy    bool          // what is left in its process group when it ends is killed, its output let go
}

// Done is what came of a task.
type Done struct {
	Out          []byte
	More         bool // it printed more than was kept
	Began, Ended time.Duration
	CPU          time.Duration // of it, and of the processes that it waited for
	Delay        time.Duration // for which its first process waited for a core
	DelayKnown   bool
	Peak         int64 // bytes, of the largest of its processes; 0: not known
	Left         bool  // it left processes in its group
}

// complaint is how much of standard error is looked at, in bytes.
const complaint = 4 << 10

// dangling is how long output is waited for that what a command left behind holds open.
const dangling = time.Second

// Run runs it until it ends, is out of time or ctx ends. The error of a command that failed
// holds the first line that it wrote to standard error.
func (t Task) Run(ctx context.Context) (Done, error) {
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.Timeout)
		defer cancel()
	}
	c := proc.Command(t.Argv, t.Env)
	out, said := &proc.Head{Most: t.Keep}, &proc.Head{Most: complaint}
	read, err := connect(c, out, said)
	if err != nil {
		return Done{}, err
	}
	d := Done{Began: time.Duration(clock.Now())}
	if err := launch(c); err != nil {
		read.close()
		return d, err
	}
	read.let()
	stop := context.AfterFunc(ctx, func() { proc.Kill(c) })
	d.Delay, d.DelayKnown = awaitEnd(c.Process.Pid)
	err = c.Wait()
	d.Ended = time.Duration(clock.Now())
	stop()
	buried(c)
	d.Left = groupLives(c.Process.Pid)
	if t.Tidy || ctx.Err() != nil {
		proc.Kill(c)
	}
	d.CPU, d.Peak = c.ProcessState.UserTime()+c.ProcessState.SystemTime(), peakOf(c.ProcessState)
	if t.Tidy && err == nil { // what it left behind may hold its output open
		go read.finish()
		return d, nil
	}
	read.finish()
	d.Out, d.More = out.Bytes(), out.More
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && t.Timeout > 0 && err != nil {
		err = fmt.Errorf("it did not end within %v", t.Timeout)
	}
	if line := proc.FirstLine(said.String()); err != nil && line != "" {
		err = fmt.Errorf("%w: %s", err, line)
	}
	return d, err
}

// A reading takes what a command writes.
type reading struct {
	ours, its []*os.File
	group     sync.WaitGroup
}

// connect gives a command pipes to write to, and nothing to read. Programs such as grep and
// tar do less where their output is the null device.
func connect(c *exec.Cmd, out, said *proc.Head) (*reading, error) {
	r := &reading{}
	for _, to := range []*proc.Head{out, said} {
		ours, its, err := os.Pipe()
		if err != nil {
			r.close()
			return nil, fmt.Errorf("making a pipe for a command: %w", err)
		}
		r.ours, r.its = append(r.ours, ours), append(r.its, its)
		r.group.Go(func() { take(ours, to) })
	}
	c.Stdout, c.Stderr = r.its[0], r.its[1]
	return r, nil
}

// let closes the command's ends here, so that theirs are the last.
func (r *reading) let() {
	for _, f := range r.its {
		_ = f.Close()
	}
}

// finish waits for the end of the output, but not for ever.
func (r *reading) finish() {
	for _, f := range r.ours {
		_ = f.SetReadDeadline(time.Now().Add(dangling))
	}
	r.group.Wait()
	for _, f := range r.ours {
		_ = f.Close()
	}
}

func (r *reading) close() {
	r.let()
	r.finish()
}

// chunk is what is read at once: a whole pipe of Linux.
const chunk = 64 << 10

// take reads a pipe to its end into what keeps some of it.
func take(f *os.File, to *proc.Head) {
	buffer := make([]byte, chunk)
	for {
		n, err := f.Read(buffer)
		_, _ = to.Write(buffer[:n])
		if err != nil {
			return
		}
	}
}
