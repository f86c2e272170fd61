package sharing

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself: "part" with the arguments of a part, or "trial"
// with a variant and a folder for its files.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		var err error
		switch os.Args[1] {
		case "part":
			err = card.RunPart(Chapter.Cards, os.Args[2:])
		case "trial":
			err = endlessTrial(os.Args[2], os.Args[3])
		default:
			os.Exit(m.Run())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// found is the CPython to measure.
var found = sync.OnceValues(cpython.Find)

// prepare makes a trial of the variant ready.
func prepare(name, dir string, ops int) (card.Session, error) {
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return card.Session{}, err
	}
	if m.Unmet(card.Scale{System: "plan9"}) != "" && runtime.GOOS != "linux" {
		return card.Session{}, errors.ErrUnsupported
	}
	self, err := os.Executable()
	if err != nil {
		return card.Session{}, err
	}
	env := card.Env{Part: []string{self, "part"}, Dir: dir}
	if strings.Contains(name, "cpython") {
		python, err := found()
		if err != nil {
			return card.Session{}, fmt.Errorf("%w: %w", err, errors.ErrUnsupported)
		}
		env.Python = python.Path
	}
	return m.Prepare(card.Trial{Variant: v, Ops: ops, Env: env})
}

// measure prepares, runs and closes a trial.
func measure(name, dir string, ops int) (protocol.Measurement, error) {
	s, err := prepare(name, dir, ops)
	if err != nil {
		return nil, err
	}
	m, err := s.Run()
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	return m, err
}

// try is measure in a test. What this platform lacks skips the test.
func try(t *testing.T, name string, ops int) protocol.Measurement {
	t.Helper()
	proctest.Tidy(t)
	dir := t.TempDir()
	m, err := measure(name, dir, ops)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	noFiles(t, dir)
	return m
}

func noFiles(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}
