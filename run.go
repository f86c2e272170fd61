package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/child"
	"parcon/experiments/cpython"
	"parcon/experiments/testbed"
	"parcon/report"
	"parcon/results"
	"parcon/runner"
	"parcon/runner/cgroup"
)

// options are what a user can ask of a run.
type options struct {
	profile string
	budget  string
	odds    float64
	rounds  int
	seed    uint64
	timeout time.Duration
	out     string
	resume  string
	tasksOf string
	pythons []string
	kept    func() // is called after each trial that is kept; nil: nobody waits for them
}

func defaultOptions() options {
	return options{profile: chapters.Profiles[0].Name, timeout: time.Minute}
}

func runCommand(stdout, stderr io.Writer) *cobra.Command {
	o := defaultOptions()
	print := printer{out: stdout}
	var fleet fleetOptions
	c := &cobra.Command{
		Use:   "run [EXPERIMENT | CLAIM | VARIANT]...",
		Short: "Measure, and write a report",
		Long: `Run measures the named experiments, or all of them, and writes the trials and a report
into a new folder. Of an experiment of which only a CLAIM is named, such as P2, only what that
claim compares is measured. A VARIANT such as workload=primes/model=thread/workers=8 is
measured by itself, beside the serial baseline; it may be a pattern: model=gil/workers=2,4,8
or workload=*/model=gil/workers=4.

With --fleet every machine where parcon agent has joined makes this run, each by itself. What they
send is kept in a folder for each, and a report puts them side by side.`,
		Example: `  parcon run compute --rounds 12
  parcon run --profile standard --out trials/mine
  parcon run P2 F7
  parcon run workload=json/model=pool/workers=4
  parcon run 'workload=*/model=gil/workers=2,4'
  parcon run --fleet --listen 0.0.0.0:4222 --key-file key --profile standard`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("rounds") && o.rounds == 0 {
				return wrongUsage("--rounds 0: give a number from 1 to %d", mostRounds)
			}
			if err := fleet.check(o, cmd.Flags()); err != nil {
				return err
			}
			if fleet.on {
				return measureFleet(cmd.Context(), o, fleet, args, print, stderr)
			}
			return measure(cmd.Context(), o, args, print, stderr)
		},
	}
	f := c.Flags()
	fleet.flags(f)
	f.StringVar(&o.profile, "profile", o.profile, "how much: quick, standard or full")
	f.StringVar(&o.budget, "budget", "", "start no round that would end after this time, such as 3m (default: the profile's, unless --rounds is given)")
	f.Float64Var(&o.odds, "odds", 0, "how many to one a verdict must be sure of (default: 20 for each claim asked, so that 5 % of reports hold a wrong one at most)")
	f.IntVar(&o.rounds, "rounds", 0, "how many rounds at most (default: as many as claims need within the budget, the profile's where none is asked)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the order of trials (default: a random one)")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "how long one trial may take")
	f.StringVar(&o.out, "out", "", "folder for the result; it must not hold one yet (default: run/ and the time)")
	f.StringVar(&o.tasksOf, "tasks-of", "", "give tasks the length that they had in the run in this folder, so that the two can be compared")
	f.StringArrayVar(&o.pythons, "python", nil, "a CPython to measure beside, by its path or its name on PATH; may be given several times (default: $PARCON_PYTHON, or python3)")
	f.StringVar(&o.resume, "resume", "", "go on with the run in this folder, on its own schedule")
	jsonFlag(c, &print.json)
	return c
}

// job is a run that was understood: all that decides its schedule.
type job struct {
	profile chapters.Profile
	names   []string // experiments, or variants to be measured by themselves
	seed    uint64
	rounds  int
	budget  time.Duration
	odds    float64 // asked for; 0: those of so many claims
	timeout time.Duration
	dir     string
	sizes   map[string]int // of a run that is resumed, or of another
	notes   []string       // in what that one differs; which CPythons are left out
	pythons []cpython.Interpreter
	done    []results.Result // of a run that is resumed
	setup   results.Setup    // of a run that is resumed
	kept    func()           // as of the options
}

