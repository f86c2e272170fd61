package messages

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself as a part ("part" and its names), and as a trial that goes
// on until it is killed ("trial" and a variant).
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		if play, ok := map[string]func([]string) error{
			"part":  func(args []string) error { return card.RunPart(Chapter.Cards, args) },
			"trial": endlessTrial,
		}[os.Args[1]]; ok {
			if err := play(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				syscall.Exit(1)
			}
			syscall.Exit(0) // not os.Exit, which sleeps a second with -race
		}
	}
	os.Exit(m.Run())
}

func endlessTrial(args []string) error {
	s, err := prepare(args[0], 1_000_000, os.Getenv("PYTHON"))
	if err != nil {
		return err
	}
	fmt.Println("running")
	_, err = s.Run()
	return err
}

// prepare makes a variant ready.
func prepare(name string, ops int, python string) (card.Session, error) {
	c, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return card.Session{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return card.Session{}, err
	}
	return c.Prepare(card.Trial{Variant: v, Ops: ops, Env: card.Env{Part: []string{self, "part"}, Python: python}})
}

// needs skips a test of a variant that this system does not have, and returns the path of
// the Python that it needs.
func needs(t *testing.T, name string) (python string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the processes of this chapter need Linux")
	}
	if !strings.Contains(name, "=cpython") {
		return ""
	}
	i, err := cpython.Find()
	if err != nil {
		t.Skip(err)
	}
	return i.Path
}

// measure runs a variant once.
func measure(t *testing.T, name string, ops int) protocol.Measurement {
	t.Helper()
	python := needs(t, name)
	proctest.Tidy(t)
	s, err := prepare(name, ops, python)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Run()
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}
