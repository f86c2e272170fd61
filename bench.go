package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments/benchmark"
	"parcon/experiments/checkout"
	"parcon/experiments/testbed"
	"parcon/experiments/tool"
	"parcon/report"
)

// benchOptions are what a user can ask of benchmarks.
type benchOptions struct {
	bench, vs, threshold, equal, out string
	cpus                             []string
	budget, timeout, usual           time.Duration
	seed                             uint64
	asJSON                           bool
}

func benchCommand(stdout, stderr io.Writer) *cobra.Command {
	o := benchOptions{timeout: time.Minute}
	c := &cobra.Command{
		Use:   "bench [PACKAGE]... --bench REGEX [--vs REVISION]",
		Short: "Measure Go benchmarks, and tell what changed since a revision",
		Long: `Bench measures the Go benchmarks of packages (default: the one in this folder). With --vs it
compares the working tree as it is, edits and untracked files included, with a revision of
its git repository, and tells of every benchmark whether it got slower.

Every benchmark runs in fresh processes, two of each side in a round, old and new in random
order. A process runs it for up to 16 short stretches of the same number of iterations, and the
fastest of a side counts: what else the machine does only ever makes one slower. So what slows
only some stretches down, as a pause now and then, is not seen; of what allocates much, all
stretches have collections of garbage in them.

Both sides are linked anew for each round, with their functions in one random order, another
each time, and each at the begin of a cache line (Go 1.26 or later): what is the luck of a
layout is not called a change. The two processes of the new side are an A/A pair. A benchmark
rests once it is told: the chance that any of all is called different wrongly is at most 5 %,
and so is the chance that any is called equal wrongly. What is too close to call is given up.

Nothing is written into the repository or the working tree: both sides are copied into a folder
of the cache, which is removed at the end, or by the next start if this one was killed. Files
that git ignores, and submodules, are those of the working tree on both sides; of Git LFS the
old side has pointers only. Without --vs, and without git, benchmarks run where they are.

Exit code 3: something surely got slower by more than --threshold.`,
		Example: "  parcon bench ./... --bench . --vs main\n" +
			"  parcon bench --bench 'Decode/size=4k' --vs HEAD~1 --cpu 1,2,4 --threshold 3%\n" +
			"  parcon bench --bench . --vs v1.2.0 --usual --out /tmp/v1.2.0   # benchstat old.txt new.txt reads it",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.bench == "" {
				return wrongUsage("bench needs to know which benchmarks: `parcon bench --bench .` runs all of this package")
			}
			return o.run(cmd.Context(), args, stdout, stderr)
		},
	}
	f := c.Flags()
	f.StringVar(&o.bench, "bench", "", "which benchmarks, as -bench of go test")
	f.StringVar(&o.vs, "vs", "", "compare with this revision: a commit, a tag or a branch")
	f.StringSliceVar(&o.cpus, "cpu", nil, "numbers of processors (GOMAXPROCS) to run each with, such as 1,2,4 (default: all)")
	f.StringVar(&o.threshold, "threshold", "0%", "how much slower is forgiven")
	f.StringVar(&o.equal, "equal", "1%", "changes that are surely within this are equal")
	f.DurationVar(&o.budget, "budget", 0, "start no round that would end after this time (default: 25s for each benchmark that is compared, about what -count=10 takes on both sides; 10s for one that is only measured)")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "how long one process may take")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the order of trials and of layouts (default: a random one)")
	f.StringVar(&o.out, "out", "", "folder for all samples, as old.txt and new.txt; it must not hold them yet (default: nothing is kept)")
	f.DurationVar(&o.usual, "usual", 0, "measure the usual way too, -count=10 of the old side, then of the new one, with this -benchtime")
	f.Lookup("usual").NoOptDefVal = "1s"
	jsonFlag(c, &o.asJSON)
	return c
}

// benchJob is what is to be measured, as it was understood.
type benchJob struct {
	benchOptions
	patterns []string
	pattern  benchmark.Pattern
	procs    []int
	question report.Question
	random   *rand.Rand
}

