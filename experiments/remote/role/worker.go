package role

import (
	"context"
	"errors"
	"fmt"
	"os"

	"parcon/experiments/remote"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/link"
	"parcon/runner/protocol"
)

// runWorker works for the queue, and says when it begins.
func runWorker(ctx context.Context, o remote.Order, t *talk) error {
	conn, err := access(o).Dial("worker")
	if err != nil {
		return err
	}
	began := make(chan struct{}, 1)
	go func() {
		err := taskqueue.Worker{
			Conn: conn, Queue: queue, Prepare: func(j taskqueue.Job) (taskqueue.Handler, error) { return Prepare(j, o.Dir) },
			Began: func(taskqueue.Job) { began <- struct{}{} },
		}.Run(ctx)
		if err != nil { // the trial hears it as the last word of this process
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}()
	<-began
	t.say(protocol.Ready)
	return t.attend(unknown)
}

// Prepare makes what computes the tasks of a job of kind Workload, with files in dir.
func Prepare(job taskqueue.Job, dir string) (taskqueue.Handler, error) {
	if job.Kind != Workload {
		return nil, fmt.Errorf("the tasks are of the kind %q, and this worker computes those of the kind %q", job.Kind, Workload)
	}
	params, err := workload.ParseArgs(job.Params)
	if err != nil {
		return nil, err
	}
	params.Dir = dir
	handle, err := worker.Handler(workloads, params.Args())
	if err != nil {
		return nil, err
	}
	return func(_ context.Context, task []byte) ([]byte, error) { return handle(task, nil) }, nil
}

// knock tries to connect with the key that it was given, as often as it is told, and says
// how often it was refused for the key.
func knock(_ context.Context, o remote.Order, t *talk) error {
	t.say(protocol.Ready)
	return t.attend(func(line string) error {
		var n, refused int
		if _, err := fmt.Sscanf(line, remote.AskKnock+" %d", &n); err != nil {
			return unknown(line)
		}
		for range n {
			conn, err := access(o).Dial("stranger")
			switch {
			case err == nil:
				conn.Close()
			case errors.Is(err, link.ErrKey):
				refused++
			default:
				return err
			}
		}
		t.say("%d", refused)
		return nil
	})
}
