package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// leftovers waits until nothing is left of the runs that a script started: no
// process of a program that was built for it, dead ones included, no Python that
// was started beside, nothing in shared memory and no temporary file. The
// memory that parts share is anonymous: it goes with the last of them.
func leftovers(ts *testscript.TestScript, _ bool, _ []string) {
	work := ts.Getenv("WORK")
	var left []string
	eventually(ts, "no process and no file is left", func() bool {
		left = append(runningFrom(work), newShared()...)
		files, _ := filepath.Glob(filepath.Join(ts.Getenv("TMPDIR"), "*"))
		left = append(left, files...)
		return len(left) == 0
	})
}

// underway waits until a process of the run is seen in the way in which leftovers
// looks for it: else that would prove nothing.
func underway(ts *testscript.TestScript, _ bool, _ []string) {
	eventually(ts, "a process of the run is seen", func() bool { return len(runningFrom(ts.Getenv("WORK"))) > 0 })
}

// runningFrom lists the processes whose program lies below a folder, and those
// of Python that a program of parcon's started.
func runningFrom(folder string) []string {
	var found []string
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		dir := filepath.Dir(link)
		program, err := os.Readlink(link)
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		switch {
		case err == nil && strings.HasPrefix(program, folder+"/"):
		case strings.Contains(string(line), pythonMark):
		case err != nil && slices.Contains(ourNames, name(dir)) && zombie(dir):
		default:
			continue
		}
		found = append(found, dir+" "+strings.ReplaceAll(string(line[:min(len(line), 80)]), "\x00", " "))
	}
	return found
}

// pythonMark stands in the script that Python is given on its command line.
const pythonMark = "Measures one mechanism of CPython"

// ourNames are the programs that a run starts: a dead process has a name, but no
// program any more.
var ourNames = []string{"trial", "worker", "part", "empty", "server", "netserver"}

func name(dir string) string {
	text, _ := os.ReadFile(filepath.Join(dir, "comm"))
	return strings.TrimSpace(string(text))
}

func zombie(dir string) bool {
	text, _ := os.ReadFile(filepath.Join(dir, "status"))
	return strings.Contains(string(text), "State:\tZ")
}

// sharedBefore is what lay in /dev/shm when the tests began.
var sharedBefore, _ = filepath.Glob("/dev/shm/*")

func newShared() []string {
	now, _ := filepath.Glob("/dev/shm/*")
	return slices.DeleteFunc(now, func(name string) bool { return slices.Contains(sharedBefore, name) })
}
