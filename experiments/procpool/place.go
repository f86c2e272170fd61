package procpool

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A place is where one worker process is at a time, and the goroutine that
// starts it, feeds it, reads its replies and replaces it when it dies.
//
// All requests go through here, those of Map as those of a Future: the pool's
// lock is taken once for each batch of replies that arrived together, so a
// single way is as fast as one of Map's own.
type place struct {
	pool  *Pool
	wake  chan struct{}
	calls sync.Mutex // held while functions of the caller may run

	// With the pool's lock:
	proc    *process
	lots    []lot // taken and not answered, the oldest first; the first sent ones are under way
	own     []*job
	stacked bool // it is in the list of those that rest

	// Of the goroutine alone:
	sent     int    // of lots
	answered int    // of lots, since the last turn
	part     int    // requests answered of lots[answered]
	requests int    // sent to this process
	frames   int    // sent to this process
	under    int    // bytes under way
	usual    int    // bytes of the last frame
	request  []byte // the caller's
	out      []byte // frames to be sent
	ready    int    // bytes of out that may go; the frame behind them is too long to be sent ahead
	kept     []byte
	credit   int // answered requests of creditor that its job does not know of
	creditor *job
	runs     *job // whose function is being called
	deaths   int  // of processes in a row that had begun no request
	failures int  // of starts in a row, for want of what is scarce
}

// maxAhead is how many bytes of requests may be under way to a worker that is
// busy. It is less than any stream holds, so that sending ahead never blocks:
// the worker may itself be blocked on a reply that only its parent can take.
const maxAhead = 4 << 10

// maxDeaths is how many workers in a row may die in one place before they have
// begun a request. Then the pool gives up: its program cannot work.
const maxDeaths = 5

// attend is the goroutine of a place. A function of the caller that ends it ends
// neither its job without an error nor the place: another goroutine goes on.
func (s *place) attend() {
	p := s.pool
	defer func() {
		if !exiting() {
			return
		}
		s.out = s.out[:s.ready] // the frame that was being made
		if s.runs != nil {
			p.fail(s.runs, errGoexit)
		}
		go s.attend()
	}()
	for p.rest(s) {
		if s.proc == nil {
			w, err := start(p.argv, p.options)
			if err != nil {
				s.stillborn(fmt.Errorf("starting a new worker, %s: %w", p.argv[0], err))
				continue
			}
			s.failures = 0
			p.move(s, w)
		}
		if err := s.exchange(); err != nil {
			s.bury(err)
		}
	}
	p.leave(s)
}

// exchange sends requests and takes replies until there is no more to do. It
// fails when the worker is gone, and leaves in lots what is then unanswered.
func (s *place) exchange() error {
	s.calls.Lock()
	defer s.calls.Unlock()
	for {
		if !s.pool.turn(s) {
			return nil
		}
		s.fill()
		if s.sent == s.answered {
			continue // no request could be made: their jobs failed
		}
		s.calls.Unlock()
		s.flush()
		payload, kind, kept, readErr := readFrame(s.proc.r, s.kept)
		s.calls.Lock()
		s.kept = kept
		for {
			if readErr != nil {
				return readErr
			}
			if err := s.take(payload, kind); err != nil {
				return err
			}
			if !hasFrame(s.proc.r) {
				break
			}
			payload, kind, s.kept, readErr = readFrame(s.proc.r, s.kept)
		}
	}
}

// fill makes frames of the lots that were taken, as far as they may be sent.
func (s *place) fill() {
	for s.sent < len(s.lots) {
		l := &s.lots[s.sent]
		if s.ready == len(s.out) {
			if err := s.frame(l); err != nil {
				s.out = s.out[:s.ready]
				s.pool.fail(l.job, err)
				return // the next turn drops it
			}
		}
		size := len(s.out) - s.ready
		if s.sent > s.answered && s.under+size > maxAhead {
			return
		}
		l.bytes, s.usual = size, size
		s.ready = len(s.out)
		s.under += size
		s.requests += l.count
		s.frames++
		s.sent++
	}
}