// hindrances say what cannot be measured by this user on this machine.
var hindrances = sync.OnceValue(child.Hindrances)

// scale is what the catalogue's size depends on, as far as it is known before the
// programs are.
func (j job) scale() card.Scale {
	return card.Scale{
		Cores: cgroup.Cores(), Depth: j.profile.Depth, System: runtime.GOOS, Quota: runner.Quota(),
		Pythons: cpython.Names(j.pythons), Hindrances: hindrances(),
	}
}

// measure is the main job: understand, prepare, run, report.
func measure(ctx context.Context, o options, args []string, print printer, stderr io.Writer) error {
	if err := testbed.Reserve(roomOfRun); err != nil {
		return err
	}
	if o.resume != "" { // nobody may add to it after it was read
		if info, err := os.Stat(o.resume); err == nil && info.IsDir() {
			unlock, err := results.Lock(o.resume)
			if err != nil {
				return fmt.Errorf("resuming: %w", err)
			}
			defer unlock()
		}
	}
	j, err := o.job(ctx, args)
	if err != nil {
		return err
	}
	j.kept = o.kept
	for _, note := range j.notes {
		fmt.Fprintln(stderr, "parcon:", note)
	}
	chosen, err := j.choose()
	if err != nil {
		return err
	}
	if o.resume == "" {
		var unlock func()
		if j.dir, unlock, err = folder(j.dir, ""); err != nil {
			return err
		}
		defer unlock()
	}
	trials, err := runTrials(ctx, j, chosen, stderr)
	if err != nil {
		if ctx.Err() != nil && len(trials) > 0 { // what is certain so far is certain
			if none := writeReport(context.WithoutCancel(ctx), j.dir, j.dir, print, stderr); none != nil {
				err = fmt.Errorf("%w; no report was made: %w", err, none)
			}
		}
		return err
	}
	if err := writeReport(ctx, j.dir, j.dir, print, stderr); err != nil {
		return err
	}
	return failures(trials)
}

// choose finds what the names stand for.
func (j *job) choose() ([]card.Chapter, error) {
	chosen, names, err := chapters.Choose(j.names, j.scale())
	switch {
	case err != nil && j.setup != nil: // it was not asked now
		return nil, fmt.Errorf("resuming %s: its line %q: %w", filepath.Join(j.dir, trialsFile), results.KeyExperiments+": "+strings.Join(j.names, " "), err)
	case err != nil:
		return nil, usageError{err}
	}
	j.names = names
	return chosen, nil
}

// failedError says that a run is done, and that trials of it failed.
type failedError struct{ error }

// failures is the error of a run of which trials failed, nil if none did.
func failures(trials []results.Result) error {
	failed := 0
	var first string
	for _, r := range trials {
		if r.Failed != "" {
			failed++
			first = cmp.Or(first, r.Failed)
		}
	}
	switch {
	case failed == 0:
		return nil
	case failed == len(trials):
		return failedError{fmt.Errorf("nothing was measured: all %d trials failed, the first because: %s", failed, first)}
	}
	return failedError{fmt.Errorf("failed trials: %d; the report names them and why", failed)}
}

