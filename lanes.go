package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/cpython"
	"parcon/experiments/lane"
	"parcon/experiments/tasks"
	"parcon/experiments/testbed"
	"parcon/report"
	"parcon/runner/cgroup"
)

// lanesOptions are what a user can ask of the lanes.
type lanesOptions struct {
	json    bool
	out     string
	workers int
	timeout time.Duration
	pythons []string
}

func lanesCommand(stdout, stderr io.Writer) *cobra.Command {
	o := lanesOptions{out: "run", timeout: time.Minute}
	c := &cobra.Command{
		Use:   "lanes WORKLOAD [MODEL]...",
		Short: "Draw who ran when: the tasks of a workload on their threads and processes",
		Long: `Lanes runs a few tasks of a workload once under each of the named models, traced, and draws
which task ran when, on which lane: a processor of Go's scheduler, a kernel thread or a process.
Concurrency is one lane cut in slices, parallelism is several lanes at once, and a GIL is one
lane at a time that hops between threads. It measures nothing: a traced run is no trial.

Without a MODEL it draws ` + strings.Join(tasks.LaneModels, ", ") + `, and
` + strings.Join(tasks.PythonLanes, ", ") + ` where there is a CPython.`,
		Example: "  parcon lanes primes\n  parcon lanes mix/cpu=25 gil loop process-pool --out /tmp/lanes.svg\n  parcon lanes primes/length=50ms thread gil --workers 4",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrongUsage("lanes needs a workload: `parcon lanes primes`")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.draw(cmd.Context(), args[0], args[1:], stdout, stderr)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", o.out, "folder for the pictures, or name of one that ends in .svg or .png: the other is put beside it")
	f.IntVar(&o.workers, "workers", 0, "workers of each model but serial (default: as many as cores, from 2 to 4, and twice as many where tasks wait)")
	f.StringArrayVar(&o.pythons, "python", nil, "the CPython of models of CPython, by its path or its name on PATH (default: $PARCON_PYTHON, or python3)")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "how long one run may take")
	jsonFlag(c, &o.json)
	return c
}

func (o lanesOptions) draw(ctx context.Context, work string, models []string, stdout, stderr io.Writer) error {
	if o.workers < 0 {
		return wrongUsage("--workers %d: give a number from 1", o.workers)
	}
	if o.timeout <= 0 {
		return wrongUsage("--timeout %v: give a duration above zero, such as 30s", o.timeout)
	}
	j := job{}
	if j.interpreters(o.pythons); len(models) == 0 {
		models = j.laneModels()
	}
	for _, note := range j.notes {
		fmt.Fprintln(stderr, "parcon:", note)
	}
	cases, err := tasks.LaneCases(work, models, cpython.Names(j.pythons), o.workers, cgroup.Cores())
	if err != nil {
		return usageError{err}
	}
	if err := testbed.Reserve(roomOfRun); err != nil {
		return err
	}
	all, err := o.look(ctx, j.pythons, cases, stderr)
	if err != nil {
		return err
	}
	dir, name := o.place(work)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("making the folder of the pictures: %w: name another one with --out", err)
	}
	figure, _ := report.LanesFigure(all)
	if err := figure.Save(dir, name); err != nil {
		return err
	}
	seen := lanesSeen{Picture: filepath.Join(dir, name+".svg")}
	for i, t := range all {
		seen.Models = append(seen.Models, laneSeen{models[i], t.Finding(), t.Busy})
	}
	if o.json {
		return printJSON(stdout, seen)
	}
	for _, s := range seen.Models {
		if _, err := fmt.Fprintf(stdout, "%s: %s, cores busy %.2f\n", s.Model, s.Finding, s.Busy); err != nil {
			return fmt.Errorf("printing what was seen: %w", err)
		}
	}
	_, err = fmt.Fprintln(stdout, seen.Picture)
	return err
}

// lanesSeen is what the lanes of some models show.
type lanesSeen struct {
	Models  []laneSeen `json:"models"`
	Picture string     `json:"picture"`
}

