package cpython

import (
	"context"
	"fmt"
	"time"

	"parcon/experiments/card"
)

// Key is the key of variants that name the CPython which they are measured on.
const Key = "python"

// Prepare makes a trial ready whose work a real CPython does, within limit: that which its
// variant names, or else the one that mechanisms are measured beside. own and the rest are
// as for StartOwn; n, the operations of the trial, is added to args.
func Prepare(t card.Trial, limit time.Duration, own, mechanism string, args ...string) (card.Session, error) {
	return PrepareScript(t, limit, with(own), mechanism, args...)
}

// PrepareScript is Prepare with a whole script of the caller's, which converses as ours
// does: for Pythons that are too old for it.
func PrepareScript(t card.Trial, limit time.Duration, script, mechanism string, args ...string) (card.Session, error) {
	i, err := interpreter(t)
	if err != nil {
		return card.Session{}, fmt.Errorf("measuring %s: %w", mechanism, err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("waited %v for Python in vain", limit))
	s, err := i.startScript(ctx, script, mechanism, append(args, fmt.Sprint("n=", t.Ops))...)
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

// interpreter is the one that a trial is measured on.
func interpreter(t card.Trial) (Interpreter, error) {
	if name := card.Python(t.Get(Key)); name != "" {
		path := t.Env.Pythons[name]
		if path == "" {
			return Interpreter{}, fmt.Errorf("there is no %s: name it with --python", name)
		}
		return Named(name, path), nil
	}
	if t.Env.Python == "" {
		return Interpreter{}, fmt.Errorf("there is no CPython: install python3, or set %s to its path", Variable)
	}
	return Interpreter{Path: t.Env.Python, GIL: true}, nil
}
