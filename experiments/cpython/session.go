package cpython

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// A Session is a Python that is ready to measure one mechanism. Measure or Close
// must end it. It is for one goroutine.
type Session struct {
	what      string // is being done, for errors
	ctx       context.Context
	forget    func() bool
	python    *peer.Process
	complaint tail
	ended     bool
}

// Start starts Python and returns when it is ready to measure. The package
// comment lists the mechanisms and their arguments; an argument that is not
// right is an error here. When ctx is done Python is killed with all that it
// started: give ctx a deadline, for nothing else ends a pool whose worker was
// killed. Do not call it on a goroutine that is locked to its thread and ends:
// Python would end with the thread.
func (i Interpreter) Start(ctx context.Context, mechanism string, args ...string) (*Session, error) {
	return i.StartOwn(ctx, "", mechanism, args...)
}

// StartOwn is Start with a mechanism of the caller's: own is Python that can use
// what is in the script and puts its mechanism into MECHANISMS.
func (i Interpreter) StartOwn(ctx context.Context, own, mechanism string, args ...string) (*Session, error) {
	return i.startScript(ctx, with(own), mechanism, args...)
}

// with is the script with what is the caller's.
func with(own string) string { return strings.Replace(script, entry, own+entry, 1) }

func (i Interpreter) startScript(ctx context.Context, script, mechanism string, args ...string) (*Session, error) {
	args = append([]string{mechanism}, args...)
	what := fmt.Sprintf("measuring %q on %s", strings.Join(args, " "), i)
	return start(ctx, what, i.command(script, args...))
}

func start(ctx context.Context, what string, argv []string) (*Session, error) {
	s := &Session{what: what, ctx: ctx}
	cmd := proc.Command(argv, nil)
	cmd.Stderr = &s.complaint
	cmd.WaitDelay = peer.Linger // a child of Python may hold standard error a moment longer
	var err error
	if s.python, err = peer.Start(cmd, 0); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.forget = context.AfterFunc(ctx, func() { proc.Kill(cmd) })
	line, err := s.readLine()
	if err != nil {
		return nil, err
	}
	if line != protocol.Ready+"\n" {
		return nil, s.misspoke(fmt.Errorf("it said %.200q where %q was due", line, protocol.Ready))
	}
	return s, nil
}

// Measure lets Python do the work, and returns what it measured by unit. Python
// and all that it started are gone when it returns.
func (s *Session) Measure() (protocol.Measurement, error) {
	if s.ended {
		return nil, fmt.Errorf("%s: it has ended already: start another", s.what)
	}
	_ = s.python.Tell("") // one that is gone says why below
	line, err := s.readLine()
	if err != nil {
		return nil, err
	}
	m, err := parseUnits([]byte(line))
	if err != nil {
		return nil, s.misspoke(err)
	}
	if err := s.end(); err != nil {
		return nil, fmt.Errorf("%s: Python failed after its result: %w", s.what, s.reason(err))
	}
	return m, nil
}

// Close ends a session that will not be measured. After Measure it does nothing.
func (s *Session) Close() {
	if !s.ended {
		s.python.Kill()
		_ = s.end()
	}
}

// readLine returns the next line, with its end, or ends the session and says why there is
// none.
func (s *Session) readLine() (string, error) {
	line, err := s.python.Talk.Hear()
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", s.misspoke(fmt.Errorf("it said a line of more than %d bytes", peer.MaxLine))
	}
	if err != nil {
		_ = s.python.In.Close() // it may wait for a word that will not come
		ended := s.end()
		if ended == nil {
			ended = errors.New("it ended without a result")
		}
		return "", fmt.Errorf("%s: %w", s.what, s.reason(ended))
	}
	return line + "\n", nil
}

// misspoke ends a Python that said something else than it should.
func (s *Session) misspoke(err error) error {
	s.Close()
	return fmt.Errorf("%s: %w", s.what, err)
}

// end waits for Python to end by itself, but not for ever, and takes its
// children along: the resource tracker of spawn ends a moment later. Standard input
// stays open until then: its end would tell Python to stop at once.
func (s *Session) end() error {
	s.ended = true
	defer s.forget()
	return s.python.Wait(peer.Linger)
}

// reason is why an ended Python has failed: nobody wanted to know any more, or
// Python's own last line, or else the way in which it ended.
func (s *Session) reason(ended error) error {
	if s.ctx.Err() != nil {
		return context.Cause(s.ctx)
	}
	if line := s.complaint.lastLine(); line != "" {
		return errors.New(line)
	}
	return ended
}
