package costs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc/proctest"
)

// The test binary starts itself as everything that mechanisms start: a part, a
// worker, a program that does nothing, and a whole trial.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case "part":
		err = card.RunPart(Chapter.Cards, os.Args[2:])
	case "worker":
		err = worker.Main(workload.All, os.Args[2:], os.Stdin, os.Stdout)
	case "empty":
	case "broken": // a program that fails
		err = errors.New("out of order")
	case "hang":
		time.Sleep(time.Hour)
	case "trial":
		err = playTrial(os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// self is this program in a role. With -race it must be told by its environment
// not to sleep at its end, and what mechanisms give to their processes is fixed.
func self(role string) []string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if env, err := exec.LookPath("env"); err == nil {
		return []string{env, proctest.QuickExit, path, role}
	}
	return []string{path, role}
}

var python = sync.OnceValue(func() string {
	found, err := cpython.Find()
	if err != nil {
		return ""
	}
	return found.Path
})

func environment(dir string) card.Env {
	return card.Env{Part: self("part"), Empty: self("empty"), Worker: self("worker"), Python: python(), Dir: dir}
}

// playTrial prepares a variant, says so, and runs it for a long time.
func playTrial(name, dir string) error {
	session, err := prepare(name, 1_000_000, environment(dir))
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = session.Run()
	return err
}

func prepare(name string, ops int, env card.Env) (card.Session, error) {
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return card.Session{}, err
	}
	return m.Prepare(card.Trial{Variant: v, Ops: ops, Env: env})
}
