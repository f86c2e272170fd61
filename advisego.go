package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parcon/experiments/checkout"
	"parcon/experiments/gofunc"
	"parcon/experiments/gofunc/subject"
	"parcon/experiments/tasks/model"
	"parcon/experiments/testbed"
	"parcon/report/choice"
	"parcon/results"
	"parcon/runner"
	"parcon/runner/cgroup"
)

// askingGo is what a user can ask of a Go function.
type askingGo struct {
	terms
	function string
	race     bool
}

// finding is what is known of a function before it is measured.
type finding struct {
	function gofunc.Function
	program  gofunc.Program
	called   gofunc.Called
	checked  bool     // its answers are
	unsafe   string   // why it must not be called at once; "" if nothing speaks against it
	races    string   // the report of the race detector
	notes    []string // what else is to be known
	cores    int
	most     int // workers
}

// run is the whole command: build, look at the function, look for races, measure, answer.
func (q askingGo) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	if err := q.check(); err != nil {
		return err
	}
	begin := time.Now()
	work, err := checkout.OpenFolder(filepath.Join(testbed.Cache(), "function"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	tell := func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	f, err := q.look(ctx, work.Path, tell)
	if ctx.Err() != nil {
		return errors.New("stopped before anything was measured")
	}
	if err != nil {
		return err
	}
	keep, done, err := q.keeping("workload="+f.function.String(), results.Setup{{Key: results.KeyGOGC, Value: "100"}},
		func(results.Slot) int { return len(f.called.Answers) })
	if err != nil {
		return err
	}
	defer done()
	tell("measuring %s for %v", f.function, q.budget)
	trials, err := q.rounds(ctx, &f, q.budget-min(q.budget/2, time.Since(begin)), keep, newProgress(stderr))
	if err != nil && ctx.Err() == nil {
		return err
	}
	if ctx.Err() != nil {
		if trials = wholeRounds(trials); len(trials) == 0 {
			return errors.New("stopped before a round of trials was whole: nothing can be said")
		}
	}
	return q.answer(ctx, f, trials, stdout)
}

// wholeRounds leaves out the last round, which was interrupted.
func wholeRounds(trials []results.Result) []results.Result {
	if len(trials) == 0 {
		return nil
	}
	last := trials[len(trials)-1].Round
	return slices.DeleteFunc(slices.Clone(trials), func(r results.Result) bool { return r.Round == last })
}

// look builds the program and finds out what can be told of the function before it is
// measured.
func (q askingGo) look(ctx context.Context, dir string, tell func(string, ...any)) (f finding, err error) {
	guard, err := testbed.Guard()
	if err != nil {
		return f, err
	}
	tool, err := gofunc.NewTool(guard, dir)
	if err != nil {
		return f, err
	}
	if f.function, err = gofunc.Find(ctx, tool, q.function); err != nil {
		return f, err
	}
	tell("building a trial program for %s", f.function)
	source, err := gofunc.NewSource(ownSources, f.function)
	if err != nil {
		return f, err
	}
	f.program.Timeout, f.program.Folder, f.cores = q.timeout, source.Folder(), cgroup.Cores()
	if f.program.Path, err = gofunc.Build(ctx, tool, f.function, source, dir, false); err != nil {
		return f, err
	}
	if err := q.pilot(ctx, &f); err != nil {
		return f, fmt.Errorf("%s cannot be measured: %w", f.function, err)
	}
	if !q.race {
		f.notes = append(f.notes, "not checked for races: --race=false")
		return f, nil
	}
	tell("looking for data races in %s", f.function)
	return f, q.races(ctx, &f, tool, source, dir)
}

// The calls of a serial trial take a share of the budget, in which rounds of a dozen variants
// must find room: when the function waits a larger one, because most of them take much less
// then. leastLook is for calls that are over at once.
const (
	lookShare    = 400
	waitingShare = 75
	leastLook    = 10 * time.Millisecond
	mostCalls    = 10_000
)

// fullWaves is a number of calls, or some fewer, that the workers which will be tried, twice as
// many each time from one for each core on, can share out evenly: one call more than they can
// has all but one of them wait for it.
func fullWaves(calls, cores, most int) int {
	wave := cores
	for 2*wave <= min(most, calls) {
		wave *= 2
	}
	return max(1, calls/wave) * wave
}

// pilot calls the function one call after another: how long it takes decides how many calls a
// trial has. It is done twice, in two processes, and what differs cannot be checked.
func (q askingGo) pilot(ctx context.Context, f *finding) error {
	enough := max(leastLook, q.budget/lookShare)
	first, err := f.program.Call(ctx, subject.Question{Tasks: mostCalls, Enough: enough})
	if err != nil {
		return err
	}
	n := len(first.Answers)
	if first.CPU < first.Wall/2 {
		n = max(n, int(float64(n)*float64(q.budget/waitingShare)/float64(first.Wall)))
	}
	n = fullWaves(min(max(n, 2*f.cores), mostCalls), f.cores, q.atMost)
	if f.called, err = f.program.Call(ctx, subject.Question{Tasks: n, Enough: time.Hour}); err != nil {
		return err
	}
	if f.called.Failed == n {
		return fmt.Errorf("all of %d calls failed: %s", n, f.called.First)
	}
	f.most = min(q.atMost, n)
	f.checked = f.function.Checked
	for i, a := range first.Answers[:min(n, len(first.Answers))] {
		if f.called.Answers[i] == a {
			continue
		}
		if (a == subject.Failure) != (f.called.Answers[i] == subject.Failure) {
			return fmt.Errorf("called with %d it fails in one process and not in another: it must do the same each time", i)
		}
		f.checked = false
		f.notes = append(f.notes, fmt.Sprintf("answers are not checked: called with %d it gives another one in each process", i))
		break
	}
	if f.called.Failed > 0 {
		f.notes = append(f.notes, fmt.Sprintf("it fails in %d of %d calls: %s", f.called.Failed, n, f.called.First))
	}
	if !f.function.Checked {
		f.notes = append(f.notes, "it returns no answer: whether it does its work is told by its time and CPU time alone")
	}
	return nil
}

// racing is how many calls at once the race detector looks at, for each core, and the calls in
// all, for as long as they do not take more than raceTime alone.
const (
	racing   = 4
	raceTime = 500 * time.Millisecond
)

// races runs some calls at once with the race detector.
func (q askingGo) races(ctx context.Context, f *finding, tool gofunc.Tool, source gofunc.Source, dir string) error {
	path, err := gofunc.Build(ctx, tool, f.function, source, dir, true)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		f.notes = append(f.notes, "not checked for races: the go command cannot build with -race: "+err.Error())
		return nil
	}
	logs := filepath.Join(dir, "races")
	if err := os.Mkdir(logs, 0o755); err != nil {
		return err
	}
	raced, few := f.program, f.called
	raced.Path = path
	n := len(few.Answers)
	few.Answers = few.Answers[:min(n, max(2*racing*f.cores, int(float64(n)*float64(raceTime)/float64(few.Wall))))]
	m, err := model.Find("goroutine")
	if err != nil {
		return err
	}
	c := gofunc.Case(m, racing*f.cores, f.cores, few, !f.checked, "races")
	c.Procs = max(c.Procs, 2)
	f.races, err = raced.Races(ctx, c, logs)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case f.races != "":
		f.unsafe = fmt.Sprintf("the race detector reports a data race when %d calls run at once", racing*f.cores)
	case err != nil:
		f.unsafe = fmt.Sprintf("it fails when %d calls run at once: %s", racing*f.cores, why(err.Error()))
	default:
		f.notes = append(f.notes, fmt.Sprintf("the race detector saw nothing in %d calls, %d at once", len(few.Answers), racing*f.cores))
	}
	return nil
}

