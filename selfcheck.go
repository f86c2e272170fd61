package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments"
	"parcon/experiments/child"
	"parcon/experiments/lab"
	"parcon/experiments/usual"
	"parcon/experiments/variant"
	"parcon/report"
	"parcon/runner"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

func selfcheckCommand(stdout, stderr io.Writer) *cobra.Command {
	check := selfcheck{}
	c := &cobra.Command{
		Use:   "selfcheck",
		Short: "Measure how often parcon itself is wrong on this machine",
		Long: `Selfcheck compares the same code with itself, over and over, on the machine as it is and
beside a load that drifts on one core, and code with two percent more work. It prints how
often the two were called different: by parcon, and by the usual way, ten samples of one
side and then ten of the other. Both ways take turns and about the same time.

The default takes about a quarter of an hour. It exits with 1 if parcon's 95 % intervals miss
the truth, that the same code is the same, more often than chance can explain.`,
		Example: "  parcon selfcheck\n  parcon selfcheck --comparisons 600 --tries 100 --out results/selfcheck",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.run(cmd.Context(), stdout, stderr)
		},
	}
	f := c.Flags()
	f.IntVar(&check.comparisons, "comparisons", 200, "how often the same code is compared, on each machine")
	f.IntVar(&check.tries, "tries", 60, "how often more work is to be found")
	f.Uint64Var(&check.seed, "seed", 0, "seed of the order of trials (default: a random one)")
	f.StringVar(&check.dir, "out", "", "folder for the result; it must not hold one yet (default: run/selfcheck- and the time)")
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
	rounds  int           // parcon's way
	tasks   int           // in a trial, of selfcheckTask each
}

const (
	selfcheckWork = "hash" // its work is proportional to its size, so that two percent are two percent
	selfcheckTask = time.Millisecond
	moreWork      = 2 // percent, that are to be found
)

func (s selfcheck) stages() []stage {
	return []stage{
		{report.MachineQuiet, 0, s.comparisons, 10, 20 * time.Millisecond, 10, 14},
		{report.MachineDisturbed, 0, s.comparisons, 10, 20 * time.Millisecond, 10, 14},
		{report.MachineQuiet, moreWork, s.tries, 10, 100 * time.Millisecond, 25, 34},
	}
}

func (s selfcheck) run(ctx context.Context, stdout, stderr io.Writer) error {
	if s.comparisons < 0 || s.tries < 0 || s.comparisons+s.tries == 0 {
		return wrongUsage("selfcheck with --comparisons %d and --tries %d: give numbers from 0, not both 0", s.comparisons, s.tries)
	}
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	if s.dir == "" {
		s.dir = filepath.Join("run", "selfcheck-"+time.Now().Format("2006-01-02-150405"))
	}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return fmt.Errorf("making the folder for the result: %w: name another one with --out", err)
	}
	path := filepath.Join(s.dir, trialsFile)
	b, err := openBench(s.dir)
	if err != nil {
		return err
	}
	defer b.Close()
	file, err := runner.Create(path, append(runner.Host(s.dir),
		runner.Entry{Key: keyNames, Value: report.HonestyExperiment},
		runner.Entry{Key: keySeed, Value: fmt.Sprint(s.seed)},
	), func(runner.Slot) int { return 1 })
	if err != nil {
		return err
	}
	defer file.Close()
	b.keep = file.Keep
	b.random = rand.New(rand.NewPCG(s.seed, 0))
	for _, st := range s.stages() {
		if err := b.stage(ctx, st, stderr); err != nil {
			return stopped(ctx, err, path)
		}
	}
	table, err := report.ReadFile(path)
	if err != nil {
		return err
	}
	if err := printRates(stdout, table); err != nil {
		return fmt.Errorf("printing the rates: %w", err)
	}
	if err := writeReport(s.dir, s.dir, stdout, stderr); err != nil {
		return err
	}
	if report.Deceives(table) {
		return fmt.Errorf("parcon sees differences that are not there on this machine: do not trust what it measures here; `parcon doctor` may say why")
	}
	return nil
}

func printRates(out io.Writer, table *report.Table) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head, rows := report.HonestyRows(table)
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

// A bench holds the two things that are compared: the same work, and a little
// more.
type bench struct {
	same, more *lab.Lab
	programs   lab.Programs
	self       string
	keep       func(runner.Result) error
	random     *rand.Rand
}

func openBench(dir string) (*bench, error) {
	programs, err := lab.Build()
	if err != nil {
		if programs, err = lab.Self(); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the path of this program: %w", err)
	}
	b := &bench{programs: programs, self: self}
	cases := []experiments.Case{{Variant: selfcheckVariant(), Tasks: 1}}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of the result: %w", err)
	}
	if b.same, err = lab.Open(programs, full, nil, cases); err != nil {
		return nil, err
	}
	// The calibrated size is for a task of the catalogue's length. A multiple of
	// 100 has a whole number of percents.
	size := b.same.Sizes()[selfcheckWork] * int(selfcheckTask) / int(experiments.Lengths.Length)
	size = max(100, size/100*100)
	_ = b.same.Close()
	open := func(percent int) (*lab.Lab, error) {
		return lab.Open(programs, full, map[string]int{selfcheckWork: size * (100 + percent) / 100}, cases)
	}
	if b.same, err = open(0); err != nil {
		return nil, err
	}
	if b.more, err = open(moreWork); err != nil {
		_ = b.same.Close()
		return nil, err
	}
	return b, nil
}

