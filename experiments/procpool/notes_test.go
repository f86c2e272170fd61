package procpool_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// note writes a line into the file that the environment names, if it does: what
// workers did, in the order in which they did it (O_APPEND keeps the lines
// whole). They are counted so where they ran, and not by the pool that is
// tested.
func note(event, what string) {
	path := os.Getenv("NOTES")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s %d %s\n", event, os.Getpid(), what)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "noting:", err)
		os.Exit(99)
	}
}

// others is how many processes have this one's parent, with this one and also
// when they ended and were not waited for. Without /proc it is "0".
func others() string {
	if os.Getenv("NOTES") == "" {
		return ""
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	n := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(os.Getppid()) {
			n++
		}
	}
	return strconv.Itoa(n)
}

// notes is where the workers of one pool note what they do.
type notes struct {
	t    *testing.T
	path string
}

func newNotes(t *testing.T) notes { return notes{t, filepath.Join(t.TempDir(), "notes")} }

// env is the environment of the workers.
func (n notes) env() []string { return []string{proctest.QuickExit, "NOTES=" + n.path} }

// A noted is one line.
type noted struct {
	event string
	pid   int
	what  string
}

func (n notes) read() []noted {
	n.t.Helper()
	text, err := os.ReadFile(n.path)
	if err != nil && !os.IsNotExist(err) {
		n.t.Fatal(err)
	}
	var all []noted
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		pid, err := strconv.Atoi(parts[1])
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, noted{parts[0], pid, parts[2]})
	}
	return all
}

// runs is how often each request was begun.
func (n notes) runs() map[string]int {
	runs := map[string]int{}
	for _, e := range n.read() {
		if e.event == "begin" {
			runs[e.what]++
		}
	}
	return runs
}

// mostAtOnce is how many requests ran, and how many processes there were, at
// one moment. A request ends also with its worker: died are those that did.
func (n notes) mostAtOnce(died map[int]bool) (requests, processes int) {
	running := map[int]bool{} // by process: each runs one at a time
	for _, e := range n.read() {
		switch e.event {
		case "begin":
			if died[e.pid] {
				continue // when it ended is not known here
			}
			running[e.pid] = true
			requests = max(requests, len(running))
		case "end":
			delete(running, e.pid)
		case "start":
			alive, err := strconv.Atoi(e.what)
			if err != nil {
				n.t.Fatal(err)
			}
			processes = max(processes, alive)
		}
	}
	return requests, processes
}

// waitUntilBegun waits until a worker has begun a request.
func (n notes) waitUntilBegun(request string) noted { return n.waitForBegun(request, 1) }

func (n notes) waitForBegun(request string, times int) noted {
	n.t.Helper()
	for range 10_000 {
		seen := 0
		for _, e := range n.read() {
			if e.event == "begin" && e.what == request {
				if seen++; seen == times {
					return e
				}
			}
		}
		time.Sleep(time.Millisecond)
	}
	n.t.Fatalf("request %q has not begun", request)
	return noted{}
}

// hangWithWorkers starts two workers that hang, says who they are, and waits.
func hangWithWorkers() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := procpool.Start([]string{path, "worker", "pipes"}, procpool.Options{Workers: 2})
	if err != nil {
		return err
	}
	pids, err := p.Each([]byte{pid})
	if err != nil {
		return err
	}
	fmt.Printf("%s %s\n", pids[0], pids[1])
	return p.Map(2, func(_ int, buf []byte) []byte { return append(buf, hang) }, nil)
}
