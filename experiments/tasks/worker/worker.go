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
	"time"

	"parcon/experiments/procpool"
	"parcon/runner/clock"
	"parcon/runner/usage"
)

// A Result is one task that was run.
type Result struct {
	Answer     uint64
	Start, End int64 // clock.Now
	PeakRSS    int64 // bytes, of a process that ran this task alone and was asked for it
	Place      *Place
}

// A Place is where a task ran, of a worker that was asked for it by PlaceEnv.
type Place struct {
	Worker     int           // number of the process
	Core, Last int           // at start and end, or affinity.Unknown
	CPU        time.Duration // of the process meanwhile
}

// PlaceEnv in the environment of a worker asks it for the place of each task, which costs
// some system calls a task: only a traced run does so.
const PlaceEnv = "PARCON_PLACE=1"

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

// A Call runs the task of that number.
type Call func(task int) (Result, error)

// Work runs a worker: args are a mode and, in mode One, the task.
func Work(args []string, call Call, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("starting a worker: its mode is missing")
	}
	switch args[0] {
	case Serve:
		return procpool.Serve(in, out, handler(call))
	case Ring:
		return procpool.ServeRing(in, handler(call))
	case One:
		return runOne(call, args[1:], out)
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

func handler(call Call) procpool.Handler {
	return func(request, reply []byte) ([]byte, error) {
		switch {
		case len(request) == 9 && request[0] == askTask:
			result, err := call(int(binary.LittleEndian.Uint64(request[1:])))
			return result.append(reply), err
		case len(request) == 1 && request[0] == askUsage:
			return usage.Self().Append(reply), nil
		}
		return nil, fmt.Errorf("a request of %d bytes is neither for a task nor for usage: worker and parent are of different versions", len(request))
	}
}

// Timed is one task that was run in this process.
func Timed(run func() (uint64, error)) (Result, error) {
	start := clock.Now()
	answer, err := run()
	return Result{Answer: answer, Start: start, End: clock.Now()}, err
}

func runOne(call Call, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("starting a worker for one task: which one is missing")
	}
	number, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("starting a worker for one task: %w", err)
	}
	result, err := call(number)
	if err != nil {
		return err
	}
	if len(args) > 1 && args[1] == Peak {
		result.PeakRSS = usage.Self().PeakRSS
	}
	_, err = out.Write(result.append(nil))
	return err
}

// What a result's parts take in bytes; the last two may be missing.
const (
	resultSize = 3 * 8
	peakSize   = 8
	placeSize  = 4 * 8
)

func (r Result) append(buf []byte) []byte {
	put := func(v int64) { buf = binary.LittleEndian.AppendUint64(buf, uint64(v)) }
	put(int64(r.Answer))
	put(r.Start)
	put(r.End)
	if r.PeakRSS > 0 {
		put(r.PeakRSS)
	}
	if p := r.Place; p != nil {
		put(int64(p.Worker))
		put(int64(p.Core))
		put(int64(p.Last))
		put(p.CPU.Nanoseconds())
	}
	return buf
}

// ParseResult reads a pool worker's answer to Request, or the output of a
// worker in mode One.
func ParseResult(b []byte) (Result, error) {
	more := len(b) - resultSize
	if more != 0 && more != peakSize && more != placeSize && more != peakSize+placeSize {
		return Result{}, fmt.Errorf("reading a task's result: %d bytes, want %d: worker and parent are of different versions", len(b), resultSize)
	}
	at := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	r := Result{Answer: uint64(at(0)), Start: at(1), End: at(2)}
	if more == peakSize || more == peakSize+placeSize {
		r.PeakRSS = at(3)
	}
	if more >= placeSize {
		b = b[len(b)-placeSize:]
		r.Place = &Place{Worker: int(at(0)), Core: int(at(1)), Last: int(at(2)), CPU: time.Duration(at(3))}
	}
	return r, nil
}
