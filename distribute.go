package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"parcon/experiments/card"
	"parcon/experiments/remote"
	"parcon/experiments/remote/role"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
	"parcon/runner/link/broker"
)

const defaultQueue = "parcon"

// distribution is what a user can ask of a distribute command.
type distribution struct {
	to reaching
	serving
	dir      string
	queue    string
	store    string
	prefetch int
	patience time.Duration
	tasks    int
	json     bool
}

func distributeCommand(stdout, stderr io.Writer) *cobra.Command {
	d := distribution{serving: serving{listen: "127.0.0.1:4222"}, queue: defaultQueue, store: remote.Memory, prefetch: 1, patience: 10 * time.Second, tasks: 1000}
	c := &cobra.Command{
		Use:   "distribute WORKLOAD | distribute -- CMD [ARG]...",
		Short: "Put tasks into a queue for workers on this and other machines, and take their answers",
		Long: `Distribute puts tasks into a queue, from which every parcon worker takes some that has the key, and
takes the answers from another one. The tasks are those of one of parcon's workloads, whose answers it
checks, or a command: it is run for each line of standard input, which stands for {} in its
arguments or follows them, and what it prints is printed here, as it comes.

Every task is answered once, whichever workers are lost meanwhile. The queues are on a NATS server. It is
part of this command, and listens at --listen, unless --nats names one that runs already. With
--store memory tasks are lost with the server; with disk they outlive it; with synced, which is slow,
they outlive a loss of power too. A server that runs already keeps its own promise: see its setting
sync_interval.`,
		Example: "  parcon distribute primes/length=10ms --tasks 1000 --key-file key --listen 0.0.0.0:4222\n  ls *.png | parcon distribute --nats nats://host:4222 --key-file key -- convert {} {}.jpg",
		Args: func(cmd *cobra.Command, args []string) error {
			switch dash := cmd.ArgsLenAtDash(); {
			case dash > 0, dash < 0 && len(args) != 1, dash == 0 && len(args) == 0:
				return wrongUsage("name a workload (`parcon distribute primes`), or a command after -- (`parcon distribute -- CMD {}`)")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			command := cmd.ArgsLenAtDash() == 0
			if err := cmp.Or(d.check(), d.fit(cmd.Flags(), command)); err != nil {
				return err
			}
			return d.run(cmd.Context(), args, command, stdout, stderr)
		},
	}
	f := c.Flags()
	d.to.flags(f)
	f.StringVar(&d.listen, "listen", d.listen, "where the server of this command listens, HOST:PORT; 0.0.0.0 lets other machines in")
	d.serving.flags(f)
	f.StringVar(&d.dir, "dir", "", "folder for the files of the server of this command (default: a temporary one)")
	f.StringVar(&d.queue, "queue", d.queue, "name of the queue")
	f.StringVar(&d.store, "store", d.store, "how the queue is kept: memory, disk or synced")
	f.IntVar(&d.prefetch, "prefetch", d.prefetch, "how many tasks a worker takes ahead: more hide the way there, and bind tasks to a worker")
	f.DurationVar(&d.patience, "patience", d.patience, "how long a worker may be silent until others get its tasks")
	f.IntVar(&d.tasks, "tasks", d.tasks, "how many tasks of the workload")
	f.BoolVar(&d.json, "json", false, "print a line of JSON for each answer of a command and each task that failed, and one on the whole at the end")
	return c
}

func (d distribution) check() error {
	switch {
	case d.tasks < 1:
		return wrongUsage("--tasks %d: give a number from 1", d.tasks)
	case !slices.Contains(remote.Stores, d.store):
		return wrongUsage("--store %s: use %s", d.store, strings.Join(remote.Stores, ", "))
	case d.prefetch < 1 || d.prefetch > taskqueue.MaxPrefetch:
		return wrongUsage("--prefetch %d: give a number from 1 to %d", d.prefetch, taskqueue.MaxPrefetch)
	case d.patience < taskqueue.LeastPatience:
		return wrongUsage("--patience %v: give %v at least", d.patience, taskqueue.LeastPatience)
	}
	if err := taskqueue.CheckName(d.queue); err != nil {
		return wrongUsage("--queue: %w", err)
	}
	return nil
}

// fit refuses flags that mean nothing beside others.
func (d distribution) fit(f *pflag.FlagSet, command bool) error {
	idle := []string{"ca"}
	if d.to.url != "" {
		idle = []string{"listen", "cert", "cert-key", "dir"}
	}
	for _, name := range idle {
		if f.Changed(name) {
			return wrongUsage("--%s: --listen, --cert, --cert-key and --dir are for the server that this command brings along, --nats and --ca for one that is there", name)
		}
	}
	if command && f.Changed("tasks") {
		return wrongUsage("--tasks: a command has as many tasks as standard input has lines")
	}
	return nil
}

// run is the whole command: serve, prepare, distribute, say what came of it.
func (d distribution) run(ctx context.Context, args []string, command bool, stdout, stderr io.Writer) error {
	say := newLines(stderr).say
	conn, end, err := d.connect(say)
	if err != nil {
		return err
	}
	defer end()
	e := commandLines(args, d.answers(stdout))
	if !command {
		if e, err = d.workload(ctx, args[0]); err != nil {
			return err
		}
	}
	e.job.Prefetch, e.job.Patience = d.prefetch, d.patience
	m, err := taskqueue.Open(ctx, conn, taskqueue.Settings{Queue: d.queue, Job: e.job, Disk: d.store != remote.Memory})
	if err != nil {
		return err
	}
	begin := time.Now()
	show, done := newProgress(stderr), 0
	tally, err := m.Run(ctx, e.tasks, func(a taskqueue.Answer) error {
		if done++; !command { // how many lines will come nobody knows
			show.show(done, d.tasks, fmt.Sprintf("task %d of %d", done, d.tasks), pace(time.Since(begin), float64(done), float64(d.tasks)))
		}
		if a.Fault != "" {
			e.faults++
			show.end()
			say(fmt.Sprintf("task %d, by %s: %s", a.Task+1, a.Worker, a.Fault))
			return d.failed(stdout, a)
		}
		return e.take(a)
	})
	if closed := m.Close(); err == nil {
		err = closed
	}
	show.end()
	took := time.Since(begin)
	say(summary(tally, e.faults, took))
	if d.json && err == nil {
		err = printLine(stdout, whole{
			tally.Tasks, tally.Answers - e.faults, e.faults, tally.Again, tally.Doubled, tally.Lost, len(tally.ByWorker), took.Seconds(),
		})
	}
	if err == nil && e.faults > 0 {
		err = fmt.Errorf("%d of %d tasks failed", e.faults, tally.Tasks)
	}
	return err
}

// connect connects to a server, or to one that it starts, which end ends.
func (d distribution) connect(say func(string)) (conn *nats.Conn, end func(), err error) {
	if d.to.url != "" {
		conn, err := d.to.dial("parcon distribute", say)
		if err != nil {
			return nil, nil, err
		}
		return conn, conn.Close, nil
	}
	return d.bring(d.to.keyFile, "parcon distribute", "start workers with parcon worker", broker.Options{Dir: d.dir, Sync: d.store == remote.Synced}, say)
}

// An assignment is what is distributed.
type assignment struct {
	job    taskqueue.Job
	tasks  iter.Seq2[[]byte, error]
	take   func(taskqueue.Answer) error
	faults int // tasks of which there is no answer
}

// commandLines runs a command for each line of standard input.
func commandLines(argv []string, take func(taskqueue.Answer) error) *assignment {
	return &assignment{job: taskqueue.Job{Kind: kindCommand, Params: argv}, tasks: linesOf(os.Stdin), take: take}
}

// longestLine is far beyond what a server takes in a message by default.
const longestLine = 64 << 20

// linesOf are the lines of a file, without their ends.
func linesOf(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, longestLine)
		n := 0
		for lines.Scan() {
			n++
			if !yield(lines.Bytes(), nil) {
				return
			}
		}
		err := lines.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("it is longer than %d bytes: send the name of a file", longestLine)
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading line %d of standard input: %w", n+1, err))
		}
	}
}

