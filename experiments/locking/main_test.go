package locking

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/peer"
	"parcon/runner/proc"
)

// The test binary starts itself as a part ("part" and its names), as a trial that
// goes on until it is killed ("trial" and a variant), and as a process that is no
// member of a crew ("odd" and how).
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		if play, ok := map[string]func([]string) error{
			"part":  func(args []string) error { return card.RunPart(Chapter.Cards, args) },
			"trial": endlessTrial,
			"odd":   oddProcess,
		}[os.Args[1]]; ok {
			if err := play(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				syscall.Exit(1)
			}
			// Not os.Exit: with -race it sleeps a second, which parts are not spared
			// by an environment. A race is told on standard error.
			syscall.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func endlessTrial(args []string) error {
	s, _, err := prepare(args[0], 1_000_000, os.Getenv("PYTHON"))
	if err != nil {
		return err
	}
	fmt.Println("running")
	_, err = s.Run()
	return err
}

func oddProcess(args []string) error {
	switch args[0] {
	case "broken":
		return fmt.Errorf("this process is broken")
	case "strange":
		peer.Say("hello")
	case "mute": // it ends without a word
		return nil
	case "deaf":
		peer.Say(present)
		time.Sleep(time.Hour)
	case "dying":
		return peer.Attend(func(string) (string, error) { return "", fmt.Errorf("this word kills") })
	}
	_, _ = io.Copy(io.Discard, proc.Stdin())
	return nil
}

// prepare makes a variant ready.
func prepare(name string, ops int, python string) (card.Session, card.Card, error) {
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return card.Session{}, m, err
	}
	self, err := os.Executable()
	if err != nil {
		return card.Session{}, m, err
	}
	s, err := m.Prepare(card.Trial{Variant: v, Ops: ops, Env: card.Env{Part: []string{self, "part"}, Python: python, Dir: cmp.Or(os.Getenv("DIR"), os.TempDir())}})
	return s, m, err
}

// findPython skips a test that needs a CPython where there is none.
func findPython(t *testing.T) string {
	t.Helper()
	i, err := cpython.Find()
	if err != nil {
		t.Skip(err)
	}
	return i.Path
}

// needs skips a test of a variant that this system does not have, and returns the
// path of the Python that it needs.
func needs(t *testing.T, name string) (python string) {
	t.Helper()
	if strings.Contains(name, "=cpython") {
		return findPython(t)
	}
	if strings.Contains(name, "=process") || strings.Contains(name, "=killed/") {
		skipWithoutIPC(t)
	}
	return ""
}

func skipWithoutIPC(t *testing.T) {
	t.Helper()
	l, err := newSharedLock(plain)
	if err != nil {
		t.Skip(err)
	}
	if err := l.Free(); err != nil {
		t.Error(err)
	}
}
