package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// grid looks at the trials of one experiment as a grid: workload, model,
// workers.
type grid struct {
	table      *Table
	experiment string
	cells      []variant.Variant // in the order of the file, second ones of A/A pairs apart
}

func gridOf(t *Table, experiment string) grid {
	g := grid{t, experiment, nil}
	prefix := card.Title(experiment) + "/"
	for _, name := range t.names {
		if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
			continue
		}
		v, err := variant.Parse(name[len(prefix):])
		if v.Get("python") != "" && experiment != "single" {
			continue // their work is another: they stand beside, and have their own baseline
		}
		if err == nil && v.Get("twin") == "" && v.Get("model") != "" && v.Get("workload") != "" {
			g.cells = append(g.cells, v)
		}
	}
	return g
}

// order is that of models everywhere: the catalogue's.
func (g grid) order() []string { return g.table.catalogue.Models }

// taskOf names a variant's task, as in "primes" or "mix/cpu=50".
func taskOf(v variant.Variant) string {
	return strings.TrimPrefix(v.Without("model").Without("workers").Without("twin").String(), "workload=")
}

// baseline is the variant that another one's speed is compared with.
func baseline(v variant.Variant) variant.Variant {
	serial := "serial"
	if v.Get("python") != "" {
		serial = "cpython-serial"
	}
	return v.With("model", serial).With("workers", "1")
}

// works lists the tasks of the grid by name.
func (g grid) works() []string {
	var names []string
	for _, v := range g.cells {
		if name := taskOf(v); !slices.Contains(names, name) {
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
		if err == nil && v.Get("model") == model && taskOf(v) == task {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all
}

// counts lists the numbers of workers that any model has for a task, ascending.
func (g grid) counts(task string) []int {
	var all []int
	for _, m := range g.order() {
		all = append(all, g.workers(task, m)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// models lists the models that a task has with that many workers, in the order
// of the catalogue.
func (g grid) models(task string, workers int) []string {
	var all []string
	for _, m := range g.order() {
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

// A point is a model with a number of workers, and what it was measured to bring.
type point struct {
	model   string
	workers int
	speedup stat.Interval
}

// String names it: "thread with 32 workers".
func (p point) String() string {
	return fmt.Sprintf("%s with %s", p.model, number.Plural(p.workers, "worker"))
}

// points are those of a task under some models that have a speed-up, the highest
// first, and of those that are as high the ones with the fewest workers.
func (g grid) points(task string, models []string) []point {
	var all []point
	for _, m := range models {
		for _, w := range g.workers(task, m) {
			if s := g.speedup(task, m, w); m != "serial" && s.N > 0 {
				all = append(all, point{m, w, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b point) int {
		return cmp.Or(cmp.Compare(b.speedup.Estimate, a.speedup.Estimate), cmp.Compare(a.workers, b.workers))
	})
	return all
}

// best is the highest point of a task under some models. Title and table take the
// number from here, so that they say the same.
func (g grid) best(task string, models ...string) (point, bool) {
	all := g.points(task, models)
	if len(all) == 0 {
		return point{}, false
	}
	return all[0], true
}

// A winner is the best model of a task.
type winner struct {
	models  []string // the best, and what the samples cannot tell from it
	workers int      // the fewest that are as good
	speedup stat.Interval
}

// String names the winner and those that may be as good.
func (w winner) String() string {
	return fmt.Sprintf("%s with %s", strings.Join(w.models, ", "), number.Plural(w.workers, "worker"))
}

// fastest finds the model with the best speed-up among all or, with workers
// above 0, among those with that many. Several may be as good as the samples can
// tell: then the winner is, of those with the fewest workers, the best.
func (g grid) fastest(task string, workers int) (winner, bool) {
	all := g.points(task, g.order())
	if workers > 0 {
		all = slices.DeleteFunc(all, func(p point) bool { return p.workers != workers })
	}
	if len(all) == 0 {
		return winner{}, false
	}
	best := all[0]
	good := slices.DeleteFunc(all, func(e point) bool {
		return (e.model != best.model || e.workers != best.workers) &&
			!g.alike(task, best.model, e.model, best.workers, e.workers)
	})
	fewest := slices.MinFunc(good, func(a, b point) int { return cmp.Compare(a.workers, b.workers) }).workers
	w := winner{workers: fewest}
	for _, e := range good {
		if e.workers == fewest {
			if w.models == nil {
				w.speedup = e.speedup
			}
			w.models = append(w.models, e.model)
		}
	}
	return w, true
}

// alike says that the samples do not tell two models apart: the interval of
// their ratio holds 1. With too few rounds for an interval nothing is alike.
func (g grid) alike(task, a, b string, workersA, workersB int) bool {
	r := g.table.ratio(g.experiment, cell(task, a, workersA), cell(task, b, workersB), "ns/op")
	return r.Known() && r.Low <= 1 && 1 <= r.High
}
