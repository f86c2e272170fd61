package taskqueue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A Handler computes the answer to a task, or says why there is none. It may keep neither.
type Handler func(ctx context.Context, task []byte) ([]byte, error)

// A Worker takes part in the jobs of a queue.
type Worker struct {
	Conn  *nats.Conn
	Queue string
	Name  string // how it is called in answers; "": host and number of the process
	// Prepare makes the handler of a job; an error refuses the job.
	Prepare func(Job) (Handler, error)
	// Began, if it is there, is told of each job when the worker is about to ask for tasks.
	Began func(Job)
}

// poll is how often a worker looks for a job.
const poll = 50 * time.Millisecond

// Run works until ctx ends. A job that is refused ends it with an error: nobody should
// wait for a worker that cannot help.
func (w Worker) Run(ctx context.Context) error {
	if err := CheckName(w.Queue); err != nil {
		return err
	}
	if w.Name == "" {
		host, _ := os.Hostname()
		w.Name = fmt.Sprintf("%s:%d", host, os.Getpid())
	}
	js, err := jetstream.New(w.Conn)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		err := w.job(ctx, js)
		if errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded) {
			pause(ctx, poll) // there is none yet, or no server at the moment
			continue
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("working for the queue %s: %w", w.Queue, plain(err))
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// job takes part in one job to its end.
func (w Worker) job(ctx context.Context, js jetstream.JetStream) error {
	name := names{w.Queue}.tasks()
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return err
	}
	job, err := readJob(stream.CachedInfo().Config)
	if err != nil {
		return err
	}
	consumer, err := stream.Consumer(ctx, workers)
	if err != nil {
		return err
	}
	handle, err := w.Prepare(job)
	if err != nil {
		return err
	}
	if w.Began != nil {
		w.Began(job)
	}
	s := &shift{worker: w.Name, results: names{w.Queue}.results(), job: job, handle: handle}
	return s.run(ctx, w.Conn, stream, consumer)
}
