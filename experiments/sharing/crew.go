package sharing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// recruit prepares a part with one Go processor. files are its descriptors from 3
// on. Go's own preemption is switched off in it: its signal could cut a long write in
// two.
func recruit(t card.Trial, name string, files []*os.File, args ...string) *exec.Cmd {
	cmd := peer.Part(t, 1, name, args...)
	cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1")
	cmd.ExtraFiles = files
	return cmd
}

// enlist starts a part, which the caller ends.
func enlist(t card.Trial, name string, files []*os.File, args ...string) (*peer.Process, error) {
	p, err := peer.Start(recruit(t, name, files, args...), patience)
	if err != nil {
		return nil, fmt.Errorf("starting part %s: %w", name, err)
	}
	return p, nil
}

// assemble starts n parts and returns when all wait for the job, see attend. Each
// part gets its own files and arguments.
func assemble(t card.Trial, n int, name string, files func(index int) []*os.File, args func(index int) []string) (peer.Crew, error) {
	return peer.Assemble(n, patience, func(i int) *exec.Cmd { return recruit(t, name, files(i), args(i)...) })
}

// same hands the same files to every part.
func same(files ...*os.File) func(int) []*os.File {
	return func(int) []*os.File { return files }
}

// job lets parts work, and does meanwhile what this process has to do. The
// measurement has the time of an operation, and what parts and this process consumed
// from the first word to the last: the parts' starting is not in it. The context of
// meanwhile ends when a part fails.
func job(c peer.Crew, ops int, meanwhile func(context.Context) error) (protocol.Measurement, error) {
	cpu := func() (all time.Duration) {
		for _, p := range c {
			all += usage.CPUOf(p.Cmd.Process.Pid)
		}
		return all
	}
	before, theirs := usage.Self(), cpu()
	start := clock.Now()
	c.Tell("begin")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed error
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() { failed = meanwhile(ctx) })
	}
	lines, err := c.Hear()
	if err != nil {
		cancel()
	}
	beside.Wait()
	end := clock.Now()
	used := usage.SelfAfter().Since(before)
	if err = cmp.Or(err, failed); err != nil { // the other one follows from it
		return nil, err
	}
	wall, busy := float64(end-start), float64(used.CPU()+cpu()-theirs)
	switches := used.Voluntary + used.Involuntary
	for _, line := range lines {
		n, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a part said %.100q where its context switches were due", line)
		}
		switches += n
	}
	return protocol.Measurement{
		"ns/op":      wall / float64(ops),
		"cpu-ns/op":  busy / float64(ops),
		"cores-busy": busy / wall,
		"ctxsw/op":   float64(switches) / float64(ops),
	}, nil
}

// attend is a part's side of a job: it says that it is ready, does the job when it is
// told to, says how many context switches that took, and lives on until it is
// dismissed, so that its consumption can be read.
func attend(work func() error) error {
	told := false
	err := peer.Attend(func(string) (string, error) {
		told = true
		before := usage.Self()
		err := work()
		used := usage.SelfAfter().Since(before)
		return strconv.FormatInt(used.Voluntary+used.Involuntary, 10), err
	})
	if err == nil && !told {
		err = errors.New("waiting for the job: the parent is gone")
	}
	return err
}