// folder makes the folder of a result, or one of its own below run/ if none was
// named, and locks it.
func folder(dir, prefix string) (string, func(), error) {
	named, base := dir != "", filepath.Join("run", prefix+time.Now().Format("2006-01-02-150405"))
	for n := 1; !named; n++ {
		if dir = base; n > 1 { // another run began in this second
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		err := errors.Join(os.MkdirAll("run", 0o777), os.Mkdir(dir, 0o777))
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", nil, fmt.Errorf("making the folder for the result: %w: name another one with --out", err)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", nil, fmt.Errorf("making the folder for the result: %w: name another one with --out", err)
	}
	unlock, err := results.Lock(dir)
	return dir, unlock, err
}

// job checks the options.
func (o options) job(ctx context.Context, args []string) (job, error) {
	if o.timeout <= 0 {
		return job{}, wrongUsage("--timeout %v: give a duration above zero, such as 30s", o.timeout)
	}
	if o.resume != "" {
		fresh := defaultOptions()
		fresh.resume, fresh.timeout, fresh.pythons = o.resume, o.timeout, o.pythons
		o.kept = nil // two functions are never equal
		if len(args) > 0 || !reflect.DeepEqual(o, fresh) {
			return job{}, wrongUsage("--resume goes on with what was asked before: beside it only --timeout and --python have a meaning")
		}
		return resumed(ctx, o)
	}
	profile, err := chapters.FindProfile(o.profile)
	if err != nil {
		return job{}, usageError{err}
	}
	j := job{
		profile: profile, names: args, seed: o.seed, dir: o.out,
		odds: o.odds, timeout: o.timeout,
	}
	if j.seed == 0 {
		j.seed = rand.Uint64()
	}
	if len(j.names) == 0 {
		for _, e := range chapters.All {
			j.names = append(j.names, e.Name)
		}
	}
	if o.tasksOf != "" {
		var note string
		if j.sizes, note, err = sizesOf(ctx, o.tasksOf); err != nil {
			return job{}, err
		}
		if note != "" {
			j.notes = append(j.notes, note)
		}
	}
	j.interpreters(o.pythons)
	return j, o.limits(&j)
}

// interpreters finds the CPythons that were named, or else the one that there is: a machine
// without one is no mistake.
func (j *job) interpreters(names []string) {
	asked := names
	if len(asked) == 0 {
		asked = []string{cpython.Default()}
	}
	found, left := cpython.Search(asked)
	j.pythons = found
	if len(names) == 0 && os.Getenv(cpython.Variable) == "" {
		return
	}
	by := "" // who named it
	if len(names) == 0 {
		by = cpython.Variable + ": "
	}
	for _, err := range left {
		j.notes = append(j.notes, by+err.Error())
	}
}

const (
	mostRounds = 10_000 // far more than any claim needs
	mostOdds   = 1e12
)

// limits reads what bounds a run.
func (o options) limits(j *job) error {
	if o.rounds < 0 || o.rounds > mostRounds {
		return wrongUsage("--rounds %d: give a number from 1 to %d", o.rounds, mostRounds)
	}
	if o.rounds > 0 {
		j.rounds = o.rounds
	}
	if o.budget != "" {
		budget, err := time.ParseDuration(o.budget)
		if err != nil || budget <= 0 {
			return wrongUsage("--budget %s: give a duration above zero, such as 3m", o.budget)
		}
		j.budget = budget
	}
	if o.odds != 0 && !(o.odds >= 2 && o.odds <= mostOdds) {
		return wrongUsage("--odds %v: give a number from 2 to %d: so many to one", o.odds, int(mostOdds))
	}
	return nil
}

// runTrials prepares and runs the trials of a job and returns them all.
func runTrials(ctx context.Context, j job, chosen []card.Chapter, stderr io.Writer) ([]results.Result, error) {
	early := fmt.Errorf("stopped before the first trial: nothing was measured in %s", j.dir)
	if j.done != nil {
		early = fmt.Errorf("stopped before a further trial; go on with `parcon run --resume %s`", j.dir)
	}
	programs, err := programs(ctx, stderr)
	if ctx.Err() != nil {
		return nil, early
	}
	if err != nil {
		return nil, err
	}
	programs.Pythons = j.pythons
	scale := j.scale()
	path := filepath.Join(j.dir, trialsFile)
	if _, err := os.Stat(path); err == nil && j.setup == nil {
		return nil, fmt.Errorf("%s is there already: go on with it by --resume %s, or name another folder with --out", path, j.dir)
	}
	l, cases, err := openTestbed(ctx, j, programs, chosen, scale)
	if ctx.Err() != nil {
		return nil, errors.Join(early, l.Close())
	}
	if err != nil {
		return nil, err
	}
	defer l.Close()
	open := j.rounds == 0 || j.rounds == mostRounds // nobody says how many, now or when it was begun
	follow := report.Follow(catalogue(), chosen, scale, j.odds, j.profile.Least, open)
	j.odds = follow.Odds()
	if j.rounds == 0 {
		j.rounds = j.profile.Rounds
		if _, claims := follow.Decided(); claims > 0 {
			j.rounds, j.budget = mostRounds, cmp.Or(j.budget, j.profile.Budget)
		}
	}
	follow.Budget = j.budget
	plan := runner.Plan{Experiments: cases, Seed: j.seed, Rounds: j.rounds, Budget: j.budget, Sitting: results.NextSitting(j.done)}
	show := newProgress(stderr)
	plan.Rest = func(round int, trials []results.Result) map[string]bool {
		rest := follow.Rest(round, trials)
		show.claims(follow.Decided())
		return rest
	}
	file, err := openFile(path, j, plan, j.describe(l, chosen, scale))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	looker := &looker{file: file}
	plan.Between = looker.between
	if err := looker.before(ctx, j.budget); err != nil {
		return nil, err
	}
	trials, err := runner.Run(ctx, plan, j.done, runner.Watch(l.Try(j.timeout), l.ServerCPU), j.keeping(file), show.tell)
	err = errors.Join(err, looker.after(ctx))
	plan.Rest(mostRounds, trials)
	show.open(follow.Open(), follow.Soon(time.Minute))
	show.end()
	j.tellLanes(ctx, l, stderr)
	if ctx.Err() != nil && len(trials) == 0 {
		return nil, early
	}
	if ctx.Err() != nil {
		return trials, fmt.Errorf("stopped: %d trials are kept in %s; go on with `parcon run --resume %s`", len(trials), path, j.dir)
	}
	return trials, err
}

// keeping keeps results in a file, and tells whoever waits for them.
func (j job) keeping(file *results.File) func(results.Result) error {
	if j.kept == nil {
		return file.Keep
	}
	return func(r results.Result) error {
		if err := file.Keep(r); err != nil {
			return err
		}
		j.kept()
		return nil
	}
}

const trialsFile = "trials.txt"

// programs builds or finds the programs that a run starts.
func programs(ctx context.Context, stderr io.Writer) (testbed.Programs, error) {
	built, err := testbed.Build(ctx)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(stderr, "parcon: %v; until then trials are processes of this program itself, which start more slowly and take more memory\n", err)
		if built, err = testbed.Self(); err != nil {
			return built, err
		}
	}
	return built, nil
}