type laneSeen struct {
	Model   string  `json:"model"`
	Finding string  `json:"finding"`
	Busy    float64 `json:"cores_busy"`
}

// place is where the pictures go: a folder, and their name without its end.
func (o lanesOptions) place(work string) (dir, name string) {
	if end := filepath.Ext(o.out); end == ".svg" || end == ".png" {
		return filepath.Dir(o.out), strings.TrimSuffix(filepath.Base(o.out), end)
	}
	return o.out, report.LanesName(work)
}

// look runs the cases, traced.
func (o lanesOptions) look(ctx context.Context, pythons []cpython.Interpreter, cases []card.Case, stderr io.Writer) (all []lane.Timeline, err error) {
	built, err := programs(ctx, stderr)
	if err != nil {
		return nil, err
	}
	built.Pythons = pythons
	dir, err := os.MkdirTemp("", "parcon-lanes-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for traces: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	bed, err := testbed.Open(ctx, built, dir, nil, cases, o.timeout)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bed.Close()) }()
	show, begin := newProgress(stderr), time.Now()
	defer show.end()
	return traceAll(ctx, bed, cases, o.timeout, func(done int) {
		show.show(done, len(cases), fmt.Sprintf("run %d of %d", done, len(cases)), pace(time.Since(begin), float64(done), float64(len(cases))))
	})
}

// traceAll runs each case once, traced, and tells how many are done.
func traceAll(ctx context.Context, bed *testbed.Bed, cases []card.Case, timeout time.Duration, tell func(done int)) (all []lane.Timeline, err error) {
	for i, c := range cases {
		t, err := bed.Lanes(ctx, c, timeout)
		if ctx.Err() != nil {
			return all, errors.New("stopped before all lanes were seen")
		}
		if err != nil {
			return all, err
		}
		all = append(all, t)
		tell(i + 1)
	}
	return all, nil
}

// lanesFile holds the lanes of a run, beside its trials.
const lanesFile = "lanes.txt"

// laneModels are those whose lanes are drawn unless others are named.
func (j job) laneModels() []string {
	if len(j.pythons) == 0 {
		return tasks.LaneModels
	}
	return slices.Concat(tasks.LaneModels, tasks.PythonLanes)
}

// laneCases are those whose lanes a run makes: of a workload of each kind in a run of
// all experiments, else none.
func (j job) laneCases() ([]card.Case, error) {
	for _, e := range chapters.All {
		if !slices.Contains(j.names, e.Name) {
			return nil, nil
		}
	}
	var all []card.Case
	for _, work := range tasks.LaneWork {
		cases, err := tasks.LaneCases(work, j.laneModels(), cpython.Names(j.pythons), 0, cgroup.Cores())
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// keepLanes makes the lanes of a run, when nothing is measured any more, unless it has
// them from before it was resumed.
func (j job) keepLanes(ctx context.Context, bed *testbed.Bed) error {
	path := filepath.Join(j.dir, lanesFile)
	cases, err := j.laneCases()
	if _, there := os.Stat(path); err != nil || len(cases) == 0 || there == nil {
		return err
	}
	all, err := traceAll(ctx, bed, cases, j.timeout, func(int) {})
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := lane.Write(&text, all); err != nil {
		return err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
		return fmt.Errorf("writing the lanes: %w", err)
	}
	return nil
}

// tellLanes does so unless the run was stopped, and only tells why if it cannot: the trials
// are worth a report.
func (j job) tellLanes(ctx context.Context, bed *testbed.Bed, stderr io.Writer) {
	if ctx.Err() != nil {
		return
	}
	if err := j.keepLanes(ctx, bed); err != nil {
		fmt.Fprintf(stderr, "parcon: the report has no lanes: %v\n", err)
	}
}

// readLanes reads the lanes beside the trials in dir, none if there are none.
func readLanes(dir string) ([]lane.Timeline, error) {
	path := filepath.Join(dir, lanesFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading lanes: %w", err)
	}
	defer f.Close()
	all, err := lane.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}
