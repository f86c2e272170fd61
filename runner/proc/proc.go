// Package proc starts child processes that do not outlive their parent.
//
// On Linux the kernel kills such a child when the thread that started it ends, not
// only when the whole process does (PR_SET_PDEATHSIG, prctl(2)). A Go program ends
// a thread when a goroutine that is locked to it returns, and which goroutine that
// will be one day nobody knows when a child is started. So Start starts all of them
// from one thread that never ends. On other systems a child must watch its standard
// input for the end of file, as WatchParent does.
package proc

import (
	"io"
	"os"
	"os/exec"
)

// Command prepares a child with exactly the given environment, which dies with
// its parent and leads a process group of its own, so that Kill reaches its
// children too and a Ctrl-C on the terminal does not. Start starts it.
func Command(argv, env []string) *exec.Cmd {
	c := exec.Command(argv[0], argv[1:]...)
	// An empty, non-nil Env: nil would hand down the parent's.
	c.Env = append([]string{}, env...)
	c.SysProcAttr = attributes()
	return c
}

// WatchParent ends this process when in, its standard input, is at its end: the
// parent is gone or wants no more.
func WatchParent(in io.Reader) {
	_, _ = io.Copy(io.Discard, in)
	os.Exit(1)
}