func (b *bench) Close() {
	_ = b.same.Close()
	_ = b.more.Close()
}

func selfcheckVariant() variant.Variant {
	return variant.New("workload", selfcheckWork).With("model", "serial").With("workers", "1")
}

// stage runs all comparisons of one setting, both ways in turn, the first by
// lot.
func (b *bench) stage(ctx context.Context, st stage, stderr io.Writer) error {
	if st.machine == report.MachineDisturbed && st.repeat > 0 {
		end, err := disturb(b.programs)
		if err != nil {
			return err
		}
		defer end()
	}
	last := time.Now()
	for i := range st.repeat {
		ways := []func(context.Context, stage, int) error{b.parcon, b.usual}
		first := b.random.IntN(2)
		for _, way := range []int{first, 1 - first} {
			if err := ways[way](ctx, st, i); err != nil {
				return err
			}
		}
		if time.Since(last) >= plainEvery {
			last = time.Now()
			fmt.Fprintf(stderr, "%s machine, %d %% more work: comparison %d of %d\n", st.machine, st.effect, i+1, st.repeat)
		}
	}
	return nil
}

// disturb starts the drifting load; end stops it.
func disturb(programs lab.Programs) (end func(), err error) {
	cmd := proc.Command(append(append([]string{}, programs.Trial...), child.Disturb), nil)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the disturbance: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the disturbance: %w", err)
	}
	return func() {
		_ = in.Close()
		proc.Kill(cmd)
		_ = cmd.Wait() // it was killed: its exit status says nothing
	}, nil
}

// sides are the two cases of a comparison. The names say what was compared; the
// orders are those of the catalogue's own variant.
func (b *bench) sides(st stage, way string, comparison int) ([2]runner.Case, error) {
	labs := [2]*lab.Lab{b.same, b.same}
	if st.effect != 0 {
		labs[1] = b.more
	}
	var sides [2]runner.Case
	for i, l := range labs {
		c, err := l.Case(experiments.Case{Variant: selfcheckVariant(), Tasks: st.tasks})
		if err != nil {
			return sides, err
		}
		c.Variant = variant.New(report.KeyMachine, st.machine).
			With(report.KeyEffect, strconv.Itoa(st.effect)).
			With(report.KeyWay, way).
			With(report.KeyComparison, strconv.Itoa(comparison)).
			With(report.KeySide, string("ab"[i])).String()
		sides[i] = c
	}
	return sides, nil
}

// parcon compares as every run does: rounds in random order, each trial in a
// fresh process.
func (b *bench) parcon(ctx context.Context, st stage, comparison int) error {
	sides, err := b.sides(st, report.WayParcon, comparison)
	if err != nil {
		return err
	}
	plan := runner.Plan{
		Experiments: []runner.Experiment{{Name: experiments.Title(report.HonestyExperiment), Cases: sides[:]}},
		Seed:        b.random.Uint64(), Rounds: st.rounds,
	}
	keep := func(r runner.Result) error {
		maps.DeleteFunc(r.Values, func(unit string, _ float64) bool { return !slices.Contains(keptUnits, unit) })
		return b.keep(r)
	}
	try := runner.Watch(b.same.Child(time.Minute).Try, nil)
	_, err = runner.Run(ctx, plan, nil, try, keep, func(runner.Result, int, int, time.Duration) {})
	return err
}

// keptUnits are what a self-check writes of a trial: it has tens of thousands,
// of which only the time and the noise around it are of interest.
var keptUnits = []string{
	"ns/op", "cpu-ns/op", "life-ns", "start-unix-s",
	"steal-ns", "others-busy", "throttled-ns", "run-delay-ns", "involuntary-ctxsw/op",
}

// usual compares as most people do: all samples of one side, then all of the
// other.
func (b *bench) usual(ctx context.Context, st stage, comparison int) error {
	sides, err := b.sides(st, report.WayUsual, comparison)
	if err != nil {
		return err
	}
	for _, c := range sides {
		started := time.Now()
		side := usual.Side{Order: c.Order.(child.Order), Count: st.samples, Length: st.sample, Program: []string{b.self}}
		samples, err := side.Measure(ctx, c.Procs)
		if err != nil {
			return err
		}
		life := float64(time.Since(started)) / float64(len(samples))
		for i, ns := range samples {
			slot := runner.Slot{Experiment: experiments.Title(report.HonestyExperiment), Variant: c.Variant, Round: i}
			if err := b.keep(runner.Result{Slot: slot, Values: protocol.Measurement{"ns/op": ns, "life-ns": life}}); err != nil {
				return err
			}
		}
	}
	return nil
}