// why says of a task what a user knows as a call.
func why(reason string) string {
	return strings.NewReplacer("wrong answer: task ", "wrong answer: the call with ", "the serial run", "alone it").Replace(reason)
}

// mostChoiceRounds bounds the rounds: after these nothing can be told apart that has not been.
const mostChoiceRounds = 200

// rounds runs trials as long as there is something to find out.
func (q askingGo) rounds(ctx context.Context, f *finding, budget time.Duration, keep func(results.Result) error, show *progress) ([]results.Result, error) {
	defer show.end()
	all, err := q.candidates(ctx, f)
	if err != nil {
		return nil, err
	}
	e := runner.Experiment{Name: choice.Experiment}
	for _, x := range all {
		c, err := f.of(x)
		if err != nil {
			return nil, err
		}
		e.Cases = append(e.Cases, c)
	}
	plan := runner.Plan{Experiments: []runner.Experiment{e}, Seed: q.seed, Rounds: mostChoiceRounds, Budget: budget}
	plan.Rest = func(_ int, trials []results.Result) map[string]bool {
		next, rest := choice.Next(f.setting(), all, choice.Read(trials)), map[string]bool{}
		for _, x := range all {
			rest[choice.Experiment+"/"+x.Name(f.function.String())] = !slices.Contains(next, x)
		}
		return rest
	}
	tell := func(r results.Result, finished, total int, left time.Duration) {
		if r.Failed == "" { // else the answer says so
			show.tell(r, finished, total, left)
		}
	}
	return runner.Run(ctx, plan, nil, runner.Watch(f.program.Child().Try, nil), keep, tell)
}

func (f finding) setting() choice.Setting { return choice.Setting{Cores: f.cores, Unsafe: f.unsafe} }

// of is a case.
func (f finding) of(x choice.Variant) (runner.Case, error) {
	m, err := model.Find(x.Model)
	return gofunc.Case(m, x.Workers, f.cores, f.called, !f.checked, x.Name(f.function.String())), err
}

// processStart is what a process for a task takes at least.
const processStart = time.Millisecond

// candidates looks how many goroutines pay, and names what is to be measured.
func (q askingGo) candidates(ctx context.Context, f *finding) ([]choice.Variant, error) {
	var times []float64
	for f.unsafe == "" {
		w := choice.Climb(f.cores, f.most, times)
		if w == 0 {
			break
		}
		c, err := f.of(choice.Variant{Model: "goroutine", Workers: w})
		if err != nil {
			return nil, err
		}
		m, err := f.program.Child().Try(ctx, c)
		if ctx.Err() != nil {
			return nil, errors.New("stopped before anything was measured")
		}
		if err != nil {
			f.unsafe = fmt.Sprintf("under goroutine by %d it fails: %s", w, why(err.Error()))
			break
		}
		times = append(times, m["ns/op"])
	}
	n := time.Duration(len(f.called.Answers))
	processes := n*processStart/time.Duration(f.cores) < 2*f.called.Wall
	if !processes {
		f.notes = append(f.notes, "not measured: process, because to start one takes longer than many calls")
	}
	return choice.Candidates(f.cores, f.most, choice.Top(f.cores, f.most, times), processes, f.unsafe == ""), nil
}
