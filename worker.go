package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"parcon/experiments/remote/role"
	"parcon/experiments/taskqueue"
	"parcon/runner/cgroup"
)

// mostAtOnce bounds the tasks that a worker command computes at once.
const mostAtOnce = 10_000

func workerCommand(stderr io.Writer) *cobra.Command {
	var to reaching
	w := workers{queue: defaultQueue, atOnce: cgroup.Cores()}
	c := &cobra.Command{
		Use:   "worker",
		Short: "Work on the tasks that a `parcon distribute` puts into a queue, here or on another machine",
		Long: `Worker takes tasks from a queue on a NATS server, computes them and puts the answers back, for one
parcon distribute after the other, until Ctrl-C. What it is killed with is given to other workers.

The tasks are those of parcon's workloads. Whoever has the key can let this machine compute them,
as long as they like. With --commands they can run any command here, with the rights of the user who
started the worker: give that to nobody whom you would not let log in. Without TLS (tls:// or --ca) the
key and all tasks can be read on the way.`,
		Example: "  parcon worker --nats nats://host:4222 --key-file key\n  parcon worker --nats tls://host:4222 --key-file key --ca ca.pem --at-once 4 --commands",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if w.atOnce < 1 || w.atOnce > mostAtOnce {
				return wrongUsage("--at-once %d: give a number from 1 to %d", w.atOnce, mostAtOnce)
			}
			if err := taskqueue.CheckName(w.queue); err != nil {
				return wrongUsage("--queue: %w", err)
			}
			return w.work(cmd.Context(), to, stderr)
		},
	}
	f := c.Flags()
	to.flags(f)
	f.StringVar(&w.queue, "queue", w.queue, "name of the queue")
	f.IntVar(&w.atOnce, "at-once", w.atOnce, "how many tasks to compute at once")
	f.BoolVar(&w.commands, "commands", false, "run the commands that a master sends, not parcon's workloads alone")
	f.StringVar(&w.dir, "dir", os.TempDir(), "folder for the files of tasks of the workload file")
	return c
}

// workers are those of one worker command.
type workers struct {
	queue    string
	atOnce   int
	commands bool
	dir      string
}

// work lets them work until ctx ends, or one of them can't.
func (w workers) work(ctx context.Context, to reaching, stderr io.Writer) error {
	dir, err := filepath.Abs(w.dir)
	if err != nil {
		return err
	}
	w.dir = dir
	say := newLines(stderr).say
	host, _ := os.Hostname()
	var group sync.WaitGroup
	defer group.Wait()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for i := range w.atOnce {
		one := taskqueue.Worker{
			Queue: w.queue, Name: fmt.Sprintf("%s:%d.%d", host, os.Getpid(), i+1), Prepare: w.prepare,
		}
		if i == 0 {
			one.Began = func(j taskqueue.Job) { say("working on " + whatOf(j)) }
		}
		if one.Conn, err = to.dial(one.Name, func(line string) {
			if i == 0 {
				say(line)
			}
		}); err != nil {
			return err
		}
		defer one.Conn.Close()
		if i == 0 {
			say(fmt.Sprintf("connected to %s: waiting for tasks in the queue %s", one.Conn.ConnectedUrlRedacted(), w.queue))
		}
		group.Go(func() {
			if err := one.Run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// kindCommand is a job whose tasks are lines for a command, which is its parameters.
const kindCommand = "command"

// whatOf says what the tasks of a job are.
func whatOf(j taskqueue.Job) string {
	if j.Kind == kindCommand {
		return fmt.Sprintf("the command %.80q", strings.Join(j.Params, " "))
	}
	return "tasks of the workload " + j.Params[0]
}

// prepare makes what computes a job's tasks here.
func (w workers) prepare(j taskqueue.Job) (taskqueue.Handler, error) {
	if j.Kind != kindCommand {
		return role.Prepare(j, w.dir)
	}
	if !w.commands {
		return nil, fmt.Errorf("the master sends a command (%.80q), and this worker may not run any: start it with --commands if whoever has the key may run what they like here", strings.Join(j.Params, " "))
	}
	return commandHandler(j.Params)
}
