package model

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"parcon/experiments/tasks/worker"
	"parcon/runner/proc"
	"parcon/runner/usage"
)

var process = Model{
	Name: "process", Mapping: "a new process for every task, a limited number at once (1:1, isolated)",
	Procs: allCores,
	Start: func(workers int, job Job) (Crew, error) {
		return &processCrew{job: job, workers: workers}, nil
	},
}

type processCrew struct {
	job     Job
	workers int
	mu      sync.Mutex
	peak    int64 // the largest process seen, in bytes
}

// Run keeps one goroutine for each place and starts one process after another
// in it.
func (c *processCrew) Run(n int) error {
	var failed firstError
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(c.workers, n) {
		running.Go(func() {
			for !failed.any() {
				task := int(next.Add(1)) - 1
				if task >= n {
					return
				}
				failed.note(c.spawn(task))
			}
		})
	}
	running.Wait()
	return failed.get()
}

func (c *processCrew) spawn(task int) error {
	args := []string{strconv.Itoa(task)}
	if task < 2 {
		args = append(args, worker.Peak)
	}
	var stdout, stderr bytes.Buffer
	cmd := proc.Command(c.job.Worker.argv(worker.One, args...), c.job.Worker.Env)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := proc.Run(cmd); err != nil {
		return fmt.Errorf("running task %d in a process: %w: %s", task, err, strings.TrimSpace(stderr.String()))
	}
	result, err := worker.ParseResult(stdout.Bytes())
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.peak = max(c.peak, result.PeakRSS)
	c.mu.Unlock()
	return c.job.report(task, result)
}

// Usage holds memory only: what ended processes consumed is counted with the
// children of this one. As many processes live at once as there are places.
func (c *processCrew) Usage() (usage.Usage, error) {
	return usage.Usage{PeakRSS: c.peak * int64(c.workers)}, nil
}

func (c *processCrew) Close() error { return nil }
