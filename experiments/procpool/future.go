package procpool

import (
	"context"
	"sync/atomic"
)

// A Future is a request that was submitted. It is settled once: with an answer,
// or with the reason why there is none.
type Future struct {
	job      job
	done     chan struct{}
	settled  atomic.Bool
	callback func(answer []byte, err error)
	forget   func() bool // the context, when it has one to watch
	answer   []byte
	err      error
}

func newFuture(request []byte, callback func([]byte, error)) *Future {
	f := &Future{done: make(chan struct{}), callback: callback}
	f.job = job{body: request, n: 1, chunk: 1, future: f}
	return f
}

// Done is closed when the request is settled and its callback has returned.
func (f *Future) Done() <-chan struct{} { return f.done }

// Wait waits until the request is settled and returns its answer. When ctx ends
// first, it gives up waiting, not the request.
func (f *Future) Wait(ctx context.Context) ([]byte, error) {
	select {
	case <-f.done:
		return f.answer, f.err
	default:
	}
	select {
	case <-f.done:
		return f.answer, f.err
	case <-ctx.Done():
		return nil, waited(ctx)
	}
}

// settle says how the request ended; all but the first to say so are ignored.
// The answer is copied.
func (f *Future) settle(answer []byte, err error) {
	if !f.settled.CompareAndSwap(false, true) {
		return
	}
	if f.forget != nil {
		f.forget()
	}
	f.end(answer, err)
}

func (f *Future) end(answer []byte, err error) {
	if f.err = err; err == nil {
		f.answer = append(make([]byte, 0, len(answer)), answer...)
	}
	defer close(f.done)
	if f.callback != nil {
		f.call()
	}
}

// call calls the callback on a goroutine of its own, so that one which ends its
// goroutine (runtime.Goexit, as t.FailNow does) ends no other.
func (f *Future) call() {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		f.callback(f.answer, f.err)
	}()
	<-returned
}
