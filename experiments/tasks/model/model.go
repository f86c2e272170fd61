// Package model holds the execution models: the ways to lay many tasks over
// processes, threads and goroutines.
//
// A model starts a crew of workers for a job, and the crew runs the job's
// tasks. Starting is apart from running, so that a pool is measured as pools
// are used: started once, then fed. A model that makes a unit for every task
// (goroutine, loop, process) does so while it runs, because that is its
// nature.
//
// A model decides two more things: GOMAXPROCS of the process that it runs in,
// and nothing else of the process. That is why each trial has a process of its
// own: gil and loop are what they are only at GOMAXPROCS=1.
//
// A new model is one file here and one line in All. This file and those of the models in
// Plain are copied into programs of other modules.
package model

import (
	"time"

	"parcon/experiments/tasks/worker"
	"parcon/runner/usage"
)

// A Job is what a crew works on: tasks with the numbers 0, 1, 2 ...
type Job struct {
	// Run runs one task in this process. It may be called from many goroutines
	// at once.
	Run func(task int) error
	// Worker is the command line of a worker program that runs tasks of this
	// job, without its mode.
	Worker WorkerCommand
	// Host is what the model's Host made, nil if it makes none. Tasks are bound to it.
	Host Host
	// Python is the interpreter, a cpython.Interpreter, of models that have one. Its Params
	// are Worker's.
	Python any
	Traced bool  // that interpreter tells who ran when
	Queue  Queue // of a model that has one
	// Report takes the result of a task that ran in another process: its
	// answer and when it started and ended (clock.Now).
	Report func(task int, answer uint64, start, end int64) error
	// Placed takes, before Report, where a task ran in another process; nil unless Worker
	// asks its workers for that.
	Placed func(task int, result worker.Result)
}

// report hands on the result of a worker.
func (j Job) report(task int, r worker.Result) error {
	if j.Placed != nil && r.Place != nil {
		j.Placed(task, r)
	}
	return j.Report(task, r.Answer, r.Start, r.End)
}

// WorkerCommand starts a worker program of the job.
type WorkerCommand struct {
	Program []string // path and leading arguments, before the mode
	Params  []string // arguments after the mode
	Env     []string
}

func (w WorkerCommand) argv(mode string, more ...string) []string {
	argv := append([]string(nil), w.Program...)
	argv = append(argv, mode)
	argv = append(argv, w.Params...)
	return append(argv, more...)
}

// A Host is told by tasks what they are about to do: see workload.Host, which it is.
type Host interface {
	Check()
	Sleep(d time.Duration)
	Block(call func())
}

// A Crew is a number of started workers.
type Crew interface {
	// Run runs the tasks 0 to n-1, all of them unless one fails, and returns
	// when none is running any more.
	Run(n int) error
	// Usage is what the crew's processes have consumed, without this process
	// and without processes that already ended.
	Usage() (usage.Usage, error)
	// Close ends the workers and waits until they are gone.
	Close() error
}

// A Queue is how a model connects its processes by a message server.
type Queue struct {
	Program  []string // before a role of package remote
	Dir      string   // for its server's files
	Store    string   // of package remote: memory, disk or synced
	Prefetch int      // tasks that a worker takes ahead
}

// An Assembly is a crew of parts that are told apart.
type Assembly interface {
	// Parts is what each part consumed in the last Run, by unit.
	Parts() (map[string]float64, error)
}

// A Collector is a crew that keeps what its last Run gave until it is asked for.
type Collector interface {
	// Collect reports the answers.
	Collect() error
}

// A Model starts crews.
type Model struct {
	Name    string
	Mapping string // one line: tasks to threads and processes
	// Procs is the GOMAXPROCS that the model needs for so many workers on so
	// many cores.
	Procs func(workers, cores int) int
	// Isolated workers share no memory: each must be warmed up by itself.
	Isolated bool
	// Python says that a CPython does the work: a variant names which, and its baseline is
	// cpython-serial on the same one.
	Python bool
	// Remote says that a message queue connects the workers: a variant may say how.
	Remote bool
	// Host makes what tasks of one crew tell what they do; nil if they need not.
	Host func() Host
	// Threads says that each worker has a kernel thread of its own.
	Threads bool
	// Start starts a crew of at least 1 workers.
	Start func(workers int, job Job) (Crew, error)
}

// Plain lists the models that need nothing but Go's standard library: those of which a
// program can be made in any module.
var Plain = []Model{serial, goroutine, pool, thread, loop, process, processPool}

func allCores(_, cores int) int { return cores }

func oneCore(int, int) int { return 1 }

// aboveWorkers lets every worker hold one of Go's processors, with one to spare for the
// rest of the process.
func aboveWorkers(workers, _ int) int { return min(workers, mostProcs) + 1 }

// mostProcs is all that thousands of workers get: the runtime looks through all of them
// at many turns (10,000 threads took 1.4 s to start with 10,000, 0.3 s with 256), and only
// workers that compute need one.
const mostProcs = 256

// inProcess is the part of a crew that all models without processes share.
type inProcess struct{}

func (inProcess) Usage() (usage.Usage, error) { return usage.Usage{}, nil }
func (inProcess) Close() error                { return nil }
