// Package gobench measures the way that most people do: a Go benchmark run
// -count=10 times, all of one side, then all of the other. A self-check holds
// parcon against it.
//
// The benchmark is run by the testing package itself, in one process for each
// side, as `go test -bench` does: warm-up by growing iterations, then samples one
// after another.
package gobench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"parcon/experiments/child"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc"
)

// Role is the second argument of this program when it is started to run one
// side (the first is child.Argument).
const Role = "usual"

// A Side is what one process measures.
type Side struct {
	Order   child.Order   // what a task is; its number of tasks has no meaning here
	Count   int           // samples, as -count
	Length  time.Duration // of a sample, as -benchtime
	Program []string      // to be started with the role: one that calls Main first thing
}

// Main runs the role if the program was started for it and ends the process.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != child.Argument || os.Args[2] != Role {
		return
	}
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(in io.Reader, out io.Writer) error {
	var side Side
	if err := json.NewDecoder(in).Decode(&side); err != nil {
		return fmt.Errorf("reading what to measure: %w", err)
	}
	_, _, task, err := side.Order.Task()
	if err != nil {
		return err
	}
	samples, err := sample(task, side.Order.Answers, side.Count, side.Length)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(samples)
}

// sample runs a benchmark of a task count times and returns nanoseconds per
// task. Every answer is checked, as in a trial.
func sample(task workload.Task, answers []uint64, count int, length time.Duration) ([]float64, error) {
	if len(answers) != workload.Seeds {
		return nil, fmt.Errorf("%d right answers, want %d", len(answers), workload.Seeds)
	}
	testing.Init()
	if err := flag.Set("test.benchtime", length.String()); err != nil {
		return nil, fmt.Errorf("setting the length of a sample: %w", err)
	}
	samples := make([]float64, 0, count)
	for range count {
		var failed error
		r := testing.Benchmark(func(b *testing.B) {
			for i := range b.N {
				seed := workload.Seed(i)
				answer, err := task(seed)
				if err != nil {
					failed = err
				} else if answer != answers[seed] {
					failed = fmt.Errorf("wrong answer to seed %d: %d, want %d", seed, answer, answers[seed])
				}
			}
		})
		if failed != nil {
			return nil, failed
		}
		samples = append(samples, float64(r.T)/float64(r.N))
	}
	return samples, nil
}

// Measure runs a side in a process of its own and returns its samples, in
// nanoseconds per task. GOMAXPROCS is procs, as in the trials it is held
// against.
func (s Side) Measure(ctx context.Context, procs int) ([]float64, error) {
	order, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	cmd := proc.Command(append(append([]string{}, s.Program...), child.Argument, Role), []string{fmt.Sprintf("GOMAXPROCS=%d", procs), "GOGC=100"})
	var out, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(order), &out, &stderr
	if err := proc.Start(cmd); err != nil {
		return nil, fmt.Errorf("starting a process of the usual way: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { proc.Kill(cmd) })
	err = cmd.Wait()
	stop()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("measuring the usual way: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var samples []float64
	if err := json.Unmarshal(out.Bytes(), &samples); err != nil {
		return nil, fmt.Errorf("reading samples of the usual way: %w", err)
	}
	if len(samples) != s.Count {
		return nil, errors.New("measuring the usual way: samples are missing")
	}
	return samples, nil
}
