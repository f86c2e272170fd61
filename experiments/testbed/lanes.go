package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/child"
	"parcon/experiments/lane"
	"parcon/experiments/lane/gotrace"
	"parcon/experiments/scratch"
	"parcon/experiments/tasks"
	"parcon/runner/cgroup"
)

// Lanes runs a case of the grid once, traced, and returns who ran when, with slices as
// narrow as a picture shows.
func (l *Bed) Lanes(ctx context.Context, c card.Case, timeout time.Duration) (t lane.Timeline, err error) {
	g, err := tasks.Parse(c.Variant.String())
	if err != nil {
		return t, err
	}
	rc, err := l.Case(c)
	if err != nil {
		return t, err
	}
	path := filepath.Join(l.setting.Dir, scratch.Name()+"-trace")
	defer func() {
		if gone := os.Remove(path); gone != nil && err == nil {
			err = fmt.Errorf("removing an execution trace: %w", gone)
		}
	}()
	order, ok := rc.Order.(child.Order)
	if !ok {
		return t, errors.New("tracing " + rc.Variant + ": it has no order")
	}
	order.Trace = path
	rc.Order = order
	m, err := l.Try(timeout)(ctx, rc)
	if err != nil {
		return t, fmt.Errorf("tracing %s: %w", rc.Variant, err)
	}
	by := gotrace.Processor
	if g.Model.Threads {
		by = gotrace.Thread
	}
	f, err := os.Open(path)
	if err != nil {
		return t, fmt.Errorf("opening an execution trace: %w", err)
	}
	defer f.Close()
	if t, err = read(f, by, g.Model.Python); err != nil {
		return t, err
	}
	t.Variant, t.Cores, t.Busy = rc.Variant, cgroup.Cores(), m["cores-busy"]
	whole := t.Facts()
	t.Whole = &whole
	return t.Thin(t.Span() / lane.Steps), nil
}

// read reads what a traced run wrote: an execution trace of Go, or the lanes that Python
// told of.
func read(f *os.File, by gotrace.By, python bool) (lane.Timeline, error) {
	if !python {
		return gotrace.Read(f, by)
	}
	all, err := lane.Read(f)
	if err == nil && len(all) != 1 {
		err = fmt.Errorf("reading the lanes of Python: %d runs where one was traced", len(all))
	}
	if err != nil {
		return lane.Timeline{}, err
	}
	return all[0], nil
}
