package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments/testbed"
	"parcon/report"
	"parcon/results"
	"parcon/runner"
)

func selfcheckCommand(stdout, stderr io.Writer) *cobra.Command {
	check := selfcheck{}
	print := printer{out: stdout}
	c := &cobra.Command{
		Use:   "selfcheck",
		Short: "Measure how often parcon itself is wrong on this machine",
		Long: `Selfcheck compares the same code with itself, over and over, on the machine as it is and
beside a load that drifts on one core, and code with two percent more work. It prints how
often the two were called different: by parcon, which looks after every round and stops as
soon as the evidence that they differ reaches 20 to 1, and by the usual way, ten samples of
one side and then ten of the other. Both ways take turns; the usual one gets no less time.

The default takes about ten minutes. It exits with 1 if parcon's 95 % intervals miss the
truth, that the same code is the same, more often than chance can explain.`,
		Example: "  parcon selfcheck\n  parcon selfcheck --comparisons 600 --tries 100 --out results/selfcheck",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.run(cmd.Context(), print, stderr)
		},
	}
	f := c.Flags()
	f.IntVar(&check.comparisons, "comparisons", 200, "how often the same code is compared, on each machine")
	f.IntVar(&check.tries, "tries", 60, "how often more work is to be found")
	f.Uint64Var(&check.seed, "seed", 0, "seed of the order of trials (default: a random one)")
	f.StringVar(&check.dir, "out", "", "folder for the result; it must not hold one yet (default: run/selfcheck- and the time)")
	jsonFlag(c, &print.json)
	return c
}

// selfcheck is what is asked of a self-check.
type selfcheck struct {
	comparisons, tries int
	seed               uint64
	dir                string
}

// A stage is one setting of a self-check. Both ways take about as long: the
// usual one warms up, parcon's starts processes.
type stage struct {
	machine string
	effect  int // percent
	repeat  int
	samples int           // of each side, the usual way
	sample  time.Duration // how long each is
	rounds  int           // parcon's way, the most
	tasks   int           // in a trial, of selfcheckTask each
}

const (
	selfcheckWork = "hash" // its work is proportional to its size, so that two percent are two percent
	selfcheckTask = time.Millisecond
	moreWork      = 2 // percent, that are to be found
)

func (s selfcheck) stages() []stage {
	return []stage{
		{report.MachineQuiet, 0, s.comparisons, 10, 12 * time.Millisecond, 25, 2},
		{report.MachineDisturbed, 0, s.comparisons, 10, 12 * time.Millisecond, 25, 2},
		{report.MachineQuiet, moreWork, s.tries, 10, 60 * time.Millisecond, 80, 34},
	}
}

func (s selfcheck) run(ctx context.Context, print printer, stderr io.Writer) error {
	if s.comparisons < 0 || s.tries < 0 || s.comparisons+s.tries == 0 {
		return wrongUsage("selfcheck with --comparisons %d and --tries %d: give numbers from 0, not both 0", s.comparisons, s.tries)
	}
	if err := testbed.Reserve(roomOfRun); err != nil {
		return err
	}
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	dir, unlock, err := folder(s.dir, "selfcheck-")
	if err != nil {
		return err
	}
	defer unlock()
	s.dir = dir
	path := filepath.Join(s.dir, trialsFile)
	b, err := openBench(ctx, s.dir)
	if err != nil {
		return err
	}
	defer b.Close()
	file, err := results.Create(path, append(runner.Host(s.dir),
		results.Entry{Key: results.KeyExperiments, Value: report.SelfcheckExperiment},
		results.Entry{Key: results.KeySeed, Value: fmt.Sprint(s.seed)},
	), func(results.Slot) int { return 1 })
	if err != nil {
		return err
	}
	defer file.Close()
	b.keep = file.Keep
	b.random = rand.New(rand.NewPCG(s.seed, 0))
	show := newProgress(stderr)
	b.show = s.telling(show)
	for _, st := range s.stages() {
		if err := b.stage(ctx, st); err != nil {
			show.end()
			return stopped(ctx, err, path)
		}
	}
	show.end()
	table, err := report.ReadFile(ctx, path, catalogue())
	if err != nil {
		return err
	}
	if err := printRates(print, table); err != nil {
		return fmt.Errorf("printing the rates: %w", err)
	}
	if err := writeReport(ctx, s.dir, s.dir, print, stderr); err != nil {
		return err
	}
	if report.Deceives(table) {
		return fmt.Errorf("parcon sees differences that are not there on this machine: do not trust what it measures here; `parcon doctor` may say why")
	}
	return nil
}

// telling shows how far it is, and how long the rest takes if it goes on as so far.
func (s selfcheck) telling(show *progress) func(stage, int) {
	begin := time.Now()
	// A comparison lasts as long as the samples of the usual way, or a multiple of that.
	weight := func(st stage, comparisons int) float64 {
		return float64(comparisons*st.samples) * st.sample.Seconds()
	}
	return func(at stage, comparison int) {
		done, most, before := 0.0, 0.0, true
		for _, st := range s.stages() {
			most += weight(st, st.repeat)
			if before = before && st != at; before {
				done += weight(st, st.repeat)
			}
		}
		done += weight(at, comparison)
		what := fmt.Sprintf("%s machine, %d %% more work", at.machine, at.effect)
		show.show(int(1000*done), int(1000*most), fmt.Sprintf("%s: comparison %d of %d", what, comparison, at.repeat), pace(time.Since(begin), done, most))
	}
}

// printRates prints the table for people; programs get it with the answer.
func printRates(print printer, table *report.Table) error {
	if print.json {
		return nil
	}
	w := tabwriter.NewWriter(print.out, 0, 0, 2, ' ', 0)
	head, rows := report.DetectionRows(table)
	for _, row := range append([][]string{head}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// stopped says what is left of a self-check that ended early.
func stopped(ctx context.Context, err error, path string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("stopped: what was measured is in %s; make a report of it with `parcon report %s`", path, filepath.Dir(path))
	}
	return err
}
