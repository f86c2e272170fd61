package worker

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"parcon/experiments/procpool"
	"parcon/experiments/tasks/workload"
	"parcon/runner/affinity"
	"parcon/runner/usage"
)

// Main runs a worker: args are a mode, the workload's parameters and, in mode
// One, the task.
func Main(list []workload.Workload, args []string, in io.Reader, out io.Writer) error {
	if len(args) < 1+workload.NumArgs {
		return fmt.Errorf("starting a worker with %d arguments: this program is started by parcon, not by hand", len(args))
	}
	task, err := taskOf(list, args[1:1+workload.NumArgs])
	if err != nil {
		return err
	}
	return Work(append([]string{args[0]}, args[1+workload.NumArgs:]...), of(task), in, out)
}

// taskOf makes the task that parameters ask for.
func taskOf(list []workload.Workload, args []string) (workload.Task, error) {
	params, err := workload.ParseArgs(args)
	if err != nil {
		return nil, err
	}
	w, err := workload.Find(list, params.Name)
	if err != nil {
		return nil, err
	}
	return w.New(params)
}

// Handler answers requests for tasks of a workload, whose parameters args are.
func Handler(list []workload.Workload, args []string) (procpool.Handler, error) {
	task, err := taskOf(list, args)
	if err != nil {
		return nil, err
	}
	return handler(of(task)), nil
}

// asked says whether places were asked for.
var asked = sync.OnceValue(func() bool {
	key, value, _ := strings.Cut(PlaceEnv, "=")
	return os.Getenv(key) == value
})

// of runs tasks of a workload.
func of(task workload.Task) Call {
	return func(number int) (Result, error) {
		run := func() (uint64, error) { return task(workload.Seed(number)) }
		if asked() {
			return runPlaced(run)
		}
		return Timed(run)
	}
}

func runPlaced(run func() (uint64, error)) (Result, error) {
	p := Place{Worker: os.Getpid(), Core: affinity.Core()}
	before := usage.Self()
	r, err := Timed(run)
	p.CPU, p.Last = usage.Self().Since(before).CPU(), affinity.Core()
	r.Place = &p
	return r, err
}
