package taskqueue_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"parcon/experiments/taskqueue"
	"parcon/runner/link"
	"parcon/runner/link/broker"
)

func none(taskqueue.Answer) error { return nil }

// bodies are tasks of these bytes.
func bodies(all ...[]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, body := range all {
			if !yield(body, nil) {
				return
			}
		}
	}
}

func TestATaskThatIsTooBigIsNamed(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	defer start(t, a, "numbers", "one", square)()
	tally, err := m.Run(t.Context(), bodies(make([]byte, 8), make([]byte, 100<<20)), none)
	if err == nil || !strings.Contains(err.Error(), "task 1 has 104857600 bytes") {
		t.Errorf("a task of 100 MB: %v", err)
	}
	if tally.Tasks != 1 {
		t.Errorf("%d tasks were put into the queue, want the one before it", tally.Tasks)
	}
}

// What goes wrong with a task is its answer, and the others are answered.
func TestWhatGoesWrongInAWorkerIsAFault(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	defer start(t, a, "numbers", "one", func(_ context.Context, task []byte) ([]byte, error) {
		switch string(task) {
		case "panic":
			panic("what a task!")
		case "big":
			return make([]byte, 2<<20), nil
		case "half":
			return make([]byte, 700<<10), nil
		}
		return task, nil
	})()
	want := map[int]string{0: "", 1: "computing it panicked: what a task!", 2: "its answer has 2097152 bytes", 3: "", 4: "", 5: ""}
	_, err := m.Run(t.Context(), bodies([]byte("a"), []byte("panic"), []byte("big"), []byte("half"), []byte("half"), []byte("b")), func(a taskqueue.Answer) error {
		if (want[a.Task] == "") != (a.Fault == "") || !strings.HasPrefix(a.Fault, want[a.Task]) {
			return fmt.Errorf("task %d: fault %q, want %q", a.Task, a.Fault, want[a.Task])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// What a queue may need is reserved, so that it does not stick half-way.
func TestAStoreThatIsTooSmallIsNamed(t *testing.T) {
	a := access(t, broker.Options{Memory: 1 << 20, Disk: 1 << 20})
	conn, err := a.Dial("master")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, disk := range []bool{false, true} {
		_, err := taskqueue.Open(t.Context(), conn, taskqueue.Settings{Queue: "numbers", Disk: disk, Job: taskqueue.Job{Prefetch: 1, Patience: time.Second}})
		if err == nil || !strings.Contains(err.Error(), "insufficient") {
			t.Errorf("on disk %v: %v", disk, err)
		}
	}
}

// An answer waits for others, but not for the task after it.
func TestAnAnswerIsNotHeldBackByALongTask(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	answered := make(chan struct{})
	defer start(t, a, "numbers", "one", func(ctx context.Context, task []byte) ([]byte, error) {
		if string(task) == "long" {
			select {
			case <-answered:
			case <-ctx.Done():
			}
		}
		return nil, nil
	})()
	_, err := m.Run(t.Context(), bodies([]byte("short"), []byte("long")), func(a taskqueue.Answer) error {
		if a.Task == 0 {
			close(answered)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A store that fills up while tasks are in it: the master waits as long as the server may
// find room, and then says why it gives up.
func TestAFullStoreIsNamed(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{Stalled: 400 * time.Millisecond})
	shrink(t, a, "numbers-tasks", 64<<10)
	tally, err := m.Run(t.Context(), bodies(make([]byte, 32<<10), make([]byte, 32<<10), make([]byte, 32<<10)), none)
	if err == nil || !strings.Contains(err.Error(), "the server has not confirmed 2 for 400ms: maximum bytes exceeded") {
		t.Errorf("%v", err)
	}
	if tally.Tasks != 3 {
		t.Errorf("%+v", tally)
	}
}

// The same with workers that make room.
func TestAFullStoreLosesNothing(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{Stalled: 20 * time.Second})
	shrink(t, a, "numbers-tasks", 64<<10)
	defer start(t, a, "numbers", "one", func(context.Context, []byte) ([]byte, error) { return nil, nil })()
	all := make([][]byte, 200)
	for i := range all {
		all[i] = make([]byte, 4<<10)
	}
	tally, err := m.Run(t.Context(), bodies(all...), none)
	if err != nil || tally.Answers != len(all) {
		t.Errorf("%+v, %v", tally, err)
	}
	if tally.Sent == 0 {
		t.Error("the store was never full: 200 tasks of 4 KiB in 64")
	}
}

// shrink makes a stream smaller than a queue needs.
func shrink(t *testing.T, a link.Access, stream string, bytes int64) {
	conn, err := a.Dial("shrinking")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	config := s.CachedInfo().Config
	config.MaxBytes = bytes
	if _, err := js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
}

func TestAQueueHasOneMaster(t *testing.T) {
	a := access(t, broker.Options{})
	open(t, a, taskqueue.Settings{})
	conn, err := a.Dial("second")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	again := func() error {
		m, err := taskqueue.Open(t.Context(), conn, taskqueue.Settings{Queue: "numbers", Job: taskqueue.Job{Prefetch: 1, Patience: time.Second}})
		if err == nil {
			err = m.Close()
		}
		return err
	}
	if err := again(); err == nil || !strings.Contains(err.Error(), "a master is at work there") {
		t.Errorf("a second master: %v", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteConsumer(t.Context(), "numbers-results", "master"); err != nil { // as the server does when its master is gone
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Errorf("after a master that is gone: %v", err)
	}
}

// The streams of others are not touched, whatever they are called.
func TestWhatIsNotParconsIsLeftAlone(t *testing.T) {
	a := access(t, broker.Options{})
	conn, err := a.Dial("other")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"numbers-results", "numbers-tasks"} {
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}, Storage: jetstream.MemoryStorage}); err != nil {
			t.Fatal(err)
		}
		_, err = taskqueue.Open(t.Context(), conn, taskqueue.Settings{Queue: "numbers", Job: taskqueue.Job{Prefetch: 1, Patience: time.Second}})
		if err == nil || !strings.Contains(err.Error(), "is not parcon's") {
			t.Errorf("with a stream %s of somebody else: %v", name, err)
		}
		if _, err := js.Stream(t.Context(), name); err != nil {
			t.Errorf("the stream %s of somebody else: %v", name, err)
		}
		_ = js.DeleteStream(t.Context(), name)
	}
}

// A worker of another version, or one that does not know the tasks, ends: nobody should
// wait for it.
func TestAWorkerThatCannotHelpSaysSo(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	conn, err := a.Dial("worker")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := taskqueue.Worker{Conn: conn, Queue: "numbers", Prepare: func(taskqueue.Job) (taskqueue.Handler, error) { return nil, errors.New("no such tasks here") }}
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "no such tasks here") {
		t.Errorf("of other tasks: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "numbers-tasks", Subjects: []string{"numbers-tasks"}, Storage: jetstream.MemoryStorage,
		Metadata: map[string]string{"parcon-job": `{"Version":"format 0","Prefetch":1,"Patience":1000000000}`},
	})
	if err == nil {
		_, err = s.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "the master is parcon of format 0, this is parcon of "+link.Version()) {
		t.Errorf("of another version: %v", err)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	ctx, cancel := context.WithCancel(t.Context())
	defer start(t, a, "numbers", "one", func(ctx context.Context, task []byte) ([]byte, error) {
		cancel()
		return square(ctx, task)
	})()
	if _, err := m.Run(ctx, numbers(1_000_000), none); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A server that is lost and found again may be another one, with other tasks in a queue of
// the same name: a worker must not compute them as it did those of before.
func TestAWorkerMeetsTheNextJobOnAnotherServer(t *testing.T) {
	o := broker.Options{Listen: "127.0.0.1:0", Key: strings.ReplaceAll(key, " ", "-"), Dir: t.TempDir()}
	begin := func(word string) (end func(), run func()) {
		b, err := broker.Start(o)
		if err != nil {
			t.Fatal(err)
		}
		o.Listen, o.Dir = strings.TrimPrefix(b.URL(), "nats://"), t.TempDir()
		conn, err := b.Dial(o.Key, "master")
		if err != nil {
			t.Fatal(err)
		}
		m, err := taskqueue.Open(t.Context(), conn, taskqueue.Settings{Queue: "numbers", Job: taskqueue.Job{Params: []string{word}, Prefetch: 4, Patience: time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		return func() { conn.Close(); b.Close() }, func() {
			if _, err := m.Run(t.Context(), numbers(100), func(a taskqueue.Answer) error {
				if string(a.Body) != word {
					return fmt.Errorf("task %d of %s: %q %s", a.Task, word, a.Body, a.Fault)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		}
	}
	end, run := begin("first")
	conn, err := link.Access{URL: "nats://" + o.Listen, Key: o.Key}.Dial("worker")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- taskqueue.Worker{Conn: conn, Queue: "numbers", Prepare: func(j taskqueue.Job) (taskqueue.Handler, error) {
			return func(context.Context, []byte) ([]byte, error) { return []byte(j.Params[0]), nil }, nil
		}}.Run(ctx)
	}()
	for _, word := range []string{"second", "third"} {
		run()
		end() // without a word to the worker
		end, run = begin(word)
	}
	run()
	end()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A master that is asked again is not told of late answers of the run before.
func TestRunsOfAMasterAreApart(t *testing.T) {
	a := access(t, broker.Options{})
	m := open(t, a, taskqueue.Settings{})
	defer start(t, a, "numbers", "one", square)()
	stop := errors.New("enough")
	if _, err := m.Run(t.Context(), numbers(500), func(taskqueue.Answer) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	tally, err := m.Run(t.Context(), bodies([]byte("12345678")), func(a taskqueue.Answer) error {
		if a.Task != 0 {
			return fmt.Errorf("an answer of task %d", a.Task)
		}
		return nil
	})
	if err != nil || tally.Answers != 1 {
		t.Errorf("%+v, %v", tally, err)
	}
}
