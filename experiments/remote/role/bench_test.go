package role_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

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
	program := []string{os.Args[0], "child", remote.Child}
	o := remote.Order{Key: remote.Key, Dir: b.TempDir(), Keep: true, Store: remote.Synced}
	play := func(who string) *peer.Process {
		p, err := remote.Play(program, who, o, []string{"GOMAXPROCS=1"})
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	server := play(remote.Server)
	url, err := server.Hear()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { server.Kill() }()
	o.URL = url
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "nats://"), ":")
	o.Port, _ = strconv.Atoi(port)
	conn, err := link.Access{URL: url, Key: o.Key}.Dial("master")
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	const steps = 0
	m, err := taskqueue.Open(b.Context(), conn, taskqueue.Settings{Queue: "trial", Disk: true, Job: taskqueue.Job{
		Kind: role.Workload, Params: workload.Params{Name: workload.Steps.Name, Size: steps}.Args(), Prefetch: 64, Patience: time.Second,
	}})
	if err != nil {
		b.Fatal(err)
	}
	var crew []*peer.Process
	defer func() {
		for _, w := range crew {
			w.Kill()
		}
	}()
	for range 4 {
		crew = append(crew, play(remote.Worker))
	}
	answered, killed := make(chan int, 1), make(chan int)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		restarts, kills := 0, 0
		defer func() { killed <- kills }()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				crew[0].Kill()
				crew = append(crew[1:], play(remote.Worker))
				kills++
			case n := <-answered:
				if n > (restarts+1)*b.N/3 {
					restarts++
					server.Kill()
					server = play(remote.Server)
					if _, err := server.Hear(); err != nil {
						b.Error(err)
						return
					}
				}
			}
		}
	}()
	b.ResetTimer()
	n := 0
	tally, err := m.Run(b.Context(), role.Numbers(b.N), func(a taskqueue.Answer) error {
		n++
		select {
		case answered <- n:
		default:
		}
		result, err := worker.ParseResult(a.Body)
		if err == nil && result.Answer != workload.StepsAnswer(a.Task, steps) {
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
	runtime.GC()
	b.ReportMetric(float64(kills), "killed-workers")
	b.ReportMetric(float64(tally.Again), "handed-out-again")
	b.ReportMetric(float64(tally.Doubled), "dropped-answers")
	b.ReportMetric(float64(tally.Sent), "sent-again")
	b.ReportMetric(float64(usage.Self().PeakRSS), "peak-rss-bytes")
	if err := m.Close(); err != nil {
		b.Error(err)
	}
}
