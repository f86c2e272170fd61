package server

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"parcon/runner/proc"
)

// Raw are the models on system calls.
var Raw = []Model{serial, thread, process, processesThreads, loop}

// Main is a server of one of these models, to the end of its standard input. args are
// the last arguments of this program: the model, a port or 0, and Obey or nothing. It says
// its port in a line, and what it consumes for every line that is Ask or AskTime.
func Main(models []Model, args []string) error {
	if len(args) > 0 && args[0] == connection {
		serveOne(args[1:])
		return nil
	}
	m, c, err := parse(models, args)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the path of this program: %w", err)
	}
	c.Program = append([]string{self}, os.Args[1:len(os.Args)-len(args)]...)
	if err := allFiles(); err != nil {
		return err
	}
	debug.SetMaxThreads(1 << 20) // Go gives up at 10,000 else
	runtime.GOMAXPROCS(m.Procs(runtime.NumCPU()))
	// What needs a descriptor comes before clients, who may take the last one: Go aborts
	// where there is none for its poller.
	told := bufio.NewScanner(proc.Stdin())
	if _, err := resident(); err != nil {
		return err
	}
	s, err := m.Serve(c)
	if err != nil {
		return err
	}
	defer s.Close()
	say(strconv.Itoa(s.Port()))
	for told.Scan() {
		if told.Text() != Ask && told.Text() != AskTime {
			return fmt.Errorf("a server knows no %.80q", told.Text())
		}
		u, err := s.Usage(told.Text() == Ask)
		if err != nil {
			return err
		}
		say(u.String())
	}
	return told.Err()
}

func say(line string) { _, _ = os.Stdout.WriteString(line + "\n") }

// allFiles lets this process open as many files as it may: each connection is one.
func allFiles() error {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil && limit.Cur < limit.Max {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("letting a server open as many files as it may: %w", err)
	}
	return nil
}
