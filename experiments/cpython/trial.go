package cpython

import (
	"context"
	"fmt"
	"time"

	"parcon/experiments/card"
)

// Prepare makes a trial ready whose work a real CPython does, within limit. own and
// the rest are as for StartOwn; n, the operations of the trial, is added to args.
func Prepare(t card.Trial, limit time.Duration, own, mechanism string, args ...string) (card.Session, error) {
	if t.Env.Python == "" {
		return card.Session{}, fmt.Errorf("measuring %s: there is no CPython: install python3, or set %s to its path", mechanism, Variable)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("waited %v for Python in vain", limit))
	s, err := Interpreter{Path: t.Env.Python, GIL: true}.StartOwn(ctx, own, mechanism, append(args, fmt.Sprint("n=", t.Ops))...)
	if err != nil {
		cancel()
		return card.Session{}, err
	}
	return card.Session{Run: s.Measure, Close: func() error {
		s.Close()
		cancel()
		return nil
	}}, nil
}