// openTestbed prepares what trials share and turns the experiments' cases into
// those of the runner.
func openTestbed(ctx context.Context, j job, programs testbed.Programs, chosen []card.Chapter, scale card.Scale) (*testbed.Bed, []runner.Experiment, error) {
	dir, err := filepath.Abs(j.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("finding the folder of the result: %w", err)
	}
	all, err := j.laneCases()
	if err != nil {
		return nil, nil, err
	}
	for _, e := range chosen {
		all = append(all, e.Cases(scale)...)
	}
	l, err := testbed.Open(ctx, programs, dir, j.sizes, all, j.timeout)
	if err != nil {
		return nil, nil, err
	}
	var cases []runner.Experiment
	for _, e := range chosen {
		measured := runner.Experiment{Name: card.Title(e.Name)}
		with := e.ComparedWith(scale)
		for _, c := range e.Cases(scale) {
			rc, err := l.Case(c)
			if err != nil {
				_ = l.Close()
				return nil, nil, usageError{err}
			}
			rc.ComparedWith = with[rc.Variant]
			measured.Cases = append(measured.Cases, rc)
		}
		cases = append(cases, measured)
	}
	return l, cases, nil
}

func openFile(path string, j job, plan runner.Plan, is results.Setup) (*results.File, error) {
	tasks := map[string]int{}
	for _, e := range plan.Experiments {
		for _, c := range e.Cases {
			tasks[e.Name+"/"+c.Variant] = c.Tasks
		}
	}
	count := func(s results.Slot) int { return tasks[s.Experiment+"/"+s.Variant] }
	if j.setup == nil {
		return results.Create(path, is, count)
	}
	if err := same(path, j.setup, is); err != nil {
		return nil, err
	}
	return results.Append(path, j.setup, count)
}
