package cost

import (
	"context"
	"fmt"
	"strconv"

	"parcon/experiments/cpython"
	"parcon/experiments/mechanism"
	"parcon/runner/protocol"
)

// prepareCPython starts a real CPython that measures the same thing. Its own
// clock gives ns/op.
func prepareCPython(t mechanism.Trial, name string, args ...string) (mechanism.Session, error) {
	if t.Env.Python == "" {
		return mechanism.Session{}, fmt.Errorf("measuring %s on CPython: there is none: install CPython 3 or set %s", name, cpython.Variable)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceFor(100*t.Ops))
	python, err := cpython.Interpreter{Path: t.Env.Python}.Start(ctx, name, append(args, "n="+strconv.Itoa(t.Ops))...)
	if err != nil {
		cancel()
		return mechanism.Session{}, err
	}
	return mechanism.Session{
		Run: func() (protocol.Measurement, error) { return python.Measure() },
		Close: func() error {
			python.Close()
			cancel()
			return nil
		},
	}, nil
}
