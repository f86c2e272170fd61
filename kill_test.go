package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for something that is to happen.
const patience = 30 * time.Second

// eventually fails the script if what does not come true.
func eventually(ts *testscript.TestScript, what string, holds func() bool) {
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("waited in vain until %s", what)
		}
	}
}

// waitLines waits until a result file holds so many results.
// Usage: waitlines COUNT FILE
func waitLines(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	eventually(ts, args[1]+" has "+args[0]+" results", func() bool {
		text, _ := os.ReadFile(ts.MkAbs(args[1]))
		return bytes.Count(text, []byte("\nBenchmark")) >= want
	})
}

// families are the processes that each script has noted.
var families = map[*testscript.TestScript][]int{}

// family notes the process whose command line names a text, and all that
// descend from it. There must be descendants: else `+"`gone`"+` would prove nothing.
// Usage: family TEXT
func family(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "a child of the process is seen", func() bool {
		var pids []int
		for pid := range parents() {
			line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
			if strings.Contains(string(line), args[0]) {
				pids = append(pids, pid)
			}
		}
		families[ts] = withDescendants(pids)
		return len(pids) > 0 && len(families[ts]) > len(pids)+1
	})
}

// gone waits until no noted process is left, not even as a zombie of one that
// should have waited for it.
func gone(ts *testscript.TestScript, _ bool, _ []string) {
	eventually(ts, "all processes are gone", func() bool {
		left := parents()
		return !slices.ContainsFunc(families[ts], func(pid int) bool { _, there := left[pid]; return there })
	})
}

// parents maps each process to its parent.
func parents() map[int]int {
	all := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		// The name in brackets may hold anything; the fields after it count.
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 {
			all[pid], _ = strconv.Atoi(fields[1])
		}
	}
	return all
}

func withDescendants(pids []int) []int {
	of := parents()
	for grown := true; grown; {
		grown = false
		for pid, parent := range of {
			if slices.Contains(pids, parent) && !slices.Contains(pids, pid) {
				pids, grown = append(pids, pid), true
			}
		}
	}
	return pids
}

// onlyFiles fails if a folder holds other names than those given.
// Usage: onlyfiles FOLDER NAME...
func onlyFiles(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		if !slices.Contains(args[1:], e.Name()) {
			ts.Fatalf("%s was left in %s", e.Name(), args[0])
		}
	}
}
