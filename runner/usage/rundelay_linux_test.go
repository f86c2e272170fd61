package usage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseSchedstat(t *testing.T) {
	for _, c := range []struct {
		text           string
		onCore, waited time.Duration
		ok             bool
	}{
		{"71246 56784 2\n", 71246, 56784, true},
		{"0 0 0\n", 0, 0, true},
		{"71246 56784\n", 0, 0, false},
		{"71246 56784 2 9\n", 0, 0, false},
		{"71246 long 2\n", 0, 0, false},
		{"-1 5 2\n", 0, 0, false},
		{"99999999999999999999 5 2\n", 0, 0, false},
		{"", 0, 0, false},
	} {
		onCore, waited, ok := ParseSchedstat([]byte(c.text))
		if onCore != c.onCore || waited != c.waited || ok != c.ok {
			t.Errorf("%q: %v, %v, %v, want %v, %v, %v", c.text, onCore, waited, ok, c.onCore, c.waited, c.ok)
		}
	}
}

func FuzzParseSchedstat(f *testing.F) {
	f.Add([]byte("71246 56784 2\n"))
	f.Add([]byte("71246 -1 2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		onCore, waited, ok := ParseSchedstat(text)
		if onCore < 0 || waited < 0 || !ok && (onCore != 0 || waited != 0) {
			t.Fatalf("%q: %v, %v, %v", text, onCore, waited, ok)
		}
	})
}

// threads makes a folder like /proc/PID/task with so many threads.
func threads(t *testing.T, n int, schedstat string) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		thread := filepath.Join(dir, fmt.Sprint(100+i))
		if err := os.Mkdir(thread, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(thread, "schedstat"), []byte(schedstat), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunDelay(t *testing.T) {
	if total, known := runDelayOf(threads(t, mostThreads, "10 7 2\n")); total != 7*mostThreads || !known {
		t.Errorf("%v, %v, want %v of as many threads as are read", total, known, 7*mostThreads)
	}
	ended := threads(t, 3, "10 7 2\n")
	if err := os.Remove(filepath.Join(ended, "101", "schedstat")); err != nil {
		t.Fatal(err)
	}
	if total, known := runDelayOf(ended); total != 14 || !known {
		t.Errorf("%v, %v, want 14 of the two that did not end", total, known)
	}
	for name, dir := range map[string]string{
		"of too many threads":               threads(t, mostThreads+1, "10 7 2\n"),
		"of a kernel that does not count":   threads(t, 2, "0 0 0\n"),
		"in another format":                 threads(t, 2, "version 99\n"),
		"of no threads":                     t.TempDir(),
		"of a system without such a folder": filepath.Join(t.TempDir(), "none"),
	} {
		if total, known := runDelayOf(dir); total != 0 || known {
			t.Errorf("%s: %v, %v", name, total, known)
		}
	}
}

func TestCPUOf(t *testing.T) {
	if CPUOf(os.Getpid()) <= 0 {
		t.Error("this process consumed nothing so far")
	}
	// Numbers that no process has, or that name all or a group of them.
	for _, pid := range []int{1 << 30, 1 << 22, 0, -1} {
		if got := CPUOf(pid); got != 0 {
			t.Errorf("process %d: %v", pid, got)
		}
	}
}
