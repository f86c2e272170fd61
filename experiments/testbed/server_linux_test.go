package testbed_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/child"
	"parcon/runner/proc/proctest"
)

// server is the number of the delay server's process.
func server(t *testing.T) int {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		dir := filepath.Dir(path)
		line, _ := os.ReadFile(path)
		stat, _ := os.ReadFile(filepath.Join(dir, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) && strings.HasSuffix(string(line), "\x00"+child.Server+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			return pid
		}
	}
	t.Fatal("there is no server")
	return 0
}

// What the server's end or its silence does to a trial is not the variant's fault:
// there is another server, and the trial is repeated.
func TestATrialIsRepeatedWhenItsServerFailed(t *testing.T) {
	const limit = 3 * time.Second // longer than the race detector's second at the end of a process
	proctest.Tidy(t)
	all := cases(t, "workload=network/model=pool/workers=2", "workload=http/model=pool/workers=2")
	l := open(t, all)
	for i, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGKILL} {
		rc, err := l.Case(all[i])
		if err != nil {
			t.Fatal(err)
		}
		was := server(t)
		if err := syscall.Kill(was, signal); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Try(limit)(t.Context(), rc); err != nil {
			t.Errorf("%v: %v", signal, err)
		}
		if server(t) == was {
			t.Errorf("%v: the server was not started again", signal)
		}
	}
}
