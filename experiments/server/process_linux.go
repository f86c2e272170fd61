package server

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"parcon/runner/usage"
)

// process has a process for each connection: this program, started again with the
// accepted socket as a file of its own.
var process = Model{Process, func(int) int { return 1 }, func(c Config) (Server, error) {
	fd, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	nothing, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	f := &forking{Single: s, nothing: nothing, argv: append(c.Program, connection), alive: map[int]bool{}}
	if c.Crashes {
		f.argv = append(f.argv, Obey)
	}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "GOMAXPROCS=") {
			f.env = append(f.env, entry)
		}
	}
	f.env = append(f.env, "GOMAXPROCS=1") // it does one thing at a time
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	go f.reap(ended)
	go accept(fd, f.serve)
	return f, nil
}}

// connection is the first argument of a process for one connection.
const connection = "connection"

// The files of a process for one connection.
const (
	socketFile    = 3
	refusedStatus = 3 // it was refused for what it sent
)

// forking is the server's first process.
type forking struct {
	*Single
	argv, env []string
	nothing   *os.File

	mu    sync.Mutex // a child is alive, or is counted as an ended one
	alive map[int]bool
}

// serve starts a child. It dies with this process, as the thread that accepts never ends.
func (f *forking) serve(client socket) {
	defer client.Close()
	null := f.nothing.Fd()
	f.mu.Lock()
	defer f.mu.Unlock()
	pid, err := syscall.ForkExec(f.argv[0], f.argv, &syscall.ProcAttr{
		Env:   f.env,
		Files: []uintptr{null, null, 2, uintptr(client)},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		f.Refuse(fmt.Errorf("starting a process for it: %w", err))
		return
	}
	f.alive[pid] = true
	f.Opened(1)
}

// reap buries children as they end.
func (f *forking) reap(ended <-chan os.Signal) {
	for range ended {
		f.mu.Lock()
		for f.bury(unix.WNOHANG) {
		}
		f.mu.Unlock()
	}
}

// bury waits for a child and says whether there was one.
func (f *forking) bury(how int) bool {
	var status unix.WaitStatus
	pid, err := unix.Wait4(-1, &status, how, nil)
	if err == unix.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	delete(f.alive, pid)
	f.Opened(-1)
	if status.ExitStatus() == refusedStatus {
		f.refused.Add(1) // it said why itself
	}
	return true
}

// Usage adds up all processes.
func (f *forking) Usage(memory bool) (Usage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum, err := f.Single.Usage(memory)
	for pid := range f.alive {
		sum.CPU += usage.CPUOf(pid)
		if memory {
			bytes, _ := usage.PSS(pid) // one that has just ended has none
			sum.Memory += bytes
		}
	}
	return sum, err
}

// Close ends all children.
func (f *forking) Close() {
	f.mu.Lock() // and no further one begins
	for pid := range f.alive {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	for f.bury(0) {
	}
}

// serveOne is a process for one connection.
func serveOne(args []string) {
	err := newTalk().converse(socket(socketFile), len(args) > 0 && args[0] == Obey)
	if err != nil {
		refusal(err)
		os.Exit(refusedStatus)
	}
}
