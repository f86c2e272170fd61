package subject

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/trial"
	"parcon/experiments/tasks/worker"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// The roles of a program: its first argument.
const (
	Trial     = "trial"     // see Order; package protocol says how it goes
	Reference = "reference" // see Question
	Worker    = "worker"    // see package worker; a mode is the rest
)

// An Order is what a trial is to do.
type Order struct {
	Model          string
	Workers, Tasks int
	Answers        []uint64 // of each task
	Unchecked      bool     // they say no more than which calls fail
}

// A Question asks for the answers of calls one after another: the first line on standard input.
type Question struct {
	Tasks  int           // at most
	Enough time.Duration // after which no more are begun
}

// An Answered is a line of what the program says to that: for each call, and one at the end,
// which has Wall.
type Answered struct {
	Answer uint64        `json:"a"`
	Failed string        `json:"f,omitempty"` // the error that the call returned
	Broken string        `json:"b,omitempty"` // why there can be no answer, nor others
	Wall   time.Duration `json:"w,omitempty"` // of all calls
	CPU    time.Duration `json:"c,omitempty"`
}

// Main runs the role that the program's arguments ask for.
func Main(s Subject) {
	if err := s.main(os.Args[1:]); err != nil {
		fmt.Fprintln(crash, err)
		os.Exit(1)
	}
}

// crash is standard error, as it was before the function could write there.
var crash = os.Stderr

func (s Subject) main(args []string) error {
	if len(args) == 0 {
		return errors.New("this program is started by parcon, not by hand")
	}
	if args[0] == Worker {
		return s.work(args[1:])
	}
	in, out, said, err := streams()
	if err != nil {
		return fmt.Errorf("moving the streams of a trial: %w", err)
	}
	crash = said
	if err := debug.SetCrashOutput(said, debug.CrashOptions{}); err != nil {
		return err
	}
	read := bufio.NewReader(in)
	line, err := read.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading what to do from standard input: %w", err)
	}
	if args[0] == Reference {
		var q Question
		if err := json.Unmarshal(line, &q); err != nil {
			return err
		}
		go proc.WatchParent(read)
		return s.answer(q, json.NewEncoder(out))
	}
	var o Order
	if err := json.Unmarshal(line, &o); err != nil {
		return err
	}
	return s.trial(o, read, out)
}

// work answers requests as a worker process.
func (s Subject) work(args []string) error {
	if len(args) > 0 && args[0] != worker.One { // the pool's side moves its streams itself
		return worker.Work(args, s.timed, proc.Stdin(), os.Stdout)
	}
	_, out, said, err := streams()
	if err != nil {
		return err
	}
	crash = said
	if err := debug.SetCrashOutput(said, debug.CrashOptions{}); err != nil {
		return err
	}
	return worker.Work(args, s.timed, nil, out)
}

// answer calls the function with 0, 1, 2 ... and tells of each call before the next begins:
// which one ended the process, or never ends, its reader knows.
func (s Subject) answer(q Question, out *json.Encoder) error {
	before, wall := usage.Self(), time.Duration(0)
	for n := 0; n < q.Tasks && (n == 0 || wall < q.Enough); n++ {
		start := clock.Now()
		answer, failed, err := s.run(n)
		wall += time.Duration(clock.Now() - start)
		a := Answered{Answer: answer}
		if failed != nil {
			a.Failed = short(failed.Error())
		}
		if err != nil {
			a.Broken = short(err.Error())
		}
		if err := out.Encode(a); err != nil {
			return err
		}
		if a.Broken != "" {
			return nil
		}
	}
	return out.Encode(Answered{Wall: max(1, wall), CPU: usage.Self().Since(before).CPU()})
}

// short keeps one line of at most 300 bytes.
func short(text string) string {
	text = oneLine(text)
	return text[:min(len(text), 300)]
}

// trial measures the function under a model.
func (s Subject) trial(o Order, in *bufio.Reader, out io.Writer) error {
	t, err := s.prepare(o)
	if err != nil {
		return err
	}
	return trial.Follow(in, out, func() (protocol.Measurement, error) {
		m, err := t.Measure()
		if delay, known := m["run-delay-ns"]; known {
			m["run-delay-ns/op"] = delay / float64(o.Tasks)
		}
		return m, err
	})
}

// prepare starts the crew. Nothing is warmed: what the function keeps from one call to the next
// would be part of it.
func (s Subject) prepare(o Order) (*trial.Trial, error) {
	m, err := plain(o.Model)
	if err != nil {
		return nil, err
	}
	if o.Tasks < 1 || o.Workers < 1 || len(o.Answers) != o.Tasks {
		return nil, fmt.Errorf("a trial of %d tasks by %d workers with %d answers", o.Tasks, o.Workers, len(o.Answers))
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the path of this program, to start it as a worker: %w", err)
	}
	debug.SetMaxThreads(10_000 + 2*o.Workers)
	log := trial.NewRecord(o.Tasks, o.Answers, func(n uint64) (uint64, error) {
		answer, failed, err := s.run(int(n))
		if err == nil && failed != nil && o.Answers[n] != Failure {
			err = fmt.Errorf("called with %d it returned an error, which alone it did not: %s", n, short(failed.Error()))
		}
		return o.seen(answer), err
	})
	crew, err := m.Start(o.Workers, model.Job{
		Run: log.Run,
		Report: func(task int, answer uint64, start, end int64) error {
			if answer == Failure && o.Answers[task] != Failure {
				return fmt.Errorf("called with %d it returned an error, which it did not before", task)
			}
			return log.Report(task, o.seen(answer), start, end)
		},
		Worker: model.WorkerCommand{Program: []string{self, Worker}, Env: append(os.Environ(), "GOMAXPROCS=1")},
	})
	return &trial.Trial{Tasks: o.Tasks, Crew: crew, Log: log}, err
}

// seen is what is looked at of an answer.
func (o Order) seen(answer uint64) uint64 {
	if o.Unchecked {
		return Unchecked(answer)
	}
	return answer
}

// Unchecked is an answer of which no more counts than whether the call failed.
func Unchecked(answer uint64) uint64 {
	if answer == Failure {
		return Failure
	}
	return 0
}

func plain(name string) (model.Model, error) {
	for _, m := range model.Plain {
		if m.Name == name {
			return m, nil
		}
	}
	return model.Model{}, fmt.Errorf("model %q is not known: this program and parcon are of different versions", name)
}
