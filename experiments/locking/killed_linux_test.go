package locking

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// One that everybody can have is no lock. It is known in the holder's process too.
func init() {
	killables["none"] = func(string, bool) (killable, error) {
		nothing := func() error { return nil }
		return killable{func(context.Context) error { return nil }, nothing, nil}, nil
	}
}

func TestWhatIsNoLockIsFound(t *testing.T) {
	proctest.Tidy(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trial := card.Trial{Variant: killedOf("none"), Ops: 1, Env: card.Env{Part: []string{self, "part"}}}
	if got, err := killHolder(trial, filepath.Join(t.TempDir(), "lock")); got || err == nil || !strings.HasSuffix(err.Error(), "it is none") {
		t.Errorf("%v, %v", got, err)
	}
}

// What the kernel leaves in a robust futex whose holder died is taken, and what a
// living holder has in it is not.
func TestWhoseARobustFutexIs(t *testing.T) {
	skipWithoutIPC(t)
	l, err := openRobust("", false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.remove(); err != nil {
			t.Error(err)
		}
	}()
	r := l.things[0].(*shared[robust]).at
	for was, want := range map[uint32]bool{0: true, 1: false, 4711: false, ownerDied: true, ownerDied | 1: false} {
		r.word.Store(was)
		if got, err := r.try(); got != want || err != nil || got == (r.word.Load() == was) {
			t.Errorf("%#x: %v, %v, then it is %#x", was, got, err, r.word.Load())
		}
	}
}

// A trial that is killed while there is a lock file leaves neither that nor a process.
func TestAKilledTrialLeavesNoLockFile(t *testing.T) {
	needs(t, "mechanism=killed/lock=lockfile")
	proctest.Tidy(t)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trial := proc.Command([]string{self, "trial", "mechanism=killed/lock=lockfile"}, []string{proctest.QuickExit, "DIR=" + dir})
	trial.Stderr = os.Stderr
	proctest.Start(t, trial)
	waitUntil(t, "there is a lock file", func() bool { return len(glob(t, dir, "*/*")) > 0 })
	children := childrenOf(t, trial.Process.Pid)
	if err := trial.Process.Kill(); err != nil {
		t.Error(err)
	}
	if err := trial.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the trial ended with %v", err)
	}
	waitUntil(t, "nothing is left", func() bool { return len(glob(t, dir, "*")) == 0 })
	for _, pid := range children {
		proctest.WaitUntilGone(t, pid)
	}
}

func TestATrialRemovesItsFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DIR", dir)
	for _, lock := range []string{"lockfile", "flock"} {
		measure(t, "mechanism=killed/lock="+lock, 2)
		if left := glob(t, dir, "*"); len(left) > 0 {
			t.Errorf("%s left %q", lock, left)
		}
	}
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if !until(time.Minute, holds) {
		t.Errorf("waited in vain until %s", what)
	}
}

// The trial may be killed before it hears that the folder is there.
func TestTheJanitorTidiesUpAfterATrialThatNeverHeardIt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "locks")
	deaf, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = deaf.Close()
	janitor := exec.Command(self, "part", "killed", "janitor", dir)
	janitor.Stdout = theirs
	if err := janitor.Run(); err != nil { // its standard input is at its end
		t.Errorf("the janitor ended with %v", err)
	}
	_ = theirs.Close()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}
