package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"parcon/experiments/child"
	"parcon/experiments/command"
	"parcon/report/advice"
	"parcon/results"
)

// asking is what a user can ask of an advise command.
type asking struct {
	terms
	items, memory string
	null          bool
}

func adviseCommand(stdout, stderr io.Writer) *cobra.Command {
	q, of := asking{terms: terms{atMost: 64, budget: 50 * time.Second, timeout: time.Minute}}, askingGo{race: true}
	c := &cobra.Command{
		Use:   "advise -- CMD [ARG]... | advise --go PACKAGE.FUNC",
		Short: "Say how many of a command to run at once, or under which model a Go function, and why",
		Long: `Advise runs a command by 1, 2, 4 ... workers at once, up to where that stops paying, and says how
many to run at once: how many times as many it does in a second, and what the limit is. It is run
for each line of standard input, or of the file --items, which stands for {} in its arguments or
follows them; without items, the same command again. No shell is in between: for pipes and
variables give it one, as in sh -c '...'.

Each item is run many times, by every number of workers: a command that deletes its input, or
whose second run does less than its first, needs an item's copy, or something in front that puts
things back. Of many items a random sample is taken. What the command prints is taken off its
hands and thrown away, it has nothing to read and no terminal, and a task that fails is shown: a
command that fails is no fast command. What it leaves running when a batch of it is over is ended.

With --go it builds a program that calls an exported Go function with 0, 1, 2 ..., measures it serially, as
goroutines, in a pool, on threads, on one core, in processes and in a pool of them, and says what is
best, by how much, what it costs, and whether the function is safe to be called at once. It is a
func(int) error, a func(context.Context, int) error or a func(int) (T, error), of any module on the disk;
of the last kind answers are checked, if they can be compared. It is called in the working folder,
hundreds of times; what it prints is thrown away. Its module is built as it is, with its go.mod, vendor
folder or workspace, by your go command; nothing is written where it lies. A first run with the race
detector, which needs cgo, looks for data races.

Without --out nothing is kept. With it the trials are, and a report.`,
		Example: "  parcon advise -- sh -c 'sleep 0.1'\n  ls *.png | parcon advise -- convert {} -resize 50% /tmp/{}.jpg\n  find . -name '*.gz' -print0 | parcon advise --null --max-memory 2GB -- zcat {}\n  parcon advise --go ./resize.Image\n  parcon advise --go example.com/shop/price.Total --budget 3m --json",
		Args: func(cmd *cobra.Command, args []string) error {
			return q.fit(cmd.Flags(), of.function, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if of.function == "" {
				return q.run(cmd.Context(), args, stdout, stderr)
			}
			of.terms = q.terms
			return of.run(cmd.Context(), stdout, stderr)
		},
	}
	f := c.Flags()
	f.StringVar(&of.function, "go", "", "in place of a command: a Go function, as package and name: ./pkg.Func")
	f.BoolVar(&of.race, "race", of.race, "with --go: look for data races first")
	f.StringVar(&q.items, "items", "", "file with the items, one a line (default: standard input, unless it is a terminal)")
	f.BoolVarP(&q.null, "null", "0", false, "items end with a zero byte, as find -print0 writes them")
	f.IntVar(&q.atMost, "at-most", q.atMost, "try no more workers than this")
	f.StringVar(&q.memory, "max-memory", "", "how much memory all workers together may take, such as 2GB (default: 80 % of what is available)")
	f.DurationVar(&q.budget, "budget", q.budget, "start no round that would end after this time")
	f.DurationVar(&q.timeout, "timeout", q.timeout, "how long one task or one trial of a function may take")
	f.Uint64Var(&q.seed, "seed", 0, "seed of the order of trials and the choice of items (default: a random one)")
	f.StringVar(&q.out, "out", "", "folder for the trials and a report; it must not hold one yet (default: nothing is kept)")
	jsonFlag(c, &q.asJSON)
	return c
}

// fit refuses what means nothing beside what was asked.
func (q *asking) fit(f *pflag.FlagSet, function string, args []string) error {
	idle, what := []string{"race"}, "is for a Go function, --go"
	if function != "" {
		idle, what = []string{"items", "null", "max-memory"}, "is for a command, and --go names a function"
	}
	for _, name := range idle {
		if f.Changed(name) {
			return wrongUsage("--%s %s", name, what)
		}
	}
	switch {
	case function != "" && len(args) > 0:
		return wrongUsage("--go %s %s: give a function or a command", function, strings.Join(args, " "))
	case function == "" && (f.ArgsLenAtDash() != 0 || len(args) == 0 || args[0] == ""):
		return wrongUsage("give a command after --, or a Go function: `parcon advise -- CMD {}` or `parcon advise --go ./pkg.Func`")
	}
	return nil
}

// run is the whole command: items, a first look, rounds, the advice.
func (q asking) run(ctx context.Context, argv []string, stdout, stderr io.Writer) error {
	if err := q.check(); err != nil {
		return err
	}
	begin := time.Now()
	setting := advice.Setting{Cores: coresOf(), Most: q.atMost}
	var err error
	if setting.Memory, err = q.mayTake(); err != nil {
		return err
	}
	items, of, err := q.read(ctx, argv, os.Stdin)
	if err != nil {
		return err
	}
	release := command.Adopt()
	defer release()
	t, err := q.try(ctx, argv, items, &setting)
	if err != nil {
		return err
	}
	note := whatFor(len(t.items), of)
	keep, end, err := q.keeping(strings.ToLower(advice.Experiment), t.head(note), t.tasksOf)
	if err != nil {
		return err
	}
	defer end()
	show := newProgress(stderr)
	all, err := t.rounds(ctx, q.budget-time.Since(begin), keep, func(round int, next []int) {
		show.advising(round, next, time.Since(begin), q.budget)
	})
	show.end()
	if len(all) == 0 && ctx.Err() != nil {
		return errors.New("stopped before anything was measured")
	}
	if len(all) == 0 {
		return err
	}
	trials := advice.ReadAll(all)
	a := advice.Of(t.setting, trials)
	a.Law = advice.Law(t.setting, trials)
	if none := q.answer(ctx, a, note, stdout); none != nil {
		return none
	}
	if ctx.Err() != nil {
		err = errors.New("stopped: the advice is by what was measured until then")
	}
	return err
}

// head says at the head of a result file what is run.
func (t trying) head(note string) results.Setup {
	return append(results.Setup{
		{Key: results.KeyCommand, Value: fmt.Sprintf("%q", t.argv)},
		{Key: results.KeyItems, Value: note},
	}, t.setting.Head()...)
}

// batchProgram is this program as the process of a batch.
func batchProgram() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the path of this program, to start it as the process of a batch: %w", err)
	}
	return []string{self, child.Argument, child.Command}, nil
}
