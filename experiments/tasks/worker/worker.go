// Package worker is the worker process of the models process, process-pool and
// process-pool-ring, and the protocol between it and the trial that uses it.
//
// What this package imports decides how fast a process starts, so it holds no
// model, no plotting and no command library.
package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"parcon/experiments/procpool"
	"parcon/experiments/tasks/workload"
	"parcon/runner/clock"
	"parcon/runner/usage"
)

// A Result is one task that was run.
type Result struct {
	Answer     uint64
	Start, End int64 // clock.Now
	PeakRSS    int64 // bytes, of a process that ran this task alone and was asked for it
}

// The modes of a worker: how it gets its tasks.
const (
	Serve = "serve" // frames on standard input and output
	Ring  = "ring"  // frames in shared memory
	One   = "one"   // one task, whose number is the next argument; then Peak or nothing
)

// Peak asks a worker in mode One for its peak memory too. Reading that costs a
// tenth of a process start, so a trial asks only a few of its processes.
const Peak = "peak"

const (
	askTask  = 't'
	askUsage = 'u'
)

// Main runs a worker: args are a mode, the workload's parameters and, in mode
// One, the task.
func Main(list []workload.Workload, args []string, in io.Reader, out io.Writer) error {
	if len(args) < 1+workload.NumArgs {
		return fmt.Errorf("starting a worker with %d arguments: this program is started by parcon, not by hand", len(args))
	}
	params, err := workload.ParseArgs(args[1 : 1+workload.NumArgs])
	if err != nil {
		return err
	}
	w, err := workload.Find(list, params.Name)
	if err != nil {
		return err
	}
	task, err := w.New(params)
	if err != nil {
		return err
	}
	switch args[0] {
	case Serve:
		return procpool.Serve(in, out, handler(task))
	case Ring:
		return procpool.ServeRing(in, handler(task))
	case One:
		return runOne(task, args[1+workload.NumArgs:], out)
	}
	return fmt.Errorf("starting a worker in mode %q: there is none of that name", args[0])
}

// Request asks a worker of a pool for one task.
func Request(task int, buf []byte) []byte {
	return binary.LittleEndian.AppendUint64(append(buf, askTask), uint64(task))
}

// UsageRequest asks a worker of a pool what it has consumed; usage.Decode reads
// the answer.
func UsageRequest() []byte { return []byte{askUsage} }

func handler(task workload.Task) procpool.Handler {
	return func(request, reply []byte) ([]byte, error) {
		switch {
		case len(request) == 9 && request[0] == askTask:
			result, err := run(task, int(binary.LittleEndian.Uint64(request[1:])))
			return result.append(reply), err
		case len(request) == 1 && request[0] == askUsage:
			return usage.Self().Append(reply), nil
		}
		return nil, fmt.Errorf("a request of %d bytes is neither for a task nor for usage: worker and parent are of different versions", len(request))
	}
}

func run(task workload.Task, number int) (Result, error) {
	start := clock.Now()
	answer, err := task(workload.Seed(number))
	return Result{Answer: answer, Start: start, End: clock.Now()}, err
}

func runOne(task workload.Task, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("starting a worker for one task: which one is missing")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("starting a worker for one task: %w", err)
	}
	result, err := run(task, number)
	if err != nil {
		return err
	}
	reply := result.append(nil)
	if len(args) > 1 && args[1] == Peak {
		reply = binary.LittleEndian.AppendUint64(reply, uint64(usage.Self().PeakRSS))
	}
	_, err = out.Write(reply)
	return err
}

const resultSize = 3 * 8

func (r Result) append(buf []byte) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, r.Answer)
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.Start))
	return binary.LittleEndian.AppendUint64(buf, uint64(r.End))
}

// ParseResult reads a pool worker's answer to Request, or the output of a
// worker in mode One.
func ParseResult(b []byte) (Result, error) {
	if len(b) != resultSize && len(b) != resultSize+8 {
		return Result{}, fmt.Errorf("reading a task's result: %d bytes, want %d: worker and parent are of different versions", len(b), resultSize)
	}
	r := Result{
		Answer: binary.LittleEndian.Uint64(b),
		Start:  int64(binary.LittleEndian.Uint64(b[8:])),
		End:    int64(binary.LittleEndian.Uint64(b[16:])),
	}
	if len(b) > resultSize {
		r.PeakRSS = int64(binary.LittleEndian.Uint64(b[resultSize:]))
	}
	return r, nil
}
