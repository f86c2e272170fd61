package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"
)

func adviseCommand(stdout, stderr io.Writer) *cobra.Command {
	q := askingGo{budget: time.Minute, timeout: 30 * time.Second, atMost: 64, race: true}
	c := &cobra.Command{
		Use:   "advise --go PACKAGE.FUNC",
		Short: "Say under which model, and by how many workers, to run a Go function, and whether that is safe",
		Long: `Advise builds a program that calls an exported Go function with 0, 1, 2 ..., measures it serially,
as goroutines, in a pool, on threads, on one core, in processes and in a pool of them, and says
what is best, by how much, what it costs, and whether the function is safe to be called at once.

The function is a func(int) error, a func(context.Context, int) error or a func(int) (T, error),
of any module on the disk. Of the last kind answers are checked, if they can be compared. It is
called in the working folder, hundreds of times, with nothing to read; what it prints is thrown
away. Its module is built as it is, with its go.mod, vendor folder or workspace, by your go
command; nothing is written where it lies. A first run with the race detector, which needs cgo,
looks for data races. Without --out nothing is kept.`,
		Example: "  parcon advise --go ./resize.Image\n  parcon advise --go example.com/shop/price.Total --budget 3m --json\n  parcon advise --go ../other/pkg.Func --out run/func && parcon report run/func",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.function == "" {
				return wrongUsage("give a function: `parcon advise --go ./pkg.Func`")
			}
			return q.run(cmd.Context(), stdout, stderr)
		},
	}
	f := c.Flags()
	f.StringVar(&q.function, "go", "", "the function, as package and name: ./pkg.Func")
	f.BoolVar(&q.race, "race", q.race, "look for data races first")
	f.IntVar(&q.atMost, "at-most", q.atMost, "try no more workers than this")
	f.DurationVar(&q.budget, "budget", q.budget, "start no round that would end after this time")
	f.DurationVar(&q.timeout, "timeout", q.timeout, "how long one call, or one trial, may take")
	f.Uint64Var(&q.seed, "seed", 0, "seed of the order of trials (default: a random one)")
	f.StringVar(&q.out, "out", "", "folder for the trials and a report; it must not hold one yet (default: nothing is kept)")
	f.BoolVar(&q.asJSON, "json", false, "print JSON")
	return c
}
