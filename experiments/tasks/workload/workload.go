// Package workload says how a task is made.
//
// A task does a fixed amount of work, never work for a fixed time, and returns
// an answer that depends on its seed and can be checked. How long the work of
// a CPU-bound task takes is calibrated once per run: Params.Size carries the
// result, so that every execution model gets identical tasks.
//
// A new workload is one file here and one line in All. One that needs a
// package which is slow to start (net/http adds half a millisecond to every
// process) has a line in Remote, and its code in a package of its own, as workload/web,
// so that the worker program stays quick to start.
package workload

import (
	"fmt"
	"strconv"
	"time"
)

// Kind says what bounds a workload.
type Kind string

// The kinds of workload.
const (
	CPU   Kind = "cpu"   // computes all the time
	IO    Kind = "io"    // waits most of the time
	Block Kind = "block" // blocks its thread in the kernel all the time
	Mix   Kind = "mix"   // computes for Params.Share percent of the time and waits for the rest
	None  Kind = "none"  // does nothing
)

// A Task runs once per seed and returns its answer. It may be called from many
// goroutines at once.
type Task func(seed uint64) (answer uint64, err error)

// A Workload makes tasks.
type Workload struct {
	Name string
	Kind Kind
	Doc  string // one line, for people
	// Sized workloads do Params.Size units of work, which must be calibrated.
	Sized bool
	// New prepares what the tasks of one process share and returns the task.
	New func(Params) (Task, error)
}

// Params is what a task needs to know. Each workload reads what it needs of it.
type Params struct {
	Name  string        // the workload's
	Size  int           // amount of work of a sized workload, at least 1
	Share int           // CPU share of a mix, 0 to 100 percent
	Delay time.Duration // how long an IO-bound task waits; for a mix, the length of the whole task
	Dir   string        // where files are written
	Addr  string        // host:port of the server of network and http
	Host  Host          // of this process only; nil where tasks need none
}

// Seeds is how many different tasks a workload is asked for: task i has seed
// i mod Seeds, so that a handful of reference answers check any number of tasks.
const Seeds = 8

// Seed is the seed of a task.
func Seed(task int) uint64 { return uint64(task % Seeds) }

// All lists the workloads that the small worker program can run.
var All = []Workload{primes, hash, matrix, allocate, jsonWork, sleep, file, block, mix, empty}

// Remote lists those that it cannot, because what they import is slow to start:
// their New is in package web.
var Remote = []Workload{
	{Name: "network", Kind: IO, Doc: "a request over TCP on the loopback to a server in another process that answers after a delay"},
	{Name: "http", Kind: IO, Doc: "the same request with net/http on both sides"},
}

// Find returns the workload of that name.
func Find(list []Workload, name string) (Workload, error) {
	for _, w := range list {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("workload %q is not known: `parcon list` shows those that are", name)
}

// Args is the command-line form of p, without its host, for handing it to a worker process
// without a parser that would slow down its start.
func (p Params) Args() []string {
	return []string{
		p.Name, strconv.Itoa(p.Size), strconv.Itoa(p.Share),
		strconv.FormatInt(int64(p.Delay), 10), p.Dir, p.Addr,
	}
}

// NumArgs is the length of Params.Args.
const NumArgs = 6

// ParseArgs reads what Args wrote.
func ParseArgs(args []string) (Params, error) {
	if len(args) != NumArgs {
		return Params{}, fmt.Errorf("reading a worker's arguments: %d of them, want %d: this program is started by parcon, not by hand", len(args), NumArgs)
	}
	size, err1 := strconv.Atoi(args[1])
	share, err2 := strconv.Atoi(args[2])
	delay, err3 := strconv.ParseInt(args[3], 10, 64)
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return Params{}, fmt.Errorf("reading a worker's arguments %q: %w", args, err)
		}
	}
	return Params{Name: args[0], Size: size, Share: share, Delay: time.Duration(delay), Dir: args[4], Addr: args[5]}, nil
}
