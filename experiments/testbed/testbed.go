// Package testbed prepares what all trials of a run share: the programs that run
// them, the server that network tasks talk to, the calibrated length of tasks
// and the right answers. With it, a case of the catalogue becomes one that a
// runner can run.
package testbed

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/child"
	"parcon/experiments/cpython"
	"parcon/experiments/scratch"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
	"parcon/experiments/variant"
	"parcon/runner"
	"parcon/runner/cgroup"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// Lengths of tasks. They are long beside the cost of handing them out, which
// the comparison of models must not be about, and short enough for dozens of
// them in a trial. What waits does so for whole milliseconds, at every share of a mix too:
// Go's scheduler waits for a timer by those where it has nothing else to do
// (runtime/netpoll_epoll.go), so that 2.5 ms took serial code 3 and others 2.5.
var Lengths = child.Setting{
	Length: 2_000_000,
	Delay:  5_000_000,
	Mix:    4_000_000,
}

// A Bed is open until it is closed; its server runs as long.
type Bed struct {
	programs Programs
	setting  child.Setting
	answers  map[string][]uint64
	server   *exec.Cmd
	ended    chan struct{} // closed when the server has ended
	bell     io.Closer     // the server's standard input: it ends with it
}

// Open starts the server and computes the reference of the workloads that the
// cases name. dir is the folder for the files of tasks. Workloads that sizes
// holds keep their size; the others are calibrated. Each workload may take
// timeout for that, or some seconds if it is shorter.
func Open(ctx context.Context, programs Programs, dir string, sizes map[string]int, cases []card.Case, timeout time.Duration) (*Bed, error) {
	l := &Bed{programs: programs, setting: Lengths}
	l.setting.Dir, l.setting.Sizes, l.setting.Worker = dir, sizes, programs.Worker
	l.setting.Part, l.setting.Empty = programs.Part, programs.Empty
	l.setting.Server, l.setting.NetServer, l.setting.Queue = programs.Server, programs.NetServer, programs.Queue
	l.setting.Python, l.setting.Pythons = pythons(programs.Pythons)
	_ = scratch.Clear(dir) // of a run that is resumed; Close says what is wrong
	if err := l.serve(); err != nil {
		return nil, err
	}
	if err := l.reference(ctx, cases, timeout); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// pythons are the paths of interpreters: of the one that mechanisms are measured
// beside, "" if none is new enough, and of all by name.
func pythons(all []cpython.Interpreter) (reference string, paths map[card.Python]string) {
	paths = map[card.Python]string{}
	for _, i := range all {
		paths[i.Name()] = i.Path
		if reference == "" && i.Name().Modern() {
			reference = i.Path
		}
	}
	return reference, paths
}

// Programs are those that the trials run in.
func (l *Bed) Programs() Programs { return l.programs }

// Sizes are the calibrated amounts of work of one task, by workload.
func (l *Bed) Sizes() map[string]int { return l.setting.Sizes }

// serve starts the server of the workloads network and http.
func (l *Bed) serve() error {
	cmd := proc.Command(append(slices.Clone(l.programs.Trial), child.Server), nil)
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := cmp.Or(errIn, errOut); err != nil {
		return fmt.Errorf("making pipes for the delay server: %w", err)
	}
	var complaint bytes.Buffer
	cmd.Stderr, cmd.WaitDelay = &complaint, time.Second
	if err := proc.Start(cmd); err != nil {
		return fmt.Errorf("starting the delay server: %w", err)
	}
	l.server, l.bell, l.ended = cmd, in, make(chan struct{})
	hangs := time.AfterFunc(serverStart, func() { proc.Kill(cmd) })
	var addresses child.Addresses
	err := json.NewDecoder(out).Decode(&addresses)
	hangs.Stop()
	if err != nil {
		_ = in.Close()
		proc.Kill(cmd)
		_ = cmd.Wait()
		close(l.ended)
		if line := reason(complaint.String()); line != "" {
			err = errors.New(line)
		}
		return fmt.Errorf("starting the delay server: it did not tell its address: %w", err)
	}
	l.setting.Network, l.setting.HTTP = addresses.Network, addresses.HTTP
	go func(ended chan struct{}) {
		_ = cmd.Wait() // that it ended is what counts, not how
		close(ended)
	}(l.ended)
	return nil
}

// served says whether the server works still. What it did to a trial is known a
// little before its end. One that is there and does not answer is ended.
func (l *Bed) served() bool {
	select {
	case <-l.ended:
		return false
	case <-time.After(lateWord):
	}
	err := web.Answers(l.setting.Network, l.setting.HTTP, patience)
	if err == nil || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return true // or it cannot be told here
	}
	proc.Kill(l.server)
	<-l.ended
	return false
}

const (
	lateWord = 100 * time.Millisecond
	patience = 2 * time.Second // with a server that should answer at once
	repeats  = 3               // of a trial that the server spoilt
)

// Try runs trials on a sound testbed: a server that ended or hangs is started again,
// and a trial that failed meanwhile is repeated. It was not the variant's fault.
func (l *Bed) Try(timeout time.Duration) runner.Trier {
	return func(ctx context.Context, c runner.Case) (protocol.Measurement, error) {
		for again := 0; ; again++ {
			if err := l.revive(); err != nil {
				return nil, err
			}
			if order, ok := c.Order.(child.Order); ok {
				order.Setting.Network, order.Setting.HTTP = l.setting.Network, l.setting.HTTP
				c.Order = order
			}
			m, err := l.Child(timeout).Try(ctx, c)
			if err != nil { // it may have been killed
				_ = scratch.Clear(l.setting.Dir)
			}
			if err == nil || ctx.Err() != nil || l.served() {
				return m, err
			}
			if again == repeats {
				return nil, fmt.Errorf("the delay server ended or hung in %d tries at this trial: something kills or stops it: %w", again+1, err)
			}
		}
	}
}

