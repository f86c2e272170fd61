package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"parcon/experiments/command"
	"parcon/report/advice"
	"parcon/results"
	"parcon/runner"
	"parcon/runner/protocol"
)

// trying is how a command is tried.
type trying struct {
	argv    []string
	items   []string
	layout  command.Layout
	setting advice.Setting
	timeout time.Duration
	seed    uint64
	program []string
}

// firstLook is how long the command is run by one worker to see what it is like.
const firstLook = 700 * time.Millisecond

// try runs the command a few times, one after the other: how long it takes decides how many
// tasks a trial has, how much memory it takes how many workers there may be.
func (q asking) try(ctx context.Context, argv, items []string, setting *advice.Setting) (trying, error) {
	program, err := batchProgram()
	if err != nil {
		return trying{}, err
	}
	m, err := command.Try(ctx, program, command.Batch{
		Argv: argv, Items: items, Tasks: command.MostItems, Workers: 1, Timeout: q.timeout, Enough: firstLook, Watch: true,
	})
	if ctx.Err() != nil {
		return trying{}, errors.New("stopped before anything was measured")
	}
	if err != nil {
		return trying{}, fmt.Errorf("the command fails by itself: %w", err)
	}
	setting.PerWorker = m["peak-rss-bytes"]
	t := trying{
		argv: argv, items: items, setting: *setting, timeout: q.timeout, seed: q.seed, program: program,
		layout: command.Layout{Took: time.Duration(m["took-ns"]), Cores: int(setting.Cores)},
	}
	if len(items) > 0 {
		t.items = items[:t.layout.Items(len(items))]
	}
	return t, nil
}

// tasks is how many a trial of so many workers has.
func (t trying) tasks(workers int) int { return t.layout.Tasks(workers, max(1, len(t.items))) }

// tasksOf is that for a result.
func (t trying) tasksOf(s results.Slot) int {
	trial, _ := advice.Read(results.Result{Slot: s})
	return t.tasks(max(1, trial.Workers))
}

// mostAdviceRounds bounds the rounds: with these, nothing can be told apart that has not been.
const mostAdviceRounds = 200

// rounds runs trials as long as there is something to find out. The order of the items is
// another one in each round, and the same for all of its trials.
func (t trying) rounds(ctx context.Context, budget time.Duration, keep func(results.Result) error, tell func(round int, next []int)) ([]results.Result, error) {
	var cases []runner.Case
	for w := 1; w <= t.setting.Most; w++ {
		cases = append(cases, runner.Case{Variant: advice.Name(w), Tasks: t.tasks(w), Procs: 1, Order: w})
	}
	items := slices.Clone(t.items)
	rest := func(round int, trials []results.Result) map[string]bool {
		random := rand.New(rand.NewPCG(t.seed, uint64(round)))
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		next := advice.Next(t.setting, advice.ReadAll(trials))
		if len(next) > 0 {
			tell(round, next)
		}
		resting := map[string]bool{}
		for w := 1; w <= t.setting.Most; w++ {
			resting[advice.Experiment+"/"+advice.Name(w)] = !slices.Contains(next, w)
		}
		return resting
	}
	try := func(ctx context.Context, c runner.Case) (protocol.Measurement, error) {
		return command.Try(ctx, t.program, command.Batch{
			Argv: t.argv, Items: items, Tasks: c.Tasks, Workers: c.Order.(int), Timeout: t.timeout,
		})
	}
	plan := runner.Plan{
		Experiments: []runner.Experiment{{Name: advice.Experiment, Cases: cases}},
		Seed:        t.seed, Rounds: mostAdviceRounds, Budget: max(budget, 1), Rest: rest,
	}
	return runner.Run(ctx, plan, nil, runner.Watch(try, nil), keep, func(results.Result, int, int, time.Duration) {})
}
