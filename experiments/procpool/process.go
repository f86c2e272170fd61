package procpool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"parcon/runner/proc"
)

// process is one worker process and the two streams to it.
type process struct {
	cmd     *exec.Cmd
	in      io.Closer // ends its input
	to      io.Writer
	r       *bufio.Reader // of replies
	out     io.ReadCloser // its standard output
	book    *ledger       // nil where there is no shared memory
	said    *lastWords
	most    int // requests that can have begun, when it was killed for one; else -1; with the pool's lock
	release func()

	mu      sync.Mutex
	waiting bool // it is being waited for: its number may soon be another's
	killed  bool // by the pool
}

// stuck is how long a descendant of a dead worker may hold its streams open.
const stuck = time.Second

// lastGasp is how long the last words of a process that ended are waited for: they
// are in the pipe already, but something else may hold that open.
const lastGasp = 250 * time.Millisecond

// start starts a process that is connected as the options say.
func start(argv []string, o Options) (*process, error) {
	p := &process{cmd: proc.Command(argv, o.Env), said: &lastWords{on: o.Stderr}, most: -1}
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = lastGasp
	connect := connectPipes
	if o.Ring {
		connect = connectRings
	}
	from, err := connect(p)
	if err != nil {
		return nil, err
	}
	p.r = bufio.NewReaderSize(&replies{from: from, p: p}, bufferSize)
	return p, nil
}

func connectPipes(p *process) (io.Reader, error) {
	book, unmap, started, err := share[ledger](p.cmd)
	if err != nil {
		return nil, err
	}
	in, err := p.spawn()
	started()
	if err != nil {
		unmap()
		return nil, err
	}
	p.in, p.to, p.book, p.release = in, in, book, unmap
	return p.out, nil
}

// spawn starts the process with pipes to its standard input and output.
func (p *process) spawn() (io.WriteCloser, error) {
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		p.cmd.Err = err
		return nil, p.cmd.Start() // closes both ends of the first pipe
	}
	return in, proc.Start(p.cmd) // which closes the pipes when it fails
}

// kill ends the process at once. Its end is seen where its replies are read.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.waiting {
		_ = p.cmd.Process.Kill() // knows whether the number is still its own
		return
	}
	p.stopLocked()
}

// stop is kill for a process that is broken: its death is its own.
func (p *process) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.waiting {
		p.stopLocked()
	}
}

func (p *process) stopLocked() {
	proc.Kill(p.cmd)
	// Something that left its process group may still hold its streams.
	if d, ok := p.out.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = d.SetReadDeadline(time.Now().Add(stuck))
	}
	if d, ok := p.in.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = d.SetWriteDeadline(time.Now().Add(stuck))
	}
}

func (p *process) wasKilled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.killed
}

// wait waits until it has ended. A process that closed its output and lives on
// is of no use: with all set, it and its group are killed first.
func (p *process) wait(all bool) error {
	p.mu.Lock()
	if p.waiting {
		p.mu.Unlock()
		return nil
	}
	if all {
		proc.Kill(p.cmd)
	}
	p.waiting = true
	p.mu.Unlock()
	err := p.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it ended well; what it started holds its standard error
	}
	return err
}

// end lets a process that has nothing to do end by itself and waits for that.
func (p *process) end() error {
	_ = p.in.Close()
	drained := make(chan struct{})
	go func() { // something that it left may hold that open: it ends with the process
		defer close(drained)
		_, _ = io.Copy(io.Discard, p.out)
	}()
	err := p.wait(false)
	<-drained
	p.release()
	if err == nil || p.wasKilled() {
		return nil
	}
	err = fmt.Errorf("ending worker %d: %w", p.cmd.Process.Pid, err)
	if said := p.said.String(); said != "" {
		err = fmt.Errorf("%w; it said: %s", err, said)
	}
	return err
}

// replies is the stream of a worker's replies. At its end the process has been
// waited for, and what it had finished and not sent has been read too.
type replies struct {
	from    io.Reader
	p       *process
	arrived uint64 // bytes
	ended   error
	unsent  []byte
}

func (r *replies) Read(b []byte) (int, error) {
	if r.ended == nil {
		n, err := r.from.Read(b)
		r.arrived += uint64(n)
		if err == nil {
			return n, nil
		}
		_ = r.p.wait(true)
		if r.p.book != nil {
			r.unsent = r.p.book.unsent(r.arrived)
		}
		r.ended = io.EOF
		if n > 0 {
			return n, nil
		}
	}
	if len(r.unsent) == 0 {
		return 0, r.ended
	}
	n := copy(b, r.unsent)
	r.unsent = r.unsent[n:]
	return n, nil
}

// callOff ends what a worker runs of a job, if it does, and lets it skip what it
// has not begun. lots are those it was sent and was not known to have answered. It
// returns how many requests the worker has run if one of the job is among them: that
// one's answer is due.
//
// Without a ledger it cannot be known what runs, and the worker is ended for
// any request of the job that it was sent.
func (p *process) callOff(j *job, lots []lot) (due int) {
	holds := false
	for i := range lots { // not a copy: their place is writing to bytes
		holds = holds || lots[i].job == j
	}
	if !holds || p.wasKilled() {
		return 0
	}
	if p.book == nil {
		p.kill()
		return 0
	}
	begun, dies := p.book.callOff(j, lots)
	if dies {
		p.most = begun
		p.kill()
		return 0
	}
	for i := range lots {
		if l := &lots[i]; l.job == j && l.end() <= begun {
			due = begun
		}
	}
	return due
}
