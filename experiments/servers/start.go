package servers

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/server"
	"parcon/runner/proc"
)

// patience is how long something may take that must happen. It ends a trial that would
// hang, so it is far beyond what a busy machine needs.
const patience = 10 * time.Second

// A Server is one that a trial started, a process of its own.
type Server struct {
	Model   string
	Port    int // of 127.0.0.1, where it listens
	process *peer.Process
}

// Start starts a server of a model of package server and returns when it listens. One
// that obeys crashes does what requests to crash ask; no other does. The server ends with
// the trial, and takes its own processes along.
func Start(t card.Trial, model string, crashes bool) (*Server, error) {
	program := t.Env.Server
	if server.OnNet(model) {
		program = t.Env.NetServer
	}
	argv := append(append([]string{}, program...), model, "0")
	if crashes {
		argv = append(argv, server.Obey)
	}
	// The first words of a crash say enough.
	p, err := peer.Start(proc.Command(argv, []string{"GOGC=100", fmt.Sprintf("GOMAXPROCS=%d", runtime.NumCPU()), "GOTRACEBACK=none"}), patience)
	if err != nil {
		return nil, fmt.Errorf("starting a server, model %s: %w", model, err)
	}
	line, err := p.Hear()
	port := 0
	if err == nil {
		port, err = strconv.Atoi(line)
	}
	if err != nil {
		p.Kill()
		return nil, fmt.Errorf("starting a server, model %s: %w", model, err)
	}
	return &Server{model, port, p}, nil
}

// Usage asks it what it consumed and has.
func (s *Server) Usage() (server.Usage, error) { return s.ask(server.Ask) }

// CPU asks it how much CPU time it took so far, which costs it next to nothing.
func (s *Server) CPU() (time.Duration, error) {
	u, err := s.ask(server.AskTime)
	return u.CPU, err
}

func (s *Server) ask(question string) (server.Usage, error) {
	line, err := s.process.Ask(question)
	if err != nil {
		return server.Usage{}, fmt.Errorf("asking a server, model %s, what it consumes: %w", s.Model, err)
	}
	return server.ParseUsage(line)
}

// Close ends it, and says what it complained of.
func (s *Server) Close() error {
	if err := s.process.End(patience); err != nil {
		return fmt.Errorf("ending a server, model %s: %w", s.Model, err)
	}
	return nil
}

// Kill ends one that may have crashed.
func (s *Server) Kill() { s.process.Kill() }
