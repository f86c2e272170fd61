package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"

	"parcon/runner/proc"
)

// processesThreads has a process for each core, each of which is a server with threads.
// They share the port (SO_REUSEPORT, socket(7)): the kernel shares out the clients, by
// a hash of their addresses.
var processesThreads = Model{ProcessesThreads, func(int) int { return 1 }, func(c Config) (Server, error) {
	// This process holds the port, and does not listen.
	_, port, err := bind(c.Port, true)
	if err != nil {
		return nil, err
	}
	s := &several{Single: Single{On: port}}
	argv := append(c.Program, Thread, strconv.Itoa(port))
	if c.Crashes {
		argv = append(argv, Obey)
	}
	for i := range runtime.NumCPU() {
		if err := s.start(argv); err != nil {
			s.Close()
			return nil, fmt.Errorf("starting process %d of a server: %w", i+1, err)
		}
	}
	return s, nil
}}

// several is the server's first process.
type several struct {
	Single
	all   []*part
	alive atomic.Int64
}

// A part is one of the others.
type part struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	gone chan struct{} // closed when it has ended and was waited for
}

// start starts a process and returns when it listens.
func (s *several) start(argv []string) error {
	p := &part{cmd: proc.Command(argv, os.Environ()), gone: make(chan struct{})}
	in, errIn := p.cmd.StdinPipe()
	out, errOut := p.cmd.StdoutPipe()
	p.in, p.out, p.cmd.Stderr = in, bufio.NewReader(out), os.Stderr
	if err := errors.Join(errIn, errOut); err != nil {
		return err
	}
	if err := proc.Start(p.cmd); err != nil {
		return err
	}
	s.alive.Add(1)
	s.all = append(s.all, p)
	go func() {
		_ = p.cmd.Wait()
		close(p.gone)
		if s.alive.Add(-1) == 0 {
			os.Exit(1) // nobody serves any more; how they ended they said themselves
		}
	}()
	if line, err := p.out.ReadString('\n'); err != nil || line != strconv.Itoa(s.On)+"\n" {
		return fmt.Errorf("it says %.80q in place of its port", line)
	}
	return nil
}

// Usage adds up all processes. What those consumed that ended is in this one's.
func (s *several) Usage(memory bool) (Usage, error) {
	question := AskTime
	if memory {
		question = Ask
	}
	var living Usage
	for _, p := range s.all {
		select {
		case <-p.gone:
			continue
		default:
		}
		_, _ = io.WriteString(p.in, question+"\n")
		line, err := p.out.ReadString('\n')
		if err != nil {
			<-p.gone // it is about to be
			continue
		}
		u, err := ParseUsage(line[:len(line)-1])
		if err != nil {
			return u, err
		}
		living = living.Plus(u)
	}
	own, err := s.Single.Usage(memory)
	return own.Plus(living), err
}

// Close ends all processes.
func (s *several) Close() {
	s.alive.Add(1) // their end is no news
	for _, p := range s.all {
		proc.Kill(p.cmd)
		<-p.gone
	}
}
