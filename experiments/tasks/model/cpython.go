package model

import (
	"context"

	"parcon/experiments/cpython"
	"parcon/experiments/lane"
	"parcon/runner/usage"
)

// The models of a real CPython, beside which gil and gil-lock stand. Its tasks are in Python,
// with the same answers (see package cpython).
var (
	cpythonSerial         = onPython("serial", "CPython, one task after another: its baseline", false)
	cpythonThread         = onPython("thread", "CPython, a fixed number of threads, of which one runs Python at a time where it has a GIL", false)
	cpythonProcess        = onPython("process", "CPython, a process for every task by os.fork, a limited number at once", false)
	cpythonPool           = onPython("pool", "CPython, multiprocessing.Pool: a fixed number of processes that are forked once", true)
	cpythonAsyncio        = onPython("asyncio", "CPython, coroutines on one event loop; what computes or calls a file blocks it", false)
	cpythonSubinterpreter = onPython("subinterpreter", "CPython 3.12 and later, a fixed number of threads, each with an interpreter and a GIL of its own", true)
)

func onPython(way, mapping string, isolated bool) Model {
	return Model{
		Name: "cpython-" + way, Mapping: mapping, Isolated: isolated, Python: true,
		Procs: oneCore, // this process only waits
		Start: func(workers int, job Job) (Crew, error) {
			ctx, cancel := context.WithCancel(context.Background())
			c, err := job.Python.(cpython.Interpreter).StartCrew(ctx, way, workers, job.Traced, job.Worker.Params...)
			if err != nil {
				cancel()
				return nil, err
			}
			return &pythonCrew{job: job, crew: c, cancel: cancel, threads: way != "process" && way != "pool"}, nil
		},
	}
}

type pythonCrew struct {
	job    Job
	crew   *cpython.Crew
	cancel context.CancelFunc
	ran    int
	tasks  []cpython.Task // these two of a crew that is traced
	turns  []cpython.Turn

	threads bool // its workers are threads of one process
}

func (c *pythonCrew) Run(n int) error {
	c.ran = n
	return c.crew.Run(n)
}

// Collect takes the answers, which Python has kept: to hand them over takes time that is
// no part of a task.
func (c *pythonCrew) Collect() error {
	tasks, err := c.crew.Results(c.ran)
	if c.job.Traced && err == nil {
		c.tasks = tasks
		c.turns, err = c.crew.Turns()
	}
	for _, t := range tasks {
		if err := c.job.Report(t.Number, t.Answer, t.Start, t.End); err != nil {
			return err
		}
	}
	return err
}

// Lanes are the turns of threads, or what processes consumed.
func (c *pythonCrew) Lanes(begin int64) []lane.Slice {
	return pythonLanes(c.tasks, c.turns, c.threads, begin)
}

func (c *pythonCrew) Usage() (usage.Usage, error) { return c.crew.Usage() }

func (c *pythonCrew) Close() error {
	defer c.cancel()
	return c.crew.Close()
}
