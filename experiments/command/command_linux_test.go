package command

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/usage"
)

// The test binary starts itself as the process of a batch, and as one that starts it and waits.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "batch" {
		if err := Serve(proc.Stdin(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == "asker" {
		defer Adopt()()
		_, err := Try(context.Background(), batch(), Batch{Argv: []string{"sh", "-c", os.Args[2]}, Tasks: 8, Workers: 2})
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

func batch() []string { return []string{self(), "batch"} }

func TestATaskHasNothingToReadAndSaysWhyItFails(t *testing.T) {
	for script, want := range map[string]string{
		"read x || exit 5":               "exit status 5",
		"echo one >&2; echo two; exit 1": "exit status 1: one",
		"sleep 60":                       "it did not end within 300ms",
		"kill -9 $$":                     "signal: killed",
	} {
		_, err := Task{Argv: []string{"sh", "-c", script}, Timeout: 300 * time.Millisecond, Tidy: true}.Run(t.Context())
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", script, err, want)
		}
	}
	if _, err := (Task{Argv: []string{"/no/such/command"}}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a command that is not there: %v", err)
	}
}

// marked are the processes whose command line names a text.
func marked(mark string) (pids []int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		text, _ := os.ReadFile(name)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if strings.Contains(string(text), mark) && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// A mark is a number of seconds that no other process sleeps.
func mark(n int) string { return fmt.Sprintf("sleep 9%d%d", os.Getpid()%100_000, n) }

func TestWhatACommandLeavesIsEndedAndCounted(t *testing.T) {
	proctest.Tidy(t)
	left := mark(1)
	m, err := Try(t.Context(), batch(), Batch{
		Argv: []string{"sh", "-c", "setsid " + left + " & " + left + " & (setsid sh -c '" + left + "; true' &) ; sleep 0.05"}, Tasks: 4, Workers: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	if m["left/op"] < 2 {
		t.Errorf("%v processes were left by a task, want 2 at least", m["left/op"])
	}
	waitUntil(t, "what was left is gone", func() bool { return len(marked(left)) == 0 })
}

func TestAFailureEndsABatch(t *testing.T) {
	proctest.Tidy(t)
	long := mark(2)
	_, err := Try(t.Context(), batch(), Batch{
		Argv: []string{"sh", "-c", "if [ {} = bad ]; then echo no >&2; exit 7; fi; " + long}, Items: []string{"good", "bad"}, Tasks: 8, Workers: 2,
	})
	if err == nil || err.Error() != `exit status 7: no (item "bad")` {
		t.Errorf("%v", err)
	}
	waitUntil(t, "the other task is gone", func() bool { return len(marked(long)) == 0 })
}

// batchesOf are the children of a process that run a batch. It has others: package os starts
// one at first, to see how children are waited for.
func batchesOf(pid int) (batches []int) {
	for _, child := range childrenOf(pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child))
		if strings.HasSuffix(string(text), "\x00batch\x00") {
			batches = append(batches, child)
		}
	}
	return batches
}

// Whoever of the two is killed, nothing is left of what they started.
func TestNothingIsLeftOfWhatIsKilled(t *testing.T) {
	for i, victim := range []string{"asker", "batch"} {
		for _, pause := range []time.Duration{0, 30 * time.Millisecond, 200 * time.Millisecond} {
			left := mark(3 + i)
			c := exec.Command(self(), "asker", "setsid "+left+" & "+left+"; true")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, "a batch runs", func() bool { return len(batchesOf(c.Process.Pid)) > 0 })
			if pause > 0 {
				waitUntil(t, "a command runs", func() bool { return len(marked(left)) > 1 })
			}
			time.Sleep(pause)
			pids := []int{c.Process.Pid}
			if victim == "batch" {
				pids = batchesOf(c.Process.Pid)
			}
			for _, pid := range pids {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
			_ = c.Wait()
			waitUntil(t, "nothing is left of "+victim, func() bool { return len(marked(left)) == 0 })
		}
	}
}

func TestTheMemoryOfAWorkerIsSeen(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs a program that takes memory")
	}
	const took = 200 << 20
	m, err := Try(t.Context(), batch(), Batch{
		Argv: []string{"python3", "-c", "x = b'x' * " + strconv.Itoa(took)}, Tasks: 2, Workers: 1, Watch: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if peak := m["peak-rss-bytes"]; peak < took || peak > 3*took {
		t.Errorf("the peak of a command that takes %d is %v", took, peak)
	}
	if usage.Self().PeakRSS <= 0 {
		t.Error("the peak of this process is not known")
	}
}

func TestABatchMeasuresItsTasks(t *testing.T) {
	proctest.Tidy(t)
	m, err := Try(t.Context(), batch(), Batch{Argv: []string{"sleep", "0.01"}, Tasks: 12, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if m["tasks"] != 12 || m["ns/op"] <= 0 || m["took-ns"] < 1e7 || m["in-flight"] <= 0 || m["left/op"] != 0 {
		t.Errorf("%v", m)
	}
	for _, b := range []Batch{{}, {Argv: []string{"true"}}, {Argv: []string{"true"}, Tasks: 1}} {
		if _, err := Try(t.Context(), batch(), b); err == nil || !strings.HasPrefix(err.Error(), "a batch needs") {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

func TestABatchEndsWithItsContext(t *testing.T) {
	proctest.Tidy(t)
	long := mark(6)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := Try(ctx, batch(), Batch{Argv: strings.Fields(long), Tasks: 2, Workers: 2})
		ended <- err
	}()
	waitUntil(t, "commands run", func() bool { return len(marked(strings.ReplaceAll(long, " ", "\x00"))) == 2 })
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Errorf("%v", err)
	}
	waitUntil(t, "they are gone", func() bool { return len(marked(strings.ReplaceAll(long, " ", "\x00"))) == 0 })
}
