package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/trace"
	"slices"
	"time"

	"parcon/experiments/lane"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/trial"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/affinity"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// traced measures while it writes an execution trace, for the picture of the lanes: its
// numbers are not those of a trial.
func traced(t *trial.Trial, order Order) (m protocol.Measurement, err error) {
	f, err := os.Create(order.Trace)
	if err != nil {
		return nil, fmt.Errorf("making the file of an execution trace: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if of, ok := t.Crew.(model.Laned); ok {
		begin := clock.Now()
		if m, err = t.Measure(); err != nil {
			return nil, err
		}
		return m, lane.Write(f, []lane.Timeline{{Variant: order.Variant, Slices: of.Lanes(begin)}})
	}
	if err := trace.Start(f); err != nil {
		return nil, fmt.Errorf("starting an execution trace: %w", err)
	}
	defer trace.Stop()
	mark(lane.Mark{Kind: lane.Begin, At: clock.Now()})
	return t.Measure()
}

// marked is a job whose tasks leave marks in the execution trace. Outside of one they cost
// little, and say nothing.
func marked(job model.Job, kind workload.Kind) model.Job {
	job.Traced = true
	run := job.Run
	job.Run = func(task int) error {
		mark(lane.Mark{Kind: lane.Start, Task: task, Core: affinity.Core()})
		err := run(task)
		mark(lane.Mark{Kind: lane.End, Task: task, Core: affinity.Core()})
		return err
	}
	rest := lane.Waiting
	if kind == workload.CPU { // it computes all the time, if it gets a core
		rest = lane.Ready
	}
	job.Placed = func(task int, r worker.Result) {
		mark(lane.Mark{
			Kind: lane.Ran, Task: task, Worker: r.Place.Worker, Core: r.Place.Core, Last: r.Place.Last,
			At: r.Start, End: r.End, CPU: min(r.Place.CPU, time.Duration(r.End-r.Start)), Rest: rest,
		})
	}
	job.Worker.Env = append(slices.Clone(job.Worker.Env), worker.PlaceEnv)
	return job
}

func mark(m lane.Mark) { trace.Log(context.Background(), lane.Category, m.String()) }
