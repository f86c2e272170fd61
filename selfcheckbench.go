package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/child"
	"parcon/experiments/gobench"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
	"parcon/report"
	"parcon/results"
	"parcon/runner"
	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// A bench holds the two things that are compared: the same work, and a little
// more.
type bench struct {
	same, more *testbed.Bed
	programs   testbed.Programs
	self       string
	keep       func(results.Result) error
	show       func(st stage, comparison int)
	random     *rand.Rand
}

func openBench(ctx context.Context, dir string) (*bench, error) {
	programs, err := testbed.Build(ctx)
	if err != nil {
		if programs, err = testbed.Self(); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the path of this program: %w", err)
	}
	b := &bench{programs: programs, self: self}
	cases := []card.Case{{Variant: selfcheckVariant(), Tasks: 1}}
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding the folder of the result: %w", err)
	}
	if b.same, err = testbed.Open(ctx, programs, full, nil, cases, time.Minute); err != nil {
		return nil, err
	}
	// The calibrated size is for a task of the catalogue's length. A multiple of
	// 100 has a whole number of percents.
	size := b.same.Sizes()[selfcheckWork] * int(selfcheckTask) / int(testbed.Lengths.Length)
	size = max(100, size/100*100)
	_ = b.same.Close()
	open := func(percent int) (*testbed.Bed, error) {
		return testbed.Open(ctx, programs, full, map[string]int{selfcheckWork: size * (100 + percent) / 100}, cases, time.Minute)
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
func (b *bench) stage(ctx context.Context, st stage) error {
	if st.machine == report.MachineDisturbed && st.repeat > 0 {
		end, err := disturb(b.programs)
		if err != nil {
			return err
		}
		defer end()
	}
	for i := range st.repeat {
		ways := []func(context.Context, stage, int) error{b.parcon, b.usual}
		first := b.random.IntN(2)
		for _, way := range []int{first, 1 - first} {
			if err := ways[way](ctx, st, i); err != nil {
				return err
			}
		}
		b.show(st, i+1)
	}
	return nil
}

// disturb starts the drifting load; end stops it.
func disturb(programs testbed.Programs) (end func(), err error) {
	cmd := proc.Command(append(append([]string{}, programs.Trial...), child.Disturb), nil)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the disturbance: %w", err)
	}
	if err := proc.Start(cmd); err != nil {
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
	labs := [2]*testbed.Bed{b.same, b.same}
	if st.effect != 0 {
		labs[1] = b.more
	}
	var sides [2]runner.Case
	for i, l := range labs {
		c, err := l.Case(card.Case{Variant: selfcheckVariant(), Tasks: st.tasks})
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
// fresh process, and no further one once the evidence is told.
func (b *bench) parcon(ctx context.Context, st stage, comparison int) error {
	sides, err := b.sides(st, report.WayParcon, comparison)
	if err != nil {
		return err
	}
	plan := runner.Plan{
		Experiments: []runner.Experiment{{Name: card.Title(report.SelfcheckExperiment), Cases: sides[:]}},
		Seed:        b.random.Uint64(), Rounds: st.rounds,
		Rest: func(round int, trials []results.Result) map[string]bool {
			all := map[string]bool{}
			if told(sides, round, trials) {
				for _, c := range sides {
					all[card.Title(report.SelfcheckExperiment)+"/"+c.Variant] = true
				}
			}
			return all
		},
	}
	keep := func(r results.Result) error {
		maps.DeleteFunc(r.Values, func(unit string, _ float64) bool { return !slices.Contains(keptUnits, unit) })
		return b.keep(r)
	}
	try := runner.Watch(b.same.Child(time.Minute).Try, nil)
	_, err = runner.Run(ctx, plan, nil, try, keep, func(results.Result, int, int, time.Duration) {})
	return err
}

// told says that the sides are called different by the rounds before one.
func told(sides [2]runner.Case, round int, trials []results.Result) bool {
	var ns [2][]float64
	for i := range ns {
		ns[i] = make([]float64, round) // 0 stays where a trial failed
	}
	for _, r := range trials {
		for i, c := range sides {
			if r.Variant == c.Variant && r.Round < round {
				ns[i][r.Round] = r.Values["ns/op"]
			}
		}
	}
	return report.Told(ns[0], ns[1])
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
		side := gobench.Side{Order: c.Order.(child.Order), Count: st.samples, Length: st.sample, Program: []string{b.self}}
		samples, err := side.Measure(ctx, c.Procs)
		if err != nil {
			return err
		}
		life := float64(time.Since(started)) / float64(len(samples))
		for i, ns := range samples {
			slot := results.Slot{Experiment: card.Title(report.SelfcheckExperiment), Variant: c.Variant, Round: i}
			if err := b.keep(results.Result{Slot: slot, Values: protocol.Measurement{"ns/op": ns, "life-ns": life}}); err != nil {
				return err
			}
		}
	}
	return nil
}
