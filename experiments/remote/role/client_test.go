package role_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"parcon/experiments/peer"
	"parcon/experiments/remote"
	"parcon/experiments/remote/role"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks/worker"
	"parcon/runner/link"
)

// The streams of the straight way to do the same, as the examples and the benchmark of the
// client do it: a message for each task, one for each answer, and an acknowledgement for
// each of both.
const (
	straightTasks   = "straight-tasks"
	straightAnswers = "straight-answers"
)

// straightWorker is a worker of that way: the test binary in another role.
func straightWorker(url string) error {
	conn, err := link.Access{URL: url, Key: remote.Key}.Dial("straight")
	if err != nil {
		return err
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(window))
	if err != nil {
		return err
	}
	handle, err := role.Prepare(emptyJob(time.Second), os.TempDir())
	if err != nil {
		return err
	}
	c, err := js.Consumer(context.Background(), straightTasks, "w")
	if err != nil {
		return err
	}
	consuming, err := c.Consume(func(m jetstream.Msg) {
		answer, err := handle(context.Background(), m.Data())
		if err == nil {
			_, err = js.PublishAsync(straightAnswers, answer)
		}
		if err == nil {
			_ = m.Ack()
		}
	}, jetstream.PullMaxMessages(64))
	if err != nil {
		return err
	}
	peer.Say("ready")
	<-consuming.Closed()
	return nil
}

const window = 4096

// BenchmarkBesideClient takes turns between a queue and the straight way on the same
// server, with two workers and as many tasks taken ahead.
//
//	go test -run '^$' -bench BesideClient -benchtime 41x ./experiments/remote/role
func BenchmarkBesideClient(b *testing.B) {
	const n = 10_000
	site := newSite(b, remote.Memory)
	m, err := taskqueue.Open(b.Context(), site.conn, taskqueue.Settings{Queue: "trial", Job: emptyJob(10 * time.Second)})
	if err != nil {
		b.Fatal(err)
	}
	straight, err := straightMaster(b, site.order.URL)
	if err != nil {
		b.Fatal(err)
	}
	for range 2 {
		other, err := remote.Play([]string{os.Args[0], "straight", site.order.URL}, remote.Worker, site.order, []string{"GOMAXPROCS=1"})
		if err != nil {
			b.Fatal(err)
		}
		site.crew = append(site.crew, site.play(remote.Worker), other)
	}
	for _, p := range site.crew {
		if _, err := p.Hear(); err != nil {
			b.Fatal(err)
		}
	}
	queue := func() error {
		_, err := m.Run(b.Context(), role.Numbers(n), func(taskqueue.Answer) error { return nil })
		return err
	}
	timed := func(f func() error) float64 {
		begin := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		return float64(time.Since(begin)) / n
	}
	var ours, theirs, ratios []float64
	for b.Loop() {
		q, s := timed(queue), timed(func() error { return straight(n) })
		ours, theirs, ratios = append(ours, q), append(theirs, s), append(ratios, q/s)
	}
	for name, all := range map[string][]float64{"queue-ns/task": ours, "straight-ns/task": theirs, "ratio": ratios} {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name)
		if name == "ratio" {
			b.ReportMetric(all[len(all)/4], "ratio-p25")
			b.ReportMetric(all[len(all)*3/4], "ratio-p75")
		}
	}
}

// straightMaster makes the streams, and returns what puts n tasks in and waits for all
// answers.
func straightMaster(b *testing.B, url string) (func(n int) error, error) {
	conn, err := link.Access{URL: url, Key: remote.Key}.Dial("straight")
	if err != nil {
		return nil, err
	}
	b.Cleanup(conn.Close)
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(window))
	if err != nil {
		return nil, err
	}
	var answers jetstream.Consumer
	for _, name := range []string{straightTasks, straightAnswers} {
		s, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.MemoryStorage})
		if err != nil {
			return nil, err
		}
		if answers, err = s.CreateConsumer(b.Context(), jetstream.ConsumerConfig{Durable: "w", AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1}); err != nil {
			return nil, err
		}
	}
	var left atomic.Int64
	done := make(chan struct{})
	consuming, err := answers.Consume(func(m jetstream.Msg) {
		_ = m.Ack()
		if left.Add(-1) == 0 {
			done <- struct{}{}
		}
	}, jetstream.PullMaxMessages(512))
	if err != nil {
		return nil, err
	}
	b.Cleanup(consuming.Stop)
	return func(n int) error {
		left.Store(int64(n))
		for i := range n {
			if _, err := js.PublishAsync(straightTasks, worker.Request(i, nil), jetstream.WithStallWait(time.Minute)); err != nil {
				return fmt.Errorf("task %d: %w", i, err)
			}
		}
		<-done
		return nil
	}, nil
}