// revive starts the server again if it ended.
func (l *Bed) revive() error {
	select {
	case <-l.ended:
		_ = l.bell.Close()
		return l.serve()
	default:
		return nil
	}
}

// runTo runs a command to its end, or ends it at that of ctx, whose error it then
// returns.
func runTo(ctx context.Context, c *exec.Cmd, end func()) error {
	c.WaitDelay = time.Second
	if err := proc.Start(c); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, end)
	err := c.Wait()
	stop()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// ServerCPU is the CPU time that the server has consumed so far, 0 where the
// system does not tell. It is the harness's own, not noise of others.
func (l *Bed) ServerCPU() time.Duration { return usage.CPUOf(l.server.Process.Pid) }

// Close ends the server, and clears the folder of what killed processes left.
func (l *Bed) Close() error {
	if l == nil {
		return nil
	}
	_ = l.bell.Close()
	proc.Kill(l.server)
	<-l.ended
	return scratch.Clear(l.setting.Dir)
}

// task is the part of a variant that decides a task's answer.
func task(v variant.Variant) string {
	name := variant.New("workload", v.Get("workload"))
	for _, key := range []string{"cpu", "length", "python"} {
		if value := v.Get(key); value != "" {
			name = name.With(key, value)
		}
	}
	return name.String()
}

func (l *Bed) reference(ctx context.Context, cases []card.Case, timeout time.Duration) error {
	question := child.Question{Setting: l.setting}
	for _, c := range cases {
		if card.Names(c.Variant) {
			continue
		}
		if name := task(c.Variant); !slices.Contains(question.Workloads, name) {
			question.Workloads = append(question.Workloads, name)
		}
	}
	order, err := json.Marshal(question)
	if err != nil {
		return err
	}
	var out, stderr bytes.Buffer
	// One core, as the serial baseline has.
	cmd := proc.Command(append(slices.Clone(l.programs.Trial), child.Reference), environment(1))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(append(order, '\n')), &out, &stderr
	most := max(timeout, leastPreparation) * time.Duration(max(1, len(question.Workloads)))
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("not done within %v: give it longer with --timeout, or name shorter tasks with length=", most))
	defer cancel()
	if err := runTo(ctx, cmd, func() { proc.Kill(cmd) }); err != nil {
		if line := reason(stderr.String()); line != "" && ctx.Err() == nil {
			err = fmt.Errorf("%w: %s", err, line)
		}
		return fmt.Errorf("computing the reference answers of %s: %w", strings.Join(question.Workloads, ", "), err)
	}
	var answer child.Answer
	if err := json.NewDecoder(&out).Decode(&answer); err != nil {
		return fmt.Errorf("reading the reference answers: %w", err)
	}
	l.setting.Sizes, l.answers = answer.Sizes, answer.Answers
	return nil
}

// serverStart is how long the delay server may take to tell its addresses.
const serverStart = 10 * time.Second

// leastPreparation is what the answers and the length of a workload's tasks may take
// at least, however short a trial must be.
var leastPreparation = 10 * time.Second

// gogc is the garbage collector's setting in every process of a trial: Go's
// own default, whatever the user's environment says.
const gogc = "GOGC=100"

func environment(procs int) []string {
	return []string{gogc, fmt.Sprintf("GOMAXPROCS=%d", procs)}
}

// Child starts trials with this lab's programs.
func (l *Bed) Child(timeout time.Duration) runner.Child {
	return runner.Child{
		Program: append(slices.Clone(l.programs.Trial), child.Trial),
		Env:     []string{gogc},
		Timeout: timeout,
	}
}

// Case makes a case that the runner can run.
func (l *Bed) Case(c card.Case) (runner.Case, error) {
	name := c.Variant.String()
	if card.Names(c.Variant) {
		return l.mechanismCase(c)
	}
	if _, err := tasks.Parse(name); err != nil {
		return runner.Case{}, err
	}
	procs, err := chapters.Procs(c.Variant, cgroup.Cores())
	if err != nil {
		return runner.Case{}, err
	}
	return runner.Case{
		Variant: name, Block: task(c.Variant), Tasks: c.Tasks, Procs: procs,
		Order: child.Order{Variant: name, Tasks: c.Tasks, Setting: l.setting, Answers: l.answers[task(c.Variant)]},
	}, nil
}

// Work is what a worker somewhere else must know to run tasks of a variant of the grid, and
// the right answer for each seed.
func (l *Bed) Work(c card.Case) (workload.Params, []uint64, error) {
	order := child.Order{Variant: c.Variant.String(), Setting: l.setting}
	_, params, _, err := order.Task()
	return params, l.answers[task(c.Variant)], err
}

// mechanismCase is one that runs a mechanism. All variants of a mechanism are
// compared with each other.
func (l *Bed) mechanismCase(c card.Case) (runner.Case, error) {
	name := c.Variant.String()
	if _, _, err := card.Parse(chapters.Cards(), name); err != nil {
		return runner.Case{}, err
	}
	procs, err := chapters.Procs(c.Variant, cgroup.Cores())
	if err != nil {
		return runner.Case{}, err
	}
	return runner.Case{
		Variant: name, Block: card.Key + "=" + c.Variant.Get(card.Key), Tasks: c.Tasks, Procs: procs,
		Order: child.Order{Variant: name, Tasks: c.Tasks, Setting: l.setting},
	}, nil
}
