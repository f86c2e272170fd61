package sharing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// A member is one part process that is talked to in lines.
type member struct{ *peer.Process }

// recruit prepares a part with one Go processor. files are its descriptors from 3
// on. Go's own preemption is switched off in it: its signal could cut a long write in
// two.
func recruit(t card.Trial, name string, files []*os.File, args ...string) *exec.Cmd {
	cmd := peer.Part(t, 1, name, args...)
	cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1")
	cmd.ExtraFiles = files
	return cmd
}

// enlist starts a part. It is ended by kill or wait.
func enlist(t card.Trial, name string, files []*os.File, args ...string) (member, error) {
	p, err := peer.Start(recruit(t, name, files, args...), patience)
	if err != nil {
		return member{}, fmt.Errorf("starting part %s: %w", name, err)
	}
	return member{p}, nil
}

// say gives the part a line. One that is gone is noticed by hear.
func (m member) say(line string) { _ = m.Tell(line) }

// hear returns the next line that the part says, or ends it and says why there is
// none.
func (m member) hear() (string, error) { return m.Hear() }

// wait waits until the part has ended by itself and says how.
func (m member) wait() error { return m.Wait(patience) }

// kill ends the part, which has nothing more to do.
func (m member) kill() { m.Kill() }

// A crew is parts that do one job at the same time.
type crew struct{ peer.Crew }

// assemble starts n parts and returns when all wait for the job, see attend. Each
// part gets its own files and arguments.
func assemble(t card.Trial, n int, name string, files func(index int) []*os.File, args func(index int) []string) (crew, error) {
	c, err := peer.Assemble(n, patience, func(i int) *exec.Cmd { return recruit(t, name, files(i), args(i)...) })
	return crew{c}, err
}

// hear takes a line from everyone, which must begin with that word, and returns
// the sums of the numbers behind it.
func (c crew) hear(word string) (sums []int, err error) {
	lines, err := c.Hear()
	for _, line := range lines {
		if err == nil {
			sums, err = add(sums, line, word)
		}
	}
	return sums, err
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
func (c crew) dismiss() { c.Kill() }

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
		for _, m := range c.Crew {
			all += usage.CPUOf(m.Cmd.Process.Pid)
		}
		return all
	}
	before, theirs := usage.Self(), cpu()
	start := clock.Now()
	c.Tell(begin)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var failed error
	var beside sync.WaitGroup
	if meanwhile != nil {
		beside.Go(func() { failed = meanwhile(ctx) })
	}
	sums, err := c.hear(done)
	if err != nil {
		c.dismiss() // others may wait for who failed, and meanwhile for them
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
	told := false
	err := peer.Attend(func(string) (string, error) {
		told = true
		before := usage.Self()
		counts, err := work()
		used := usage.SelfAfter().Since(before)
		line := fmt.Sprint(done, " ", used.Voluntary+used.Involuntary)
		for _, n := range counts {
			line += " " + strconv.Itoa(n)
		}
		return line, err
	})
	if err == nil && !told {
		err = errors.New("waiting for the job: the parent is gone")
	}
	return err
}
