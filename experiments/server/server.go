// Package server is servers of one protocol (package echo), each laid over processes,
// threads and goroutines in another way: the models. A server is a process of its own,
// with or without children; Main is what that does. It listens on 127.0.0.1 alone, on a
// port of the kernel's choice, and answers the requests of a connection one after another.
// It needs Linux.
//
// The models here use system calls and not package net: what a program imports decides
// how fast it starts, and one of them starts one for every connection. Those on Go's
// network packages are in package gonet.
//
// A client that reads no answers is read no further: a server keeps one request and one
// answer of each connection at most, and bytes of a next one. A client that sends no
// more is still sent its answers. One that sends what is no request is sent nothing
// more: its connection is closed, counted, and the reason told on standard error.
package server

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// The models.
const (
	Serial           = "serial"            // one client after another, each to its end
	Thread           = "thread"            // a kernel thread for each connection
	Process          = "process"           // a process for each
	ProcessesThreads = "processes-threads" // as many processes as cores, with a thread for each connection
	Loop             = "loop"              // one thread for all, told by epoll(7) who has something to say
	Goroutine        = "goroutine"         // a goroutine for each, on package net
	NetHTTP          = "nethttp"           // the requests as bodies of HTTP, on net/http
)

// Names are the models.
var Names = []string{Serial, Thread, Process, ProcessesThreads, Loop, Goroutine, NetHTTP}

// OnNet says whether a model is one of package gonet.
func OnNet(model string) bool { return model == Goroutine || model == NetHTTP }

// A Model is one way to serve.
type Model struct {
	Name  string
	Procs func(cores int) int            // its GOMAXPROCS
	Serve func(c Config) (Server, error) // listens, begins to serve, and returns
}

// A Config is what a server is told.
type Config struct {
	Port    int      // shared with other processes; 0 for one of the kernel's choice
	Crashes bool     // it obeys requests to crash
	Program []string // path and leading arguments of this program, to start it again
}

// A Server is one that serves.
type Server interface {
	Port() int
	Usage(memory bool) (Usage, error) // memory costs what processes cost: it may be left out
	Close()                           // ends its other processes
}

// Pause is before the next attempt to accept a client where there was no room for it.
const Pause = 10 * time.Millisecond

// Usage is what a server consumes and has.
type Usage struct {
	CPU         time.Duration // so far, of all its processes, those that ended included
	Memory      int64         // bytes resident now; what processes share is shared out among them (Pss)
	Connections int           // open now
	Refused     int           // connections that it ended for what they sent
}

// Plus is the sum of two.
func (u Usage) Plus(o Usage) Usage {
	return Usage{u.CPU + o.CPU, u.Memory + o.Memory, u.Connections + o.Connections, u.Refused + o.Refused}
}

// String is the line in which a server tells it, ParseUsage's inverse.
func (u Usage) String() string {
	return fmt.Sprint(int64(u.CPU), u.Memory, u.Connections, u.Refused)
}

// ParseUsage reads a server's answer to Ask.
func ParseUsage(line string) (u Usage, err error) {
	if _, err := fmt.Sscan(line, &u.CPU, &u.Memory, &u.Connections, &u.Refused); err != nil || u.String() != line {
		return Usage{}, fmt.Errorf("reading what a server consumes: %.80q is not four numbers", line)
	}
	return u, nil
}

// What Main is told: the arguments after the name of a model, and the lines that it
// answers.
const (
	Obey = "crashes" // the argument by which it obeys requests to crash
	Ask  = "usage"
	// AskTime asks for the same without the memory, of which the reading would be in the
	// time of a server that is asked before and after some work: it takes 50 µs and more
	// for each process.
	AskTime = "time"
)

// parse reads the arguments of a server: its model, its port, and Obey or nothing.
func parse(models []Model, args []string) (m Model, c Config, err error) {
	if len(args) < 2 || len(args) > 3 || len(args) == 3 && args[2] != Obey {
		return m, c, errors.New("starting a server: this program is started by parcon, not by hand")
	}
	at := slices.IndexFunc(models, func(m Model) bool { return m.Name == args[0] })
	if at < 0 {
		return m, c, fmt.Errorf("starting a server: this program has no model %q", args[0])
	}
	c.Crashes = len(args) == 3
	if _, err := fmt.Sscan(args[1], &c.Port); err != nil {
		return m, c, fmt.Errorf("starting a server: %q is no port", args[1])
	}
	return models[at], c, nil
}
