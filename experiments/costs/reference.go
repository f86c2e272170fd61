package costs

import (
	"context"
	"fmt"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/runner/protocol"
)

// prepareCPython starts a real CPython that measures the same thing. Its own
// clock gives ns/op.
func prepareCPython(t card.Trial, name string, args ...string) (card.Session, error) {
	if t.Env.Python == "" {
		return card.Session{}, fmt.Errorf("measuring %s on CPython: there is none: install CPython 3 or set %s", name, cpython.Variable)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceFor(100*t.Ops))
	python, err := cpython.Interpreter{Path: t.Env.Python}.Start(ctx, name, append(args, "n="+strconv.Itoa(t.Ops))...)
	if err != nil {
		cancel()
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) { return python.Measure() },
		Close: func() error {
			python.Close()
			cancel()
			return nil
		},
	}, nil
}