// frame appends the frame of a lot to out.
func (s *place) frame(l *lot) error {
	at := len(s.out)
	kind := kindOne
	if l.count > 1 {
		kind = kindChunk
		s.out = appendHead(s.out, kindChunk, 0)
	}
	for i := l.first; i < l.first+l.count; i++ {
		request := l.job.body
		if l.job.request != nil {
			s.runs = l.job
			s.request = l.job.request(i, s.request[:0])
			s.runs = nil
			request = s.request
		}
		if len(s.out)-at+len(request) > maxFrame-2*frameHead {
			return fmt.Errorf("sending request %d of %d bytes: a frame holds no more than %d, and it is one of a chunk of %d", i, len(request), maxFrame, l.count)
		}
		s.out = append(appendHead(s.out, kindOne, len(request)), request...)
	}
	if kind == kindChunk {
		appendHead(s.out[:at], kindChunk, len(s.out)-at-frameHead)
	}
	return nil
}

// flush sends what is ready. A worker that takes no requests any more is ended,
// so that its replies end too.
func (s *place) flush() {
	if s.ready == 0 {
		return
	}
	if _, err := s.proc.to.Write(s.out[:s.ready]); err != nil {
		s.proc.stop()
	}
	left := copy(s.out, s.out[s.ready:])
	if s.out, s.ready = s.out[:left], 0; cap(s.out) > 16*bufferSize && left == 0 {
		s.out = nil // it was for one long request
	}
}

var errReply = errors.New("reading a reply: it answers no request, so this program is no worker of this pool")

// take gives a reply to whom it belongs.
func (s *place) take(reply []byte, kind uint32) error {
	if len(reply) == 0 || kind != kindOne || reply[0] > statusSkipped || s.answered == s.sent {
		return errReply
	}
	l := &s.lots[s.answered]
	j, i := l.job, l.first+s.part
	if reply[0] == statusSkipped && !j.dropped.Load() {
		return errReply
	}
	if s.part++; s.part == l.count {
		s.part = 0
		s.answered++
		s.under -= l.bytes
	}
	var err error
	if reply[0] == statusError {
		err = errors.New(string(reply[1:]))
	}
	if j.future != nil {
		if reply[0] != statusSkipped {
			j.future.settle(reply[1:], err)
		}
		return nil
	}
	if s.creditor != j {
		s.pool.pay(s)
		s.creditor = j
	}
	s.credit++
	if j.dropped.Load() {
		return nil
	}
	if err == nil {
		s.runs = j
		err = j.reply(i, reply[1:])
		s.runs = nil
	}
	if err != nil {
		s.pool.fail(j, err)
	}
	return nil
}

// stillborn notes that no process could be started.
func (s *place) stillborn(err error) {
	if scarce(err) {
		if s.failures++; s.failures < maxScarce {
			s.pool.pause(s, pauseAfter(s.failures))
			return
		}
		s.pool.giveUp(fmt.Errorf("giving up the process pool after %d attempts in %v: %w", s.failures, pauseAfter(maxScarce).Round(time.Second), err))
		return
	}
	if s.deaths++; s.deaths >= maxDeaths {
		s.pool.giveUp(fmt.Errorf("giving up the process pool after %d attempts: %w", s.deaths, err))
	}
}

// bury ends with a worker that died, or has to: what it had begun fails, the
// rest is given to others.
func (s *place) bury(cause error) {
	w := s.proc
	_ = w.wait(true)
	death := &DeathError{PID: w.cmd.Process.Pid, State: w.cmd.ProcessState, Said: w.said.String(), Cause: cause}
	begun := s.requests
	if w.book != nil {
		begun, _ = w.book.begun()
	}
	left := 0
	for _, l := range s.lots[s.answered:s.sent] {
		left += l.count
	}
	answered := s.requests - left + s.part
	s.pool.bury(s, death, max(begun, answered))
	lived := answered > 0 || w.book != nil && begun > 0
	switch {
	case lived:
		s.deaths = 0
	case !w.wasKilled():
		if s.deaths++; s.deaths >= maxDeaths {
			s.pool.giveUp(fmt.Errorf("giving up the process pool: %d workers in a row died before they began a request, the last so: %w", s.deaths, death))
		}
	}
	w.release()
	if s.deaths > 0 {
		s.pool.pause(s, pauseAfter(s.deaths)) // what it died of may be scarce for a moment
	}
}

// settleIn prepares the place for a new process.
func (s *place) settleIn(w *process, tell bool) {
	s.proc = w
	s.lots, s.sent, s.answered, s.part = s.lots[:0], 0, 0, 0
	s.requests, s.frames, s.under = 0, 0, 0
	s.out = s.out[:0]
	if tell {
		s.out = appendHead(s.out, kindLedger, 0)
	}
	s.ready = len(s.out)
}
