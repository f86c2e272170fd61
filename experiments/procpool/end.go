package procpool

import (
	"context"
	"errors"
	"fmt"
)

// Finish says that no more requests will come. Those that are there are run,
// then the workers end. It does not wait for that: Join does.
func (p *Pool) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finished = true
	p.rouseAll()
}

// Join waits until all workers are gone, after Finish or Terminate. When ctx
// ends first, it gives up waiting and nothing else. It returns how workers ended
// that ended badly by themselves, and by no request's fault.
func (p *Pool) Join(ctx context.Context) error {
	p.mu.Lock()
	finished := p.finished
	p.mu.Unlock()
	if !finished {
		return errors.New("joining a process pool that still takes requests: call Finish or Terminate first")
	}
	select {
	case <-p.ended:
	default:
		select {
		case <-p.ended:
		case <-ctx.Done():
			p.mu.Lock()
			defer p.mu.Unlock()
			return fmt.Errorf("waiting for the end of %d of %d workers: %w; they go on, Terminate would end them", p.living, len(p.places), ctx.Err())
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.errs...)
}

// Close is Finish and Join: it lets the workers run what is there and returns
// when they are gone.
func (p *Pool) Close() error {
	p.Finish()
	return p.Join(context.Background())
}

// Terminate kills the workers. What is unanswered fails with ErrTerminated. It
// does not wait until they are gone: Join does.
func (p *Pool) Terminate() {
	p.stop(ErrTerminated, true)
}

// giveUp fails what is left, because no worker can run it.
func (p *Pool) giveUp(err error) { p.stop(err, false) }

// stop ends a pool for a reason. With kill, also what its workers have at hand.
func (p *Pool) stop(reason error, kill bool) {
	p.mu.Lock()
	p.finished = true
	if p.over == nil {
		p.over = reason
	}
	failed := p.dropAll()
	if kill {
		for _, s := range p.places {
			if s.proc != nil {
				s.proc.kill()
			}
		}
	}
	p.rouseAll()
	p.mu.Unlock()
	for _, f := range failed {
		f.settle(nil, p.over)
	}
}

// dropAll empties the queues. It returns the futures among what was in them.
func (p *Pool) dropAll() []*Future {
	var jobs []*job
	for p.queue.first != nil {
		j := p.queue.first
		if j.future != nil && !j.dropped.Load() {
			jobs = append(jobs, j)
		}
		p.drop(j, p.over)
		p.queue.pop()
	}
	for _, s := range p.places {
		for _, j := range s.own {
			p.drop(j, p.over)
			jobs = append(jobs, j)
		}
		s.own = nil
	}
	futures := make([]*Future, len(jobs))
	for i, j := range jobs {
		futures[i] = j.future
	}
	return futures
}

func (p *Pool) rouseAll() {
	for _, s := range p.places {
		s.rouse()
	}
}

// leave ends the worker of a place that has nothing more to do.
func (p *Pool) leave(s *place) {
	var err error
	if s.proc != nil {
		err = s.proc.end()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.proc = nil
	if err != nil {
		p.errs = append(p.errs, err)
	}
	if p.living--; p.living == 0 {
		close(p.ended)
	}
}
