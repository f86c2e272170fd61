// Package procpool runs requests on a fixed number of worker processes.
//
// A Pool is the parent's side, Serve the worker's. They exchange frames (a
// length and so many bytes) over a pair of pipes or, on Linux, over a pair of
// rings in shared memory. A pool can be used from many goroutines at once:
// Do submits a request and waits, Submit does not wait, Map runs many.
// Finish, Join and Terminate end it. That is the interface of CPython's
// multiprocessing.Pool (apply, apply_async, map with its chunksize, close,
// join, terminate; Lib/multiprocessing/pool.py).
//
// A worker runs one request at a time. It is sent a window of requests ahead,
// because waking a process on another core takes tens of microseconds: with the
// next request at hand a worker never waits for its parent. Near the end the
// window shrinks, so that no worker holds requests that another one is idle
// for. Requests that differ much in length want a Window of 1: one that was sent
// ahead waits for the one before it, although another worker may be free.
//
// A worker that dies is replaced; the dead one has been waited for before the
// next starts, so there are never more processes than the pool's size. The
// request that it ran fails with a DeathError. No request runs twice: the worker
// notes in shared memory what it has begun (see ledger), so the pool knows which
// of those sent ahead it may give to others, and finds answers that were
// finished and not sent yet. Only Linux has that memory here: elsewhere all
// requests fail that were sent to the dead worker and not answered, which is one
// with a Window of 1. The death of a worker that has nothing to do is seen when
// it gets its next request. A pool whose workers die before they have begun a
// request, five in a row in one place, gives up: what is left fails with the
// reason.
//
// A request whose context ends while it runs fails at once, and its worker is
// killed: a process can be ended from outside, a goroutine cannot. A request
// that has not begun is taken out. Without shared memory, a worker is killed
// also for a request that was only sent ahead to it.
package procpool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Options say how a pool is made.
type Options struct {
	Workers int       // number of processes, at least 1
	Window  int       // frames sent ahead to one worker, at least 1; 0 means 16
	Ring    bool      // shared memory in place of pipes; Linux only
	Env     []string  // the workers' whole environment
	Stderr  io.Writer // gets what workers say on standard error, several at once; nil: nobody
}

const defaultWindow = 16

// A Pool is a number of started workers.
type Pool struct {
	argv    []string
	options Options
	places  []*place
	ended   chan struct{} // closed when all workers are gone

	mu       sync.Mutex
	queue    queue
	idle     []*place // those of them that were not woken
	resting  int      // places that rest
	living   int      // places whose goroutine has not ended
	finished bool     // takes no more
	over     error    // why nothing is run any more: it was terminated, or gave up
	errs     []error  // how workers ended that were not asked anything
}

// Start starts the workers: argv is the program and arguments of one that calls
// Serve on its standard input and output, or ServeRing with o.Ring. When one
// cannot be started, none is left. For want of descriptors, processes or memory a
// start is tried again for five seconds, here and when a worker is replaced.
func Start(argv []string, o Options) (*Pool, error) {
	if o.Workers < 1 {
		return nil, fmt.Errorf("starting a process pool of %d workers: it needs at least 1", o.Workers)
	}
	if len(argv) == 0 {
		return nil, errors.New("starting a process pool without a program: name one and its arguments")
	}
	if o.Window < 1 {
		o.Window = defaultWindow
	}
	p := &Pool{argv: whole(argv), options: o, ended: make(chan struct{}), living: o.Workers}
	for i := range o.Workers {
		w, err := startPatiently(p.argv, o)
		if err != nil {
			err = fmt.Errorf("starting worker %d of %d, %s: %w", i+1, o.Workers, argv[0], err)
			for _, s := range p.places {
				s.proc.kill()
				_ = s.proc.end()
			}
			return nil, err
		}
		s := &place{pool: p, wake: make(chan struct{}, 1)}
		p.places = append(p.places, s)
		p.move(s, w)
	}
	for _, s := range p.places {
		go s.attend()
	}
	return p, nil
}

