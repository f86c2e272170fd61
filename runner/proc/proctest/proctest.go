// Package proctest checks that tests which start processes leave none behind.
package proctest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parcon/runner/proc"
)

// QuickExit is an environment entry that spares children of a test with -race
// the second that they would sleep before they end.
const QuickExit = "GORACE=atexit_sleep_ms=0"

// Tidy fails a test that leaves a goroutine or, where /proc tells, a child
// process: also one that ended and was not waited for. It is called first.
func Tidy(t *testing.T) {
	t.Helper()
	known := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		for _, child := range children(t) {
			t.Errorf("a process is left: %s", child)
		}
		// The thread that starts children is one for the life of the process.
		goleak.VerifyNone(t, known, goleak.IgnoreAnyFunction("parcon/runner/proc.launcher"))
	})
}

// Start starts a child with pipes to its standard input and from its output.
func Start(t *testing.T, c *exec.Cmd) (io.WriteCloser, io.Reader) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proc.Start(c); err != nil {
		t.Fatal(err)
	}
	return in, out
}

// children lists the processes that this one started and that are still there.
func children(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		if fields := behindName(text); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, string(text))
		}
	}
	return found
}

// behindName is what follows the name in /proc/PID/stat (proc_pid_stat(5)):
// state, parent ... The name may hold anything.
func behindName(stat []byte) []string {
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// WaitUntilGone waits until a process that is no child of this one has ended.
// Its new parent may take a while to bury it: a zombie counts as gone. It needs
// /proc.
func WaitUntilGone(t *testing.T, pid int) {
	t.Helper()
	for range 1000 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || behindName(text)[0] == "Z" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}
