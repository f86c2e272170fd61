// Package role is what the processes of a pool on a message queue do: package remote
// starts and asks them.
package role

import (
	"bufio"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"parcon/experiments/remote"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
	"parcon/runner/link"
	"parcon/runner/proc"
	"parcon/runner/usage"
)

// queue is the name of the queue: each pool has a server of its own.
const queue = "trial"

// workloads lists all, with their code.
var workloads = slices.Concat(workload.Workers, web.All)

// Main plays the role that args name, until its standard input ends.
func Main(args []string) error {
	play := map[string]func(context.Context, remote.Order, *talk) error{
		remote.Server: serve, remote.Master: runMaster, remote.Worker: runWorker, remote.Stranger: knock,
	}
	if len(args) != 1 || play[args[0]] == nil {
		return errors.New("this program is started by parcon, not by hand")
	}
	t := &talk{bufio.NewScanner(proc.Stdin()), bufio.NewWriter(os.Stdout)}
	line, err := t.hear()
	if err != nil {
		return err
	}
	order, err := remote.ReadOrder(line)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	return play[args[0]](ctx, order, t)
}

// Child plays a role and ends the process, if this program was started for that as a child
// of parcon. A program that may be must call it first thing.
func Child() {
	if len(os.Args) < 3 || os.Args[1] != child || os.Args[2] != remote.Child {
		return
	}
	if err := Main(os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is package child's Argument, which that package, and all that it holds, is too much for.
const child = "child"

// talk is the conversation with the trial.
type talk struct {
	in  *bufio.Scanner
	out *bufio.Writer
}

// hear returns the next line, or io.EOF.
func (t *talk) hear() (string, error) {
	if !t.in.Scan() {
		return "", cmp.Or(t.in.Err(), io.EOF)
	}
	return t.in.Text(), nil
}

func (t *talk) say(format string, v ...any) {
	fmt.Fprintf(t.out, format+"\n", v...)
	_ = t.out.Flush() // a trial that is gone ends this process by its input
}

// attend answers a line after the other, until there are no more. What it does not know,
// and how much was consumed, is asked of all.
func (t *talk) attend(step func(line string) error) error {
	for {
		line, err := t.hear()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading what the trial says: %w", err)
		case line == remote.AskUsage:
			t.say("%s", hex.EncodeToString(usage.Self().Append(nil)))
			continue
		}
		if err := step(line); err != nil {
			return err
		}
	}
}

func unknown(line string) error {
	return fmt.Errorf("the trial says %.40q, which means nothing here", line)
}

func access(o remote.Order) link.Access { return link.Access{URL: o.URL, Key: o.Key} }