// whole is argv with the program's whole path: a worker that is started later is the
// same program, wherever this process and its PATH are by then. One that is not found
// stays as it is: starting it says why.
func whole(argv []string) []string {
	all := append([]string(nil), argv...)
	if path, err := exec.LookPath(argv[0]); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			all[0] = path
		}
	}
	return all
}

// Do runs one request and returns its answer. An error is the handler's, a
// DeathError, ErrClosed, ErrTerminated, or that of ctx, whose end ends the
// request too.
func (p *Pool) Do(ctx context.Context, request []byte) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, calledOff(ctx)
	}
	f := newFuture(request, nil)
	if err := p.enqueue(&f.job); err != nil {
		return nil, err
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		p.callOff(f, ctx)
		<-f.done
	}
	return f.answer, f.err
}

// Submit hands in one request and does not wait. The request must not be
// changed until it is settled. callback, if there is one, is called once, with
// the answer or the error; the pool waits for it, so it must be quick and must
// not wait for this pool itself: more requests may be submitted in it. The end
// of ctx ends the request.
func (p *Pool) Submit(ctx context.Context, request []byte, callback func(answer []byte, err error)) *Future {
	f := newFuture(request, callback)
	if ctx.Err() != nil {
		go f.settle(nil, calledOff(ctx)) // the caller may hold a lock that callback needs
		return f
	}
	if ctx.Done() != nil {
		f.forget = context.AfterFunc(ctx, func() { p.callOff(f, ctx) })
	}
	if err := p.enqueue(&f.job); err != nil {
		go f.settle(nil, err)
	}
	return f
}

// Map runs n requests and returns when all are answered, or one failed. For
// each i below n, request appends the i-th request to buf and returns it, and
// reply is given the answer, which it must not keep. Both are called from
// several goroutines at once and must not wait for this pool. reply is called
// once for one i; so is request, but for those whose worker died before it began
// them. The order in which requests are sent is 0 to n-1.
//
// When one fails, those that were not sent are not run, and Map returns the
// first error; those under way are over then.
func (p *Pool) Map(n int, request func(i int, buf []byte) []byte, reply func(i int, answer []byte) error) error {
	return p.MapChunks(context.Background(), n, 1, request, reply)
}

// MapChunks is Map with so many requests in one frame: a worker gets a chunk as
// a whole, which costs less for each and balances worse. They are answered one
// by one all the same, and one that fails does not take the rest of its chunk
// along. Below 1 it counts as 1. When ctx ends, workers that run requests of
// this Map are killed, and it returns at once.
func (p *Pool) MapChunks(ctx context.Context, n, chunk int, request func(i int, buf []byte) []byte, reply func(i int, answer []byte) error) error {
	if n <= 0 {
		return nil
	}
	if ctx.Err() != nil {
		return calledOff(ctx)
	}
	j := &job{n: n, chunk: min(max(1, chunk), n), request: request, reply: reply, open: n, done: make(chan struct{})}
	if err := p.enqueue(j); err != nil {
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		p.cancel(j, calledOff(ctx))
		for _, s := range p.places { // none is in request or reply any more after this
			s.calls.Lock()
			//lint:ignore SA2001 it is only waited for
			s.calls.Unlock()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return j.err
}

// Each sends one request to every worker and returns their answers in the order
// of the workers. It waits behind what they were sent before.
func (p *Pool) Each(request []byte) ([][]byte, error) {
	futures := make([]*Future, len(p.places))
	for i, s := range p.places {
		futures[i] = newFuture(request, nil)
		futures[i].job.only = s
		if err := p.enqueue(&futures[i].job); err != nil {
			futures[i].settle(nil, err)
		}
	}
	answers := make([][]byte, len(futures))
	var failed error
	for i, f := range futures {
		<-f.done
		answers[i] = f.answer
		if failed == nil {
			failed = f.err
		}
	}
	if failed != nil {
		return nil, failed
	}
	return answers, nil
}

func waited(ctx context.Context) error {
	return fmt.Errorf("waiting for the answer of a worker process: %w", ctx.Err())
}

func calledOff(ctx context.Context) error {
	return fmt.Errorf("running a request in a worker process: %w", ctx.Err())
}

// enqueue takes a job in, unless no more are taken.
func (p *Pool) enqueue(j *job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.over != nil:
		return p.over
	case p.finished:
		return ErrClosed
	case j.dropped.Load(): // its context has ended meanwhile
		return nil
	}
	if j.only != nil {
		j.only.own = append(j.only.own, j)
		j.only.rouse()
		return nil
	}
	p.queue.add(j)
	p.rouse(j.lots())
	return nil
}

// rouse wakes as many of the places that rest.
func (p *Pool) rouse(n int) {
	for ; n > 0 && len(p.idle) > 0; n-- {
		s := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		s.stacked = false
		s.rouse()
	}
}

func (s *place) rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // it was told already
	}
}

