// Package child is what parcon's own processes do when they are started as a
// child: run a trial, compute reference answers, answer delayed requests, work on
// tasks, play a part in a mechanism, or disturb those that do.
//
// A trial has a process of its own, so that GOMAXPROCS, the heap and the peak
// of memory are its own. The trial program (experiments/programs/trial) holds
// this package and little else. Any other program that calls Main first thing,
// as the parcon command and the test binary do, can be started in its place.
package child

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/command"
	"parcon/experiments/cpython"
	"parcon/experiments/server"
	"parcon/experiments/server/gonet"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
	"parcon/runner/proc"
)

// Workloads lists all workloads with their code.
var Workloads = slices.Concat(workload.All, web.All)

// Argument is the first argument of a program that is started as a child.
const Argument = "child"

// The roles of a child: its second argument.
const (
	Trial     = "trial"     // see Order
	Reference = "reference" // see Question
	Server    = "server"    // see Addresses
	Worker    = "worker"    // see package worker
	Part      = "part"      // see package mechanism
	Empty     = "empty"     // ends at once
	Disturb   = "disturb"   // a drifting load on one core
	Room      = "room"      // see proc.Try; what is wanted is the rest
	Guard     = "guard"     // see proc.Guard; a command is the rest
	Serve     = "serve"     // see package server; a model is the rest
	Command   = "command"   // see package command: a batch
)

// Setting is what all trials of a run share. It is the same for every model.
type Setting struct {
	Sizes     map[string]int         // work in one task, by workload: calibrated
	Length    time.Duration          // of a CPU-bound task
	Delay     time.Duration          // of an IO-bound task
	Mix       time.Duration          // of a task of the mix
	Dir       string                 // for the files of tasks: on a real disk
	Network   string                 // host:port of the delay server
	HTTP      string                 // host:port of the same over HTTP
	Worker    []string               // the small worker program; none: the program of the trial does it
	Part      []string               // the small program for parts of mechanisms; none: the same
	Empty     []string               // the program that does nothing; none: the same
	Server    []string               // the small program of servers on system calls; none: the same
	NetServer []string               // the one of those on Go's network packages; none: the same
	Queue     []string               // the program of pools on a message queue; none: there is none
	Python    string                 // path of the CPython that mechanisms are measured beside; "" if there is none
	Pythons   map[card.Python]string // paths of all that there are
}

// Main runs the role that the program's arguments ask for and ends the
// process. It returns at once if the program was not started as a child.
func Main() {
	if len(os.Args) < 3 || os.Args[1] != Argument {
		return
	}
	if err := run(os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(role string, args []string) error {
	if role == Trial || role == Reference || role == Guard { // the run can do without them
		proc.Expendable()
	}
	switch role {
	case Trial:
		return runTrial(proc.Stdin(), os.Stdout)
	case Reference:
		return runReference(os.Stdin, os.Stdout)
	case Server:
		go proc.WatchParent(proc.Stdin())
		return runServer(os.Stdout)
	case Part:
		return card.RunPart(chapters.Cards(), args)
	case Empty:
		return nil
	case Disturb:
		go proc.WatchParent(proc.Stdin())
		return disturb()
	case Room:
		return proc.Try(args)
	case Command:
		return command.Serve(proc.Stdin(), os.Stdout)
	case Serve:
		return server.Main(slices.Concat(server.Raw, gonet.Models), args)
	case Guard:
		return proc.Guard(proc.Stdin(), args)
	case Worker:
		return worker.Main(slices.Concat(workload.Workers, web.All), args, proc.Stdin(), os.Stdout)
	}
	return fmt.Errorf("starting a child as %q: there is no such role", role)
}

// receive reads one line of JSON.
func receive(in *bufio.Reader, v any) error {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading what to do from standard input: %w", err)
	}
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("reading what to do from standard input: %w", err)
	}
	return nil
}

func send(out io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// python is the interpreter of that name.
func (s Setting) python(name card.Python) cpython.Interpreter {
	return cpython.Named(name, s.Pythons[name])
}

// sizeOf is the key of a workload's size: tasks in Python are as long as those in Go, and
// do less.
func sizeOf(name string, python card.Python) string {
	if python == "" {
		return name
	}
	return name + "@" + string(python)
}

// params returns the workload that a variant names and its parameters. The size
// of a task was calibrated for one length; others are in proportion.
func (s Setting) params(name string, python card.Python, share int, length time.Duration) (workload.Workload, workload.Params, error) {
	w, err := workload.Find(Workloads, name)
	if err != nil {
		return w, workload.Params{}, err
	}
	p := workload.Params{Name: name, Size: s.Sizes[sizeOf(name, python)], Share: share, Delay: s.Delay, Dir: s.Dir, Addr: s.Network}
	switch {
	case w.Kind == workload.Mix:
		p.Delay = s.Mix
	case name == "http":
		p.Addr = s.HTTP
	}
	if w.Sized && p.Size < 1 {
		return w, p, errors.New("workload " + name + " was not calibrated in this run: its task length is not known")
	}
	if length > 0 {
		p.Size = max(1, int(float64(p.Size)*float64(length)/float64(s.Length)))
	}
	return w, p, nil
}

// length is how long a task of that kind is to take.
func (s Setting) length(k workload.Kind) time.Duration {
	switch k {
	case workload.CPU:
		return s.Length
	case workload.Mix:
		return s.Mix
	}
	return s.Delay
}
