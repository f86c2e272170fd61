// Package subject is a function of somebody's as the tasks of trials: task i calls it with i.
//
// Package gofunc copies it, and what it imports, into a program that it makes in the module of
// that function. So all of this needs nothing but Go's standard library.
package subject

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"parcon/experiments/tasks/worker"
)

// A Subject is the function.
type Subject struct {
	call func(n int) (answer uint64, err error)
}

// Plain is a function that returns nothing to be checked.
func Plain(f func(int) error) Subject {
	return Subject{func(n int) (uint64, error) { return 0, f(n) }}
}

// Context is one that takes a context too.
func Context(f func(context.Context, int) error) Subject {
	return Subject{func(n int) (uint64, error) { return 0, f(context.Background(), n) }}
}

// Answer is one whose answers are checked.
func Answer[T any](f func(int) (T, error)) Subject {
	return Subject{func(n int) (uint64, error) {
		answer, err := f(n)
		if err != nil {
			return 0, err
		}
		return digest(answer)
	}}
}

// Failure is what stands for the answer of a call that returned an error: that it fails is
// its answer, and must be so under every model.
const Failure = 1<<64 - 1

// A panicked call ends its trial.
type panicked struct{ text string }

func (p panicked) Error() string { return p.text }

// run calls the function once. failed is the error that it returned.
func (s Subject) run(n int) (answer uint64, failed, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = panicked{fmt.Sprintf("it panicked when called with %d: %s%s", n, oneLine(fmt.Sprint(reason)), place(string(debug.Stack())))}
		}
	}()
	answer, failed = s.call(n)
	if no, is := failed.(noDigest); is {
		return 0, nil, no
	}
	if failed != nil {
		return Failure, failed, nil
	}
	return answer, nil, nil
}

// task is run for whoever wants nothing but the answer.
func (s Subject) task(n uint64) (uint64, error) {
	answer, _, err := s.run(int(n))
	return answer, err
}

func (s Subject) timed(n int) (worker.Result, error) {
	return worker.Timed(func() (uint64, error) { return s.task(uint64(n)) })
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// place is where a panic came from: the line after that of the call of panic, in the text of
// a stack, whose frames are two lines each.
func place(stack string) string {
	lines := strings.Split(stack, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			at, _, _ := strings.Cut(strings.TrimSpace(lines[i+3]), " +0x")
			return " (" + at + ")"
		}
	}
	return ""
}
