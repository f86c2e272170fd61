// Package procpool runs requests on a fixed number of worker processes.
//
// A Pool is the parent's side, Serve the worker's. They exchange frames (a
// length and so many bytes) over a pair of pipes or, on Linux, over a pair of
// rings in shared memory. A worker runs one request at a time. It is sent a
// window of requests ahead, because waking a process on another core takes
// tens of microseconds: with the next request at hand a worker never waits for
// its parent. Near the end the window shrinks, so that no worker holds tasks
// that another one is idle for.
//
// A pool is for one caller at a time. A request that fails ends its Map; the
// pool can be used again. A worker that dies fails the Map that used it, with
// the exit status; the pool is then of no further use.
package procpool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"sync/atomic"

	"parcon/runner/proc"
)

// Options say how a pool is made.
type Options struct {
	Workers int      // number of processes, at least 1
	Window  int      // requests sent ahead to one worker, at least 1; 0 means 16
	Ring    bool     // shared memory in place of pipes; Linux only
	Env     []string // the workers' whole environment
}

const defaultWindow = 16

// maxAhead is how many bytes of requests may be under way to a worker that is
// busy. It is less than any stream holds, so that sending ahead never blocks:
// the worker may itself be blocked on a reply that only its parent can take.
const maxAhead = 4 << 10

// A Pool is a number of started workers.
type Pool struct {
	workers []*worker
	window  int
}

// worker is one process and the two streams to it. Only one goroutine uses
// it at a time.
type worker struct {
	cmd     *exec.Cmd
	in      io.Closer // ends the worker's input
	r       *bufio.Reader
	w       *bufio.Writer
	request []byte
	reply   []byte
	asked   []sent // requests sent and not answered, oldest first
	under   int    // their bytes
	held    bool   // request is made, but too long to be sent ahead
	next    int    // the number of the one that is held
	release func()
}

// sent is a request under way: its number and its length as a frame.
type sent struct{ i, bytes int }

// Start starts the workers: argv is the program and arguments of one that calls
// Serve on its standard input and output, or ServeRing with o.Ring.
func Start(argv []string, o Options) (*Pool, error) {
	if o.Workers < 1 {
		return nil, fmt.Errorf("starting a process pool of %d workers: it needs at least 1", o.Workers)
	}
	p := &Pool{window: o.Window}
	if p.window < 1 {
		p.window = defaultWindow
	}
	connect := connectPipes
	if o.Ring {
		connect = connectRings
	}
	for i := range o.Workers {
		cmd := proc.Command(argv, o.Env)
		w, err := connect(cmd)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("starting worker %d of %d, %s: %w", i+1, o.Workers, argv[0], err), p.Close())
		}
		p.workers = append(p.workers, w)
	}
	return p, nil
}

func connectPipes(cmd *exec.Cmd) (*worker, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return newWorker(cmd, in, out, in, func() {}), nil
}

func newWorker(cmd *exec.Cmd, in io.Closer, out io.Reader, to io.Writer, release func()) *worker {
	return &worker{
		cmd: cmd, in: in, release: release,
		r: bufio.NewReaderSize(out, bufferSize), w: bufio.NewWriterSize(to, bufferSize),
	}
}

