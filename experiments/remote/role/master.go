package role

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"time"

	"parcon/experiments/remote"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks/worker"
	"parcon/runner/protocol"
)

// Workload is the kind of jobs whose tasks are a workload's, whose parameters are theirs:
// workload.Params.Args. A task is the request for it of package worker, and so is its answer.
const Workload = "workload"

// runMaster puts tasks into the queue when it is told, and keeps the answers.
func runMaster(ctx context.Context, o remote.Order, t *talk) error {
	conn, err := access(o).Dial("master")
	if err != nil {
		return err
	}
	defer conn.Close()
	m, err := taskqueue.Open(ctx, conn, taskqueue.Settings{
		Queue: queue, Disk: o.Store != remote.Memory, Stalled: 10 * time.Second,
		Job: taskqueue.Job{Kind: Workload, Params: o.Params, Prefetch: o.Prefetch, Patience: o.Patience},
	})
	if err != nil {
		return err
	}
	t.say(protocol.Ready)
	var answers [][]byte
	err = t.attend(func(line string) error {
		if line == remote.AskAnswers {
			for task, body := range answers {
				fmt.Fprintf(t.out, "%d %s\n", task, hex.EncodeToString(body))
			}
			return t.out.Flush()
		}
		var n int
		if _, err := fmt.Sscanf(line, remote.AskRun+" %d", &n); err != nil {
			return unknown(line)
		}
		answers = make([][]byte, n)
		tally, err := m.Run(ctx, Numbers(n), func(a taskqueue.Answer) error {
			if a.Fault != "" {
				return fmt.Errorf("task %d: %s", a.Task, a.Fault)
			}
			answers[a.Task] = append([]byte(nil), a.Body...)
			return nil
		})
		if err != nil && tally.Lost == 0 { // that tasks were lost is an answer, too
			return err
		}
		t.say("done %d %d %d", tally.Lost, tally.Doubled, tally.Again)
		return nil
	})
	if err != nil {
		return err
	}
	return m.Close()
}

// Numbers are the tasks 0 to n-1 of such a job.
func Numbers(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var buf []byte
		for i := range n {
			if buf = worker.Request(i, buf[:0]); !yield(buf, nil) {
				return
			}
		}
	}
}
