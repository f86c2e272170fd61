package taskqueue_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parcon/experiments/taskqueue"
	"parcon/runner/link"
	"parcon/runner/link/broker"
)

// The client leaves a goroutine behind where a publisher ends just when its first message
// is on its way: it waits for a channel that is nil by then.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats.go/jetstream.(*jetStream).resetPendingAcksOnReconnect"))
}

const key = "a key of a test."

// access starts a server for a test, and says how to reach it.
func access(t testing.TB, o broker.Options) link.Access {
	o.Listen, o.Key, o.Dir = "127.0.0.1:0", strings.ReplaceAll(key, " ", "-"), t.TempDir()
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return link.Access{URL: b.URL(), Key: o.Key}
}

// square answers a number with its square, and says no to 13.
func square(_ context.Context, task []byte) ([]byte, error) {
	n := binary.LittleEndian.Uint64(task)
	if n == 13 {
		return nil, errors.New("no thirteen")
	}
	return binary.LittleEndian.AppendUint64(nil, n*n), nil
}

// start starts a worker in this process; stop ends it and waits.
func start(t testing.TB, a link.Access, queue, name string, handle taskqueue.Handler) (stop func()) {
	conn, err := a.Dial(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		w := taskqueue.Worker{Conn: conn, Queue: queue, Name: name, Prepare: func(taskqueue.Job) (taskqueue.Handler, error) { return handle, nil }}
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); group.Wait(); conn.Close() }
}

func open(t testing.TB, a link.Access, s taskqueue.Settings) *taskqueue.Master {
	conn, err := a.Dial("master")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if s.Job.Prefetch == 0 {
		s.Job.Prefetch = 64
	}
	if s.Job.Patience == 0 {
		s.Job.Patience = time.Second
	}
	s.Queue = "numbers"
	m, err := taskqueue.Open(t.Context(), conn, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func numbers(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(binary.LittleEndian.AppendUint64(nil, uint64(i)), nil) {
				return
			}
		}
	}
}

func TestEveryTaskIsAnsweredOnce(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	for _, name := range []string{"one", "two", "three"} {
		defer start(t, a, "numbers", name, square)()
	}
	for _, n := range []int{1, 0, 5000} {
		seen := make([]int, n)
		tally, err := m.Run(t.Context(), numbers(n), func(answer taskqueue.Answer) error {
			seen[answer.Task]++
			switch {
			case answer.Task == 13:
				if answer.Fault != "no thirteen" {
					return fmt.Errorf("task 13: fault %q", answer.Fault)
				}
			case answer.Fault != "" || binary.LittleEndian.Uint64(answer.Body) != uint64(answer.Task*answer.Task):
				return fmt.Errorf("task %d: %v %s", answer.Task, answer.Body, answer.Fault)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for task, times := range seen {
			if times != 1 {
				t.Errorf("task %d of %d was answered %d times", task, n, times)
			}
		}
		if tally.Tasks != n || tally.Answers != n || tally.Lost != 0 {
			t.Errorf("of %d tasks it counts %+v", n, tally)
		}
	}
}
