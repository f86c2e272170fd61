package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"parcon/experiments/taskqueue"
)

// answered is a task with its answer, or why there is none, and whole what came of all of
// them, for programs.
type answered struct {
	Task   int    `json:"task"` // from 1
	Output string `json:"output"`
	Failed string `json:"failed,omitempty"`
	Worker string `json:"worker"`
	Times  int    `json:"handed_out"` // until then
}

type whole struct {
	Tasks   int     `json:"tasks"`
	Answers int     `json:"answers"`
	Failed  int     `json:"failed"`
	Again   int     `json:"handed_out_again"`
	Doubled int     `json:"second_answers_dropped"`
	Lost    int     `json:"lost_by_the_server"`
	Workers int     `json:"workers"`
	Seconds float64 `json:"seconds"`
}

// answers prints what a command printed for a task.
func (d distribution) answers(stdout io.Writer) func(taskqueue.Answer) error {
	return func(a taskqueue.Answer) error {
		if d.json {
			return printLine(stdout, answered{a.Task + 1, string(a.Body), "", a.Worker, a.Times})
		}
		if _, err := stdout.Write(a.Body); err != nil {
			return fmt.Errorf("printing what a task printed: %w", err)
		}
		return nil
	}
}

// failed tells programs of a task that has no answer: people were told.
func (d distribution) failed(stdout io.Writer, a taskqueue.Answer) error {
	if !d.json {
		return nil
	}
	return printLine(stdout, answered{Task: a.Task + 1, Failed: a.Fault, Worker: a.Worker, Times: a.Times})
}

// printLine prints a line of JSON.
func printLine(out io.Writer, v any) error {
	if err := json.NewEncoder(out).Encode(v); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	return nil
}

// summary says in a line what came of the tasks.
func summary(t taskqueue.Tally, faults int, took time.Duration) string {
	line := fmt.Sprintf("%d of %d tasks answered in %v, %.4g a second, by %d workers", t.Answers-faults, t.Tasks, took.Round(time.Millisecond), float64(t.Answers)/took.Seconds(), len(t.ByWorker))
	for _, also := range []struct {
		n    int
		what string
	}{{faults, "failed"}, {t.Again, "were handed out more than once"}, {t.Doubled, "second answers were dropped"}, {t.Lost, "were lost by the server"}} {
		if also.n > 0 {
			line += fmt.Sprintf("; %d %s", also.n, also.what)
		}
	}
	return line
}