// job checks the options.
func (o benchOptions) job(patterns []string) (j benchJob, err error) {
	j = benchJob{benchOptions: o, patterns: patterns}
	if len(patterns) == 0 {
		j.patterns = []string{"."}
	}
	if j.question.Threshold, err = share("--threshold", o.threshold); err != nil {
		return j, err
	}
	if j.question.Margin, err = share("--equal", o.equal); err != nil {
		return j, err
	}
	j.question.Paired = true
	if j.pattern, err = benchmark.ParsePattern(o.bench); err != nil {
		return j, wrongUsage("--bench %q: %w", o.bench, err)
	}
	for _, text := range o.cpus {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > mostProcs || slices.Contains(j.procs, n) {
			return j, wrongUsage("--cpu %s: give different numbers from 1 to %d, such as 1,2,4", text, mostProcs)
		}
		j.procs = append(j.procs, n)
	}
	if len(j.procs) == 0 {
		j.procs = []int{runtime.GOMAXPROCS(0)}
	}
	switch {
	case o.timeout <= 0:
		return j, wrongUsage("--timeout %v: give a duration above zero, such as 30s", o.timeout)
	case o.budget < 0:
		return j, wrongUsage("--budget %v: give a duration above zero, such as 3m", o.budget)
	case o.usual < 0 || o.usual > 0 && o.vs == "":
		return j, wrongUsage("--usual=%v: give a duration above zero, such as 1s, beside --vs", o.usual)
	}
	for _, name := range []string{"old", "new"} {
		path := filepath.Join(o.out, name+".txt")
		if _, err := os.Lstat(path); err == nil && o.out != "" {
			return j, fmt.Errorf("%s is there already: name another folder with --out", path)
		}
	}
	if j.seed == 0 {
		j.seed = rand.Uint64()
	}
	j.random = rand.New(rand.NewPCG(j.seed, 1)) // the order within rounds is of another stream
	return j, nil
}

const mostProcs = 4096

func (o benchOptions) run(ctx context.Context, patterns []string, stdout, stderr io.Writer) (err error) {
	j, err := o.job(patterns)
	if err != nil {
		return err
	}
	if err := testbed.Reserve(roomOfRun); err != nil {
		return err
	}
	work, err := checkout.OpenFolder(filepath.Join(testbed.Cache(), "bench"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	b, err := j.open(ctx, work.Path, stderr)
	if err == nil {
		err = b.prepare(ctx)
	}
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped before the first trial: nothing was measured")
		}
		return err
	}
	cut := b.measure(ctx)
	if o.usual > 0 && cut == nil {
		cut = b.usually(ctx)
	}
	if ctx.Err() != nil {
		cut = errors.New("stopped: only what was told by then is told")
	}
	if err := b.print(stdout); err != nil {
		return fmt.Errorf("printing what was measured: %w", err)
	}
	if cut != nil {
		return cut
	}
	return b.outcome()
}

// open finds or copies the sides' files.
func (j benchJob) open(ctx context.Context, work string, stderr io.Writer) (*benchRun, error) {
	guard, err := testbed.Guard()
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the working folder: %w", err)
	}
	temporary := filepath.Join(work, "tmp") // of those that are killed too
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for temporary files: %w", err)
	}
	b := &benchRun{benchJob: j, work: work, stderr: stderr, layouts: true}
	box := tool.Box{Guard: guard, Env: os.Environ()}
	trees, err := j.trees(ctx, box, dir, work)
	if err != nil {
		return nil, err
	}
	for i, tree := range trees {
		for _, note := range tree.Notes {
			fmt.Fprintln(stderr, "parcon:", note)
		}
		env := []string{"TMPDIR=" + temporary}
		if set := os.Getenv("GOWORK"); filepath.IsAbs(set) {
			env = append(env, "GOWORK="+tree.Path(set))
		}
		s, err := benchmark.Open(ctx, box.With(env...), tree.Path(dir))
		if err != nil {
			return nil, err
		}
		b.sides = append(b.sides, &benchSide{name: []string{"new", "old"}[i], tree: tree, Side: s})
	}
	return b, nil
}

// trees are those of the new side and, of two, of the old one. Without git what is only
// measured is measured where it is.
func (j benchJob) trees(ctx context.Context, box tool.Box, dir, work string) ([]checkout.Tree, error) {
	repository, err := checkout.Find(ctx, box, dir)
	if err != nil {
		if j.vs == "" && ctx.Err() == nil {
			return []checkout.Tree{checkout.Here}, nil
		}
		return nil, fmt.Errorf("--vs %s: %w", j.vs, err)
	}
	commit := ""
	if j.vs != "" {
		if commit, err = repository.Commit(ctx, j.vs); err != nil {
			return nil, err
		}
	}
	tree, err := repository.Working(ctx, filepath.Join(work, "new"))
	if err != nil || j.vs == "" {
		return []checkout.Tree{tree}, err
	}
	old, err := repository.Revision(ctx, commit, filepath.Join(work, "old"))
	if err != nil {
		return nil, err
	}
	if err := old.Missing(dir); err != nil {
		return nil, fmt.Errorf("comparing with %s: %w", j.vs, err)
	}
	return []checkout.Tree{tree, old}, nil
}