// Map runs n requests and returns when all are answered, or one failed. For
// each i below n, request appends the i-th request to buf and returns it, and
// reply is given the answer. Both are called from several goroutines at once,
// never twice for one i. The order in which requests are sent is 0 to n-1.
func (p *Pool) Map(n int, request func(i int, buf []byte) []byte, reply func(i int, answer []byte) error) error {
	q := &queue{n: int64(n), workers: int64(len(p.workers)), window: int64(p.window)}
	errs := make([]error, len(p.workers))
	var wg sync.WaitGroup
	for i, w := range p.workers {
		wg.Go(func() {
			if errs[i] = w.run(q, request, reply); errs[i] != nil {
				q.stop()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// queue hands out the numbers 0 to n-1.
type queue struct {
	next               atomic.Int64
	n, workers, window int64
}

func (q *queue) take() (int, bool) {
	i := q.next.Add(1) - 1
	return int(i), i < q.n
}

func (q *queue) stop() { q.next.Store(q.n) }

// ahead is how many requests one worker may hold: half of its fair share of
// those left, but two at least (one to run and one to go on with), and the
// window at most. When there is but one request for each worker, each gets one.
func (q *queue) ahead() int {
	if q.n <= q.workers {
		return 1
	}
	left := q.n - q.next.Load()
	return int(min(q.window, max(2, left/(2*q.workers))))
}

// run takes requests of the queue until there are none, or one failed. What was
// sent ahead is answered before it returns, also then.
func (w *worker) run(q *queue, request func(int, []byte) []byte, reply func(int, []byte) error) error {
	var failed error
	for {
		if err := w.fill(q, request); err != nil {
			return errors.Join(failed, err)
		}
		if len(w.asked) == 0 {
			return failed
		}
		frame, err := w.receive()
		if err != nil {
			return errors.Join(failed, err)
		}
		i := w.asked[0].i
		w.under -= w.asked[0].bytes
		w.asked = append(w.asked[:0], w.asked[1:]...)
		if failed != nil {
			continue
		}
		answer, err := open(frame)
		if err == nil {
			err = reply(i, answer)
		}
		if err != nil {
			failed, w.held = err, false
			q.stop()
		}
	}
}

// fill sends requests up to the window. It flushes only when no further answer
// is at hand: as long as there is one, more requests can follow it.
func (w *worker) fill(q *queue, request func(int, []byte) []byte) error {
	for w.held || len(w.asked) < q.ahead() {
		if !w.held {
			i, ok := q.take()
			if !ok {
				break
			}
			w.request = request(i, w.request[:0])
			w.next, w.held = i, true
		}
		size := frameHead + len(w.request)
		if len(w.asked) > 0 && w.under+size > maxAhead {
			break
		}
		w.held = false
		if err := writeFrame(w.w, w.request); err != nil {
			return w.died(err)
		}
		w.asked = append(w.asked, sent{w.next, size})
		w.under += size
	}
	if w.r.Buffered() > 0 {
		return nil
	}
	if err := w.w.Flush(); err != nil {
		return w.died(err)
	}
	return nil
}

func (w *worker) receive() ([]byte, error) {
	frame, err := readFrame(w.r, w.reply)
	if err != nil {
		return nil, w.died(err)
	}
	w.reply = frame
	if len(frame) == 0 {
		return nil, w.died(errors.New("an empty reply: it is not a worker of this pool"))
	}
	return frame, nil
}

// open tells an answer from an error.
func open(frame []byte) ([]byte, error) {
	if frame[0] != statusOK {
		return nil, errors.New(string(frame[1:]))
	}
	return frame[1:], nil
}

// died turns a broken stream into the reason that people need: how the worker
// ended.
func (w *worker) died(cause error) error {
	if w.cmd.ProcessState == nil { // else it was waited for, and its number may be another's
		proc.Kill(w.cmd)
		_ = w.cmd.Wait()
	}
	return fmt.Errorf("worker %d ended (%s) with %d requests unanswered: %w", w.cmd.Process.Pid, w.cmd.ProcessState, len(w.asked), cause)
}

// Each sends one request to every worker and returns their answers in the
// order of the workers.
func (p *Pool) Each(request []byte) ([][]byte, error) {
	answers := make([][]byte, len(p.workers))
	for i, w := range p.workers {
		if err := writeFrame(w.w, request); err != nil {
			return nil, w.died(err)
		}
		if err := w.w.Flush(); err != nil {
			return nil, w.died(err)
		}
		frame, err := w.receive()
		if err != nil {
			return nil, err
		}
		answer, err := open(frame)
		if err != nil {
			return nil, err
		}
		answers[i] = append([]byte(nil), answer...)
	}
	return answers, nil
}

// Close ends the input of all workers and waits until they are gone.
func (p *Pool) Close() error {
	for _, w := range p.workers {
		_ = w.in.Close()
	}
	var errs []error
	for _, w := range p.workers {
		if w.cmd.ProcessState == nil {
			if err := w.cmd.Wait(); err != nil {
				errs = append(errs, fmt.Errorf("ending worker %d: %w", w.cmd.Process.Pid, err))
			}
		}
		w.release()
	}
	return errors.Join(errs...)
}