// rest waits until there is something to do in a place; false means never more.
func (p *Pool) rest(s *place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case len(s.lots) > 0: // its goroutine was ended in the middle
			return true
		case p.over != nil:
			return false
		case len(s.own) > 0 || p.queue.left > 0:
			return true
		case p.finished:
			return false
		}
		p.resting++
		if !s.stacked {
			p.idle = append(p.idle, s)
			s.stacked = true
		}
		p.mu.Unlock()
		<-s.wake
		p.mu.Lock()
		p.resting--
		if s.stacked { // it was woken for itself alone
			p.idle = slices.DeleteFunc(p.idle, func(other *place) bool { return other == s })
			s.stacked = false
		}
	}
}

// move lets a new process into a place.
func (p *Pool) move(s *place, w *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.settleIn(w, w.book != nil && !p.options.Ring)
	if p.over != nil {
		w.kill()
	}
}

// turn brings a place up to date between two batches: what was answered is
// counted, what is not wanted any more is left out, more is taken. It returns
// false when there is nothing to do.
func (p *Pool) turn(s *place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.payLocked(s)
	s.lots = s.lots[:copy(s.lots, s.lots[s.answered:])]
	s.sent -= s.answered
	s.answered = 0
	p.leaveOut(s)
	held := len(s.lots) - s.sent
	for held == 0 && p.over == nil {
		var l lot
		switch {
		case len(s.own) > 0:
			j := s.own[0]
			if s.own = s.own[1:]; j.dropped.Load() {
				continue
			}
			l = j.take()
		case len(s.lots) > 0 && s.usual*len(s.lots) > maxAhead:
		case p.queue.ahead(len(s.lots), p.options.Window, len(p.places), p.resting):
			l = p.queue.take()
		}
		if l.job == nil {
			break
		}
		s.lots = append(s.lots, l)
	}
	number(s.lots[s.sent:], s.requests, s.frames)
	if s.proc.book != nil {
		for _, l := range s.lots[s.sent:] {
			s.proc.book.clear(l.frame)
		}
	}
	return len(s.lots) > 0
}

// number says which requests and frames of the process the lots will be.
func number(lots []lot, requests, frames int) {
	for i := range lots {
		lots[i].seq, lots[i].frame = requests, frames
		requests += lots[i].count
		frames++
	}
}

// leaveOut takes away lots that were not sent and are not wanted any more.
func (p *Pool) leaveOut(s *place) {
	kept := s.sent
	for i := s.sent; i < len(s.lots); i++ {
		l := s.lots[i]
		if !l.job.dropped.Load() {
			s.lots[kept] = l
			kept++
			continue
		}
		p.paid(l.job, l.count)
		if i == s.sent {
			s.out = s.out[:s.ready] // its frame was made
		}
	}
	s.lots = s.lots[:kept]
}

// pay tells a Map how many of its requests were answered in a place.
func (p *Pool) pay(s *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.payLocked(s)
}

