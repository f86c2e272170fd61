package report

import (
	"fmt"
	"slices"
	"strconv"

	"parcon/experiments"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// grid looks at the trials of one experiment as a grid: workload, model,
// workers.
type grid struct {
	table      *Table
	experiment string
	cells      []variant.Variant // in the order of the file, without twins
}

func gridOf(t *Table, experiment string) grid {
	g := grid{t, experiment, nil}
	prefix := experiments.Title(experiment) + "/"
	for _, name := range t.names {
		if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
			continue
		}
		v, err := variant.Parse(name[len(prefix):])
		if err == nil && v.Get("twin") == "" && v.Get("model") != "" {
			g.cells = append(g.cells, v)
		}
	}
	return g
}

// work is the part of a variant that names its task.
func work(v variant.Variant) variant.Variant {
	return v.Without("model").Without("workers")
}

// works lists the tasks of the grid by name, as in "primes" or "mix/cpu=50".
func (g grid) works() []string {
	var names []string
	for _, v := range g.cells {
		if name := work(v).String()[len("workload="):]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func cell(task, model string, workers int) variant.Variant {
	v, err := variant.Parse("workload=" + task)
	if err != nil {
		return variant.Variant{}
	}
	return v.With("model", model).With("workers", strconv.Itoa(workers))
}

// workers lists the numbers of workers that a model has for a task, ascending.
func (g grid) workers(task, model string) []int {
	var all []int
	for _, v := range g.cells {
		n, err := v.Int("workers", 1)
		if err == nil && v.Get("model") == model && work(v).String() == "workload="+task {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// models lists the models that a task has with that many workers, in the order
// of modelOrder.
func (g grid) models(task string, workers int) []string {
	var all []string
	for _, m := range modelOrder() {
		if slices.Contains(g.workers(task, m), workers) {
			all = append(all, m)
		}
	}
	return all
}

// speedup is the throughput over serial's.
func (g grid) speedup(task, model string, workers int) stat.Interval {
	return g.table.ratio(g.experiment, cell(task, "serial", 1), cell(task, model, workers), "ns/op")
}

func (g grid) center(task, model string, workers int, unit string) stat.Interval {
	return g.table.center(g.experiment, cell(task, model, workers), unit)
}

// A winner is the best model of a task.
type winner struct {
	model   string
	workers int
	speedup stat.Interval
}

func (w winner) String() string {
	return fmt.Sprintf("%s with %d workers", w.model, w.workers)
}

// fastest finds the model with the best speed-up among all or, with workers
// above 0, among those with that many.
func (g grid) fastest(task string, workers int) (winner, bool) {
	var best winner
	for _, m := range modelOrder() {
		for _, w := range g.workers(task, m) {
			if m == "serial" || workers > 0 && w != workers {
				continue
			}
			if s := g.speedup(task, m, w); s.N > 0 && (best.model == "" || s.Estimate > best.speedup.Estimate) {
				best = winner{m, w, s}
			}
		}
	}
	return best, best.model != ""
}
