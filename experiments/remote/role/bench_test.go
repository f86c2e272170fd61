package role_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"parcon/experiments/peer"
	"parcon/experiments/remote"
	"parcon/experiments/remote/role"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/link"
	"parcon/runner/usage"
)

// BenchmarkKilled puts b.N tasks through 4 workers, one of which is killed every second,
// and a server that syncs each message, which is killed and started again after a third
// and after two thirds of the tasks. Every answer is checked as it comes.
//
//	go test -run '^$' -bench Killed -benchtime 1000000x -timeout 1h ./experiments/remote/role
func BenchmarkKilled(b *testing.B) {
	s := newSite(b, remote.Synced)
	m, err := taskqueue.Open(b.Context(), s.conn, taskqueue.Settings{Queue: "trial", Disk: true, Job: emptyJob(time.Second)})
	if err != nil {
		b.Fatal(err)
	}
	for range 4 {
		s.crew = append(s.crew, s.play(remote.Worker))
	}
	answered, killed := make(chan int, 1), make(chan int)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { killed <- s.disturb(ctx, answered) }()
	b.ResetTimer()
	n := 0
	tally, err := m.Run(b.Context(), role.Numbers(b.N), func(a taskqueue.Answer) error {
		n++
		select {
		case answered <- n:
		default:
		}
		result, err := worker.ParseResult(a.Body)
		if err == nil && result.Answer != workload.StepsAnswer(a.Task, 0) {
			err = fmt.Errorf("task %d has the answer %d", a.Task, result.Answer)
		}
		return err
	})
	b.StopTimer()
	cancel()
	kills := <-killed
	if err != nil || tally.Answers != b.N || tally.Lost > 0 || n != b.N {
		b.Errorf("%d tasks: %+v, %v", b.N, tally, err)
	}
	b.ReportMetric(float64(kills), "killed-workers")
	b.ReportMetric(float64(tally.Again), "handed-out-again")
	b.ReportMetric(float64(tally.Doubled), "dropped-answers")
	b.ReportMetric(float64(tally.Sent), "sent-again")
	b.ReportMetric(float64(usage.Self().PeakRSS), "peak-rss-bytes")
	if err := m.Close(); err != nil {
		b.Error(err)
	}
}

// emptyJob is of tasks that do nothing.
func emptyJob(patience time.Duration) taskqueue.Job {
	return taskqueue.Job{Kind: role.Workload, Params: workload.Params{Name: workload.Steps.Name}.Args(), Prefetch: 64, Patience: patience}
}

// site is a server, and workers that come and go; the master is the benchmark.
type site struct {
	b      *testing.B
	order  remote.Order
	server *peer.Process
	conn   *nats.Conn
	crew   []*peer.Process
}

func newSite(b *testing.B, store string) *site {
	s := &site{b: b, order: remote.Order{Key: remote.Key, Dir: b.TempDir(), Keep: true, Store: store}}
	b.Cleanup(func() {
		for _, p := range append(s.crew, s.server) {
			p.Kill()
		}
	})
	s.server = s.play(remote.Server)
	var err error
	if s.order.URL, err = s.server.Hear(); err != nil {
		b.Fatal(err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(s.order.URL, "nats://"), ":")
	s.order.Port, _ = strconv.Atoi(port)
	if s.conn, err = (link.Access{URL: s.order.URL, Key: s.order.Key}).Dial("master"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.conn.Close)
	return s
}

// play starts a process.
func (s *site) play(who string) *peer.Process {
	var env []string
	if who == remote.Worker {
		env = []string{"GOMAXPROCS=1"}
	}
	p, err := remote.Play([]string{os.Args[0], "child", remote.Child}, who, s.order, env)
	if err != nil {
		s.b.Fatal(err)
	}
	return p
}

// disturb kills a worker every second, and the server after each third of the answers; it
// returns how many workers it killed.
func (s *site) disturb(ctx context.Context, answered <-chan int) (kills int) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for restarts := 0; ; {
		select {
		case <-ctx.Done():
			return kills
		case <-tick.C:
			s.crew[0].Kill()
			s.crew = append(s.crew[1:], s.play(remote.Worker))
			kills++
		case n := <-answered:
			if n <= (restarts+1)*s.b.N/3 || restarts == 2 {
				continue
			}
			restarts++
			s.server.Kill()
			s.server = s.play(remote.Server)
			if _, err := s.server.Hear(); err != nil {
				s.b.Error(err)
				return kills
			}
		}
	}
}