func (p *Pool) payLocked(s *place) {
	if s.credit > 0 {
		p.paid(s.creditor, s.credit)
	}
	s.credit, s.creditor = 0, nil
}

func (p *Pool) paid(j *job, n int) {
	if j.done == nil || n == 0 {
		return
	}
	if j.open -= n; j.open == 0 {
		close(j.done)
	}
}

// fail fails a job for a reason of its own.
func (p *Pool) fail(j *job, err error) {
	p.mu.Lock()
	p.drop(j, err)
	p.mu.Unlock()
	if j.future != nil {
		j.future.settle(nil, err)
	}
}

// drop takes a job out of the queue, as far as it was not handed out. Its first
// error stays.
func (p *Pool) drop(j *job, err error) {
	if j.dropped.Load() || j.done != nil && j.open == 0 {
		return
	}
	j.err = err
	j.dropped.Store(true)
	lots, requests := j.drop()
	if j.listed {
		p.queue.left -= lots
	}
	p.paid(j, requests)
}

// callOff ends a request because its context has ended.
func (p *Pool) callOff(f *Future, ctx context.Context) {
	err := calledOff(ctx)
	if !f.settled.CompareAndSwap(false, true) {
		return
	}
	p.cancel(&f.job, err)
	f.end(nil, err)
}

// cancel drops a job and ends what runs of it.
func (p *Pool) cancel(j *job, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(j, err)
	for _, s := range p.places {
		if s.proc == nil {
			continue
		}
		if due := s.proc.callOff(j, s.lots); due > 0 {
			w := s.proc
			time.AfterFunc(overdue, func() { p.expect(s, w, j, due) })
		}
	}
}

// overdue is how long after the end of its context the answer of a request that was
// run may stay away. It is held back for ten milliseconds at most: something is
// wrong with the stream then, and all that comes behind it would be lost too.
const overdue = time.Second

// expect kills a worker that has not answered what is due of a job.
func (p *Pool) expect(s *place, w *process, j *job, due int) {
	s.calls.Lock() // what has arrived is counted when no function is being called
	defer s.calls.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range s.lots {
		if l := &s.lots[i]; s.proc == w && l.job == j && l.end() <= due {
			w.kill()
			return
		}
	}
}

// bury clears a place whose worker is gone. Of its requests, so many had begun.
func (p *Pool) bury(s *place, death *DeathError, begun int) {
	p.mu.Lock()
	p.payLocked(s)
	type failure struct {
		future *Future
		err    error
	}
	var failed []failure
	why := error(death)
	if p.over == ErrTerminated {
		why = p.over
	}
	if s.proc.most >= 0 {
		begun = min(begun, s.proc.most)
	}
	number(s.lots[s.sent:], s.requests, s.frames)
	lots := s.lots[s.answered:]
	for i := range lots {
		l, from := &lots[i], 0
		if i == 0 {
			from = s.part
		}
		ran := min(max(begun-l.seq, from), l.count)
		if ran > from || p.over != nil {
			err := why
			if ran == from {
				err = p.over
			}
			if l.job.future != nil {
				failed = append(failed, failure{l.job.future, err})
				l.count = 0
				continue
			}
			p.drop(l.job, fmt.Errorf("request %d: %w", l.first+from, err))
		}
		p.paid(l.job, ran-from)
		l.first, l.count = l.first+ran, l.count-ran
	}
	for _, l := range slices.Backward(lots) { // the first goes back last, so it is the next
		switch {
		case l.count == 0:
		case l.job.dropped.Load():
			p.paid(l.job, l.count)
		default:
			p.giveBack(l)
		}
	}
	s.proc, s.lots = nil, s.lots[:0]
	p.rouse(len(lots))
	p.mu.Unlock()
	for _, f := range failed {
		f.future.settle(nil, f.err)
	}
}

func (p *Pool) giveBack(l lot) {
	if s := l.job.only; s != nil {
		l.job.back = append(l.job.back, l)
		s.own = append([]*job{l.job}, s.own...)
		return
	}
	p.queue.giveBack(l)
}
