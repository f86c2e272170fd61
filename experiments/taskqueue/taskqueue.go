// Package taskqueue is a task queue and a result queue on a NATS server with JetStream
// (https://docs.nats.io/nats-concepts/jetstream): one master puts tasks in, workers on any
// machine take them and put answers back, and the master hands on one answer for each task.
//
// What is promised: a task that the server has confirmed is answered, whatever happens to
// workers, since a task leaves the queue only when its answer is in the result queue; and
// it is answered once, since each bears its number and the master lets no second answer
// pass. A worker that is lost, or the server while it is away, may cause a task to be
// computed again. What the server itself has promised with its confirmation is a matter of
// its store: in memory, tasks are gone when it ends; on disk they are there again when it
// is started again; and after a loss of power only if it syncs each message (sync_interval:
// always; package broker's Sync).
//
// A task is bytes, and so is an answer. Tasks are computed one at a time in a worker.
package taskqueue

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"parcon/runner/link"
)

// Job is what workers must know to take part.
type Job struct {
	Version  string        // of the master's parcon, as link.Version; Open fills it in
	ID       uint64        // tells this job from all others, also those of a queue of the same name; Open draws it
	Kind     string        // what the tasks are
	Params   []string      // how they are computed; their meaning is that of the kind
	Prefetch int           // how many tasks a worker takes ahead of the one it computes; from 1 to MaxPrefetch
	Patience time.Duration // how long a worker may say nothing until its tasks are given to others; at least LeastPatience
}

// The limits of a job.
const (
	MaxPrefetch   = 10_000
	LeastPatience = 20 * time.Millisecond
)

func (j Job) check() error {
	switch {
	case j.Prefetch < 1 || j.Prefetch > MaxPrefetch:
		return fmt.Errorf("taking %d tasks ahead: give a number from 1 to %d", j.Prefetch, MaxPrefetch)
	case j.Patience < LeastPatience:
		return fmt.Errorf("giving tasks of a silent worker to others after %v: give %v at least", j.Patience, LeastPatience)
	}
	return nil
}

// keyJob is under which key a stream's metadata hold the job, as JSON.
const keyJob = "parcon-job"

// readJob reads it from a stream.
func readJob(config jetstream.StreamConfig) (Job, error) {
	text, there := config.Metadata[keyJob]
	if !there {
		return Job{}, notOurs(config.Name)
	}
	var j Job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return j, fmt.Errorf("the stream %s says what its tasks are, but not so that this version understands: %w", config.Name, err)
	}
	if err := link.CheckVersion("the master", j.Version); err != nil {
		return j, err
	}
	return j, j.check()
}

func notOurs(stream string) error {
	return fmt.Errorf("the stream %s is not parcon's: name another queue", stream)
}

// A queue's names. A name may hold letters, digits, - and _.
type names struct{ queue string }

func (n names) tasks() string   { return n.queue + "-tasks" }
func (n names) results() string { return n.queue + "-results" }

const (
	workers = "workers" // the consumer of the tasks
	master  = "master"  // that of the results
)

// CheckName says what is wrong with the name of a queue.
func CheckName(queue string) error {
	const longest = 64
	if queue == "" || len(queue) > longest {
		return fmt.Errorf("the queue's name has %d characters: give it 1 to %d", len(queue), longest)
	}
	for _, c := range queue {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("the queue's name %q holds %q: use letters, digits, - and _", queue, c)
		}
	}
	return nil
}

// plain is an error of the server's in one line that says what to do, where it is one of
// those that users meet.
func plain(err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return errors.New("the server keeps no streams: start it with JetStream (nats-server -js)")
	case errors.Is(err, nats.ErrTimeout):
		return errors.New("the server does not answer")
	case errors.As(err, &api):
		return errors.New(api.Description)
	}
	return err
}
