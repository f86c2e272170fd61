package main

import (
	"context"
	"time"

	"parcon/results"
	"parcon/runner/doctor"
)

// glanceShare is how much of a run's time looks at the machine may take.
const glanceShare = 0.01

// firstGlance is what a look is taken to cost before there was one.
const firstGlance = 300 * time.Millisecond

// A looker looks at the machine while a run measures, between blocks of trials, as often
// as it may: of runs of less than half a minute never.
type looker struct {
	file    *results.File
	started time.Time
	looks   int
	spent   time.Duration
}

// due says whether a look more is within the share of so much time.
func (l *looker) due(of time.Duration) bool {
	cost := firstGlance
	if l.looks > 0 {
		cost = l.spent / time.Duration(l.looks)
	}
	return float64(l.spent+cost) <= glanceShare*float64(of)
}

// before looks once if the run may last for so long, 0 if nobody knows.
func (l *looker) before(ctx context.Context, budget time.Duration) error {
	if l.started = time.Now(); l.due(budget) {
		return l.look(ctx)
	}
	return nil
}

// between looks if it is time to.
func (l *looker) between(ctx context.Context) error {
	if l.due(time.Since(l.started)) {
		return l.look(ctx)
	}
	return nil
}

// after looks a last time at a machine that was looked at before.
func (l *looker) after(ctx context.Context) error {
	if l.looks == 0 || ctx.Err() != nil {
		return nil
	}
	return l.look(ctx)
}

func (l *looker) look(ctx context.Context) error {
	start := time.Now()
	err := l.file.Look(doctor.Glance(ctx).Values())
	l.looks++
	l.spent += time.Since(start)
	return err
}
