package sharing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
// two. What it was doing when it failed is not told, because nobody reads it, and
// finding it out takes longer than starting a process.
func recruit(t card.Trial, name string, files []*os.File, args ...string) *exec.Cmd {
	cmd := peer.Part(t, 1, name, args...)
	cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1", "GOTRACEBACK=none")
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

// episodes is how many a trial has in which nothing may go wrong. Where it is enough to see
// something once, it has one long one. An episode begins anew, with a number, a lock or a
// file of its own that nobody had before, and workers who are let go together: what
// happened in those before cannot reach it. The processes of workers are the same in all of
// a trial, and the machine is in all of a run.
//
// An episode is long enough that without the lock it would go wrong: with two cores updates
// are lost in more than 8 of 10, and lines are torn in 4 to 10 of 10.
func episodes(t card.Trial) int {
	if t.Get("lock") == "none" {
		return 1
	}
	return min(card.Tries, t.Ops)
}

// A span is from the first worker's beginning to the last one's end.
type span struct {
	mu       sync.Mutex
	from, to int64
}

// add takes in what one worker did.
func (s *span) add(from, to int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == 0 || from < s.from {
		s.from = from
	}
	s.to = max(s.to, to)
}

// job lets parts work, in one episode after another, and does meanwhile what this process
// has to do. The measurement has the time of an operation, from the first part's beginning
// to the last one's end in each episode, and what parts and this process consumed: the
// parts' starting is not in it. The context of meanwhile, which may be nil, ends when a
// part fails.
func job(c peer.Crew, ops, episodes int, meanwhile func(ctx context.Context, episode int) error) (protocol.Measurement, error) {
	cpu := func() (all time.Duration) {
		for _, p := range c {
			all += usage.CPUOf(p.Cmd.Process.Pid)
		}
		return all
	}
	before, theirs := usage.Self(), cpu()
	var wall, switches int64
	for e := range episodes {
		lines, err := together(c, e, meanwhile)
		if err != nil {
			return nil, err
		}
		var took span
		for _, line := range lines {
			var n, from, to int64
			if _, err := fmt.Sscan(line, &n, &from, &to); err != nil {
				return nil, fmt.Errorf("a part said %.100q where its context switches and times were due", line)
			}
			switches += n
			took.add(from, to)
		}
		wall += took.to - took.from
	}
	used := usage.SelfAfter().Since(before)
	busy := float64(used.CPU() + cpu() - theirs)
	return protocol.Measurement{
		"ns/op":      float64(wall) / float64(ops),
		"cpu-ns/op":  busy / float64(ops),
		"cores-busy": busy / float64(max(1, wall)),
		"ctxsw/op":   float64(switches+used.Voluntary+used.Involuntary) / float64(ops),
	}, nil
}

// together is one episode of a job. It returns what each part said of its work.
func together(c peer.Crew, episode int, meanwhile func(context.Context, int) error) ([]string, error) {
	c.Tell("begin")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed error
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() { failed = meanwhile(ctx, episode) })
	}
	lines, err := c.Hear()
	if err != nil {
		cancel()
	}
	beside.Wait()
	return lines, cmp.Or(err, failed) // the other one follows from it
}

// attend is a part's side of a job: it says that it is ready, does an episode whenever it
// is told to, says how many context switches that took, and from when to when, and lives
// on until it is dismissed, so that its consumption can be read.
func attend(work func(episode int) error) error {
	done := 0
	err := peer.Attend(func(string) (string, error) {
		before := usage.Self()
		from := clock.Now()
		err := work(done)
		to := clock.Now()
		used := usage.SelfAfter().Since(before)
		done++
		return fmt.Sprint(used.Voluntary+used.Involuntary, " ", from, " ", to), err
	})
	if err == nil && done == 0 {
		err = errors.New("waiting for the job: the parent is gone")
	}
	return err
}
