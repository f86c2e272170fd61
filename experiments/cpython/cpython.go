// Package cpython measures mechanisms on a real CPython, as a reference that
// stands beside Go's figures: what it costs to create a process or a thread and
// to give tasks to a pool, whether updates are lost, who sees a write, and how
// late a timer fires.
//
// The work and its clock (time.perf_counter_ns) are in Python, in cpython.py:
// starting Python, importing and warming up are not in the figures, and Go does
// nothing meanwhile. Python runs isolated (-I, -S), with an empty environment, and
// writes no compiled modules (-B): where an installation lacks them, processes
// that are spawned compile the library again and cost more.
//
// The mechanisms, their arguments (key=value) and what they say:
//
//	create     unit=fork|spawn|thread n          ns/op, from creation to the end of join
//	submit     way=apply|async|map n chunk=1 workers=2
//	                                             ns/op, of a task in multiprocessing.Pool
//	balance    n workers=2 lock=0|1 way=call|inline
//	                                             lost, tries, ns/op
//	isolation  unit=fork|thread n                seen, tries
//	timer      delay n way=timer|sleep load=idle|busy
//	                                             error-p50-ns, error-p99-ns, early, tries
//
// chunk is for way=map. way=inline is number = number + 1. CPython 3.10 and
// later switch threads only at calls and at the end of a loop's turn
// (Python/ceval.c, the eval breaker), so it loses nothing there; way=call
// computes the sum in a function of its own. Less work than some switch
// intervals (5 ms) loses nothing either way, because one thread is through
// before the other begins. A timer's error begins when it is asked for, so the
// start of its thread is part of it.
//
// Processes are forked whatever the version's default is (spawn on macOS,
// forkserver from 3.14). Windows cannot fork: there these mechanisms say so.
// On Linux the kernel ends Python with its parent, and Python's children with
// Python (prctl(2), PR_SET_PDEATHSIG, which needs the module ctypes); elsewhere
// a thread watches standard input, which is one thread more than on Linux.
package cpython

import (
	_ "embed"
	"strings"

	"parcon/experiments/card"
)

//go:embed cpython.py
var script string

// entry begins what runs the script, at its end.
const entry = "if __name__ == \"__main__\":"

// An Interpreter is a CPython that can be measured. It may be handed to another
// process, so that only one has to look for it.
type Interpreter struct {
	Path    string // absolute, no shim
	Version string // as 3.11.7 or 3.15.0a1
	GIL     bool   // one thread runs Python at a time
}

// Named is the interpreter of that name at a path.
func Named(name card.Python, path string) Interpreter {
	return Interpreter{Path: path, Version: strings.TrimSuffix(string(name), "t"), GIL: name.GIL()}
}

// Name is what variants call it.
func (i Interpreter) Name() card.Python {
	if i.GIL {
		return card.Python(i.Version)
	}
	return card.Python(i.Version + "t")
}

// String names it as people do: CPython 3.11.7.
func (i Interpreter) String() string { return i.Name().String() }

// command is what runs a script with arguments.
//
// Isolated from the user's modules and settings: -I, which Pythons before 3.4 do not know,
// is these two and leaves the working folder out of the path, where a script given by
// -c finds it. -S leaves out what the machine's owner has every Python import when it starts
// (site, and the .pth files of installed packages), which may take longer than all else: 40
// ms of 50 on one machine, 5 of 15 on others. The standard library is found without it, but
// for Pythons that old a virtualenv, which has a site of its own for that, may hold it.
func (i Interpreter) command(script string, args ...string) []string {
	alone := []string{"-I", "-S", "-B"}
	if !i.Name().AtLeast(3, 4) {
		alone = []string{"-E", "-s", "-B"}
	}
	return append(append(append([]string{i.Path}, alone...), "-c", script), args...)
}
