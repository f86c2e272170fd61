package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// A Batch is some tasks by some workers.
type Batch struct {
	Argv    []string
	Items   []string // in turn, from the beginning again as often as it takes; none: the command as it is
	Tasks   int
	Workers int
	Timeout time.Duration // of a task
	Enough  time.Duration // no task begins after so long; 0: all do
	Watch   bool          // look at the memory of all processes, which costs some time
}

// watchEvery is the time between two looks at the memory.
const watchEvery = 5 * time.Millisecond

// A tally is what came of the tasks of a batch.
type tally struct {
	sync.Mutex
	next  int
	spans []Span
	took  time.Duration // of all tasks
	cpu   time.Duration
	delay time.Duration
	known bool  // the delay of all is
	peak  int64 // of the largest process, as the kernel tells it
	seen  int64 // of all processes together, by looking
	left  int
	err   error // of the first that failed
}

// run runs the batch. The first task that fails ends it.
func (b Batch) run(parent context.Context) (protocol.Measurement, error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	t := &tally{known: true}
	stopWatch := b.watch(t)
	begin := time.Duration(clock.Now())
	var group sync.WaitGroup
	for range min(b.Workers, b.Tasks) {
		group.Go(func() {
			for ctx.Err() == nil {
				n, more := t.take(b, time.Duration(clock.Now())-begin)
				if !more {
					return
				}
				done, err := Task{Argv: b.argv(n), Env: os.Environ(), Timeout: b.Timeout, Tidy: true}.Run(ctx)
				if err != nil && ctx.Err() == nil {
					t.fail(b.about(n, err))
					cancel()
				}
				t.add(done)
			}
		})
	}
	group.Wait()
	stopWatch()
	t.left += Sweep()
	if t.err == nil {
		t.err = parent.Err()
	}
	if t.err != nil {
		return nil, t.err
	}
	return t.measurement(begin, b.Workers), nil
}

// argv is the command of a task.
func (b Batch) argv(n int) []string {
	if len(b.Items) == 0 {
		return b.Argv
	}
	return Fill(b.Argv, b.Items[n%len(b.Items)])
}

// about says of which item an error is.
func (b Batch) about(n int, err error) error {
	if len(b.Items) == 0 {
		return err
	}
	return fmt.Errorf("%w (item %.60q)", err, b.Items[n%len(b.Items)])
}

// take is the number of the next task, so long after the beginning.
func (t *tally) take(b Batch, after time.Duration) (n int, more bool) {
	t.Lock()
	defer t.Unlock()
	if t.next >= b.Tasks || b.Enough > 0 && t.next > 0 && after > b.Enough {
		return 0, false
	}
	t.next++
	return t.next - 1, true
}

func (t *tally) fail(err error) {
	t.Lock()
	defer t.Unlock()
	if t.err == nil {
		t.err = err
	}
}

func (t *tally) add(d Done) {
	t.Lock()
	defer t.Unlock()
	t.spans = append(t.spans, Span{d.Began, d.Ended})
	t.took += d.Ended - d.Began
	t.cpu += d.CPU
	t.delay += d.Delay
	t.known = t.known && d.DelayKnown
	t.peak = max(t.peak, d.Peak)
	if d.Left {
		t.left++
	}
}

// watch looks at the memory now and then, until stop is called.
func (b Batch) watch(t *tally) (stop func()) {
	if !b.Watch {
		return func() {}
	}
	over, gone := make(chan struct{}), make(chan struct{})
	var most int64
	go func() {
		defer close(gone)
		for {
			most = max(most, memoryOf(os.Getpid()))
			select {
			case <-over:
				return
			case <-time.After(watchEvery):
			}
		}
	}()
	return func() {
		close(over)
		<-gone
		t.seen = most / int64(b.Workers)
	}
}

// memory is the most that a worker took, 0 if it is not known: the kernel tells the peak of
// this process for a smaller child, which shares its memory until it begins its own program
// (see package usage).
func (t *tally) memory() int64 {
	if t.peak <= usage.Self().PeakRSS {
		return t.seen
	}
	return max(t.peak, t.seen)
}

// measurement is what a result line says of the batch. cores-busy is by the CPU time of a
// task, so that what a worker idles at the end does not count.
func (t *tally) measurement(begin time.Duration, workers int) protocol.Measurement {
	ns := 1e9 / Rate(t.spans, begin, workers)
	n := float64(len(t.spans))
	m := protocol.Measurement{
		"ns/op": ns, "cpu-ns/op": float64(t.cpu) / n, "cores-busy": float64(t.cpu) / n / ns,
		"in-flight": float64(t.took) / n / ns, "took-ns": float64(t.took) / n, "tasks": n, "left/op": float64(t.left) / n,
	}
	if t.known {
		m["run-delay-ns/op"] = float64(t.delay) / n
	}
	if peak := t.memory(); peak > 0 {
		m["peak-rss-bytes"] = float64(peak)
	}
	return m
}

// Serve runs the batch that it reads from in, as a line of JSON, and writes its measurement to
// out. When in ends, everything that it started does, and this process.
func Serve(in io.Reader, out io.Writer) error {
	defer Adopt()()
	lines := bufio.NewReader(in)
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading what to do from standard input: %w", err)
	}
	var b Batch
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("reading what to do from standard input: %w", err)
	}
	if len(b.Argv) == 0 || b.Tasks < 1 || b.Workers < 1 {
		return errors.New("a batch needs a command, tasks and workers")
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		endAll()
		os.Exit(1)
	}()
	proc.Expendable()
	m, err := b.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}
