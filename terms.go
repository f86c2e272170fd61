package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"

	"parcon/results"
	"parcon/runner"
)

// terms are what a user can ask of any advice.
type terms struct {
	atMost          int // workers
	budget, timeout time.Duration
	seed            uint64
	out             string
	asJSON          bool
}

// mostWorkers is the most that --at-most takes: a process for each, and some files.
const mostWorkers = 1000

// check says what is wrong with them, and draws a seed where none was given.
func (t *terms) check() error {
	switch {
	case t.atMost < 1 || t.atMost > mostWorkers:
		return wrongUsage("--at-most %d: give a number from 1 to %d", t.atMost, mostWorkers)
	case t.budget <= 0:
		return wrongUsage("--budget %v: give a duration above zero, such as 1m", t.budget)
	case t.timeout <= 0:
		return wrongUsage("--timeout %v: give a duration above zero, such as 30s", t.timeout)
	}
	if t.seed == 0 {
		t.seed = rand.Uint64()
	}
	return nil
}

// keeping opens the result file, if one is asked for. about says at its head what is
// measured, tasks how many of them a trial has.
func (t terms) keeping(experiments string, about results.Setup, tasks func(results.Slot) int) (keep func(results.Result) error, end func(), err error) {
	if t.out == "" {
		return func(results.Result) error { return nil }, func() {}, nil
	}
	dir, unlock, err := folder(t.out, "")
	if err != nil {
		return nil, nil, err
	}
	head := append(runner.Host(dir),
		results.Entry{Key: results.KeyExperiments, Value: experiments},
		results.Entry{Key: results.KeySeed, Value: fmt.Sprint(t.seed)},
		results.Entry{Key: results.KeyBudget, Value: t.budget.String()},
	)
	file, err := results.Create(filepath.Join(dir, trialsFile), append(head, about...), tasks)
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return file.Keep, func() { _ = file.Close(); unlock() }, nil
}

// report makes one of the trials that were kept, also when ctx ended meanwhile, and prints its path
// for people.
func (t terms) report(ctx context.Context, stdout io.Writer) error {
	if t.out == "" {
		return nil
	}
	if err := writeReport(context.WithoutCancel(ctx), t.out, t.out, printer{out: io.Discard}, io.Discard); err != nil || t.asJSON {
		return err
	}
	_, err := fmt.Fprintln(stdout, filepath.Join(t.out, "report.md"))
	return err
}