// workload prepares tasks of a workload: how long they are, and the right answers.
func (d distribution) workload(ctx context.Context, work string) (*assignment, error) {
	name := "workload=" + work + "/model=serial/workers=1"
	g, err := tasks.Parse(name)
	if err != nil {
		return nil, usageError{err}
	}
	v, err := variant.Parse(name)
	if err != nil {
		return nil, usageError{err}
	}
	if _, far := workload.Find(workload.Remote, g.Workload.Name); far == nil {
		return nil, wrongUsage("tasks of %s ask a server on this machine, which workers on others don't reach: distribute another workload", g.Workload.Name)
	}
	self, err := testbed.Self() // nothing is measured: no small programs are needed
	if err != nil {
		return nil, err
	}
	c := card.Run(1, v)
	bed, err := testbed.Open(ctx, self, os.TempDir(), nil, []card.Case{c}, time.Minute)
	if err != nil {
		return nil, err
	}
	params, answers, err := bed.Work(c)
	if err = errors.Join(err, bed.Close()); err != nil {
		return nil, err
	}
	return &assignment{
		job:   taskqueue.Job{Kind: role.Workload, Params: params.Args()},
		tasks: role.Numbers(d.tasks),
		take: func(a taskqueue.Answer) error {
			result, err := worker.ParseResult(a.Body)
			if err != nil {
				return fmt.Errorf("task %d, by %s: %w", a.Task+1, a.Worker, err)
			}
			if want := answers[workload.Seed(a.Task)]; result.Answer != want {
				return fmt.Errorf("task %d, by %s, has the answer %d, want %d: is that worker of the same source?", a.Task+1, a.Worker, result.Answer, want)
			}
			return nil
		},
	}, nil
}
