// Package tasks is the grid: workloads x models x workers. Its chapters ask which
// model wins for tasks that compute, that wait, that do some of both, and for
// thousands of them. The workloads and the models have packages of their own, which
// never import each other.
package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/remote"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/variant"
)

// Workloads lists all workloads. Those of workload.Remote lack their code, which
// package child has: programs that only need to know their names start faster.
var Workloads = slices.Concat(workload.All, workload.Remote)

// MaxWorkers is the most workers that a variant may name: every one is a
// goroutine at least, and may be a thread or a process.
const MaxWorkers = 100_000

// Grid is a parsed variant of the grid: workload x model x workers.
type Grid struct {
	Workload workload.Workload
	Share    int
	Delay    time.Duration // 0: the run's
	Length   time.Duration // of a CPU-bound task; 0: the run's
	Model    model.Model
	Python   card.Python // of a model of CPython
	Workers  int
	Prefetch int    // of a model on a message queue: tasks that a worker takes ahead
	Store    string // of such a model: see package remote
}

// Keys are the keys of a variant of the grid. twin tells apart two that are
// the same.
var Keys = []string{"workload", "cpu", "delay", "length", "python", "model", "workers", "prefetch", "store", "twin"}

// Parse reads a variant's name and says what is wrong with it.
func Parse(name string) (Grid, error) {
	v, err := variant.Parse(name)
	if err != nil {
		return Grid{}, err
	}
	var g Grid
	for _, key := range v.Keys() {
		if !slices.Contains(Keys, key) {
			return g, fmt.Errorf("variant %q: there is no key %q: use %s", name, key, strings.Join(Keys, ", "))
		}
	}
	if g.Workload, err = workload.Find(Workloads, v.Get("workload")); err != nil {
		return g, err
	}
	if g.Model, err = model.Find(v.Get("model")); err != nil {
		return g, err
	}
	if g.Python, err = python(v, g); err != nil {
		return g, err
	}
	if g.Share, err = v.Int("cpu", 50); err != nil {
		return g, err
	}
	if g.Share < 0 || g.Share > 100 {
		return g, fmt.Errorf("variant %q: cpu=%d: give a share from 0 to 100 percent", name, g.Share)
	}
	if v.Get("cpu") != "" && g.Workload.Kind != workload.Mix {
		return g, fmt.Errorf("variant %q: tasks of %s have no cpu=: it is for workload=mix", name, g.Workload.Name)
	}
	if g.Delay, err = Duration(v, "delay"); err != nil {
		return g, err
	}
	if g.Length, err = Duration(v, "length"); err != nil {
		return g, err
	}
	if g.Length > 0 && (g.Workload.Kind != workload.CPU || !g.Workload.Sized) {
		return g, fmt.Errorf("variant %q: tasks of %s have no length=: it is for CPU-bound ones", name, g.Workload.Name)
	}
	if g.Workers, err = v.Int("workers", 1); err != nil {
		return g, err
	}
	if g.Workers < 1 || g.Workers > MaxWorkers {
		return g, fmt.Errorf("workers=%d: give a number from 1 to %d", g.Workers, MaxWorkers)
	}
	return g, g.queue(v)
}

// Baseline is the serial variant that a variant of this point stands beside.
func (g Grid) Baseline(v variant.Variant) variant.Variant {
	return v.Without("prefetch").Without("store").With("model", g.Model.Serial()).With("workers", "1")
}

// queue reads how a model on a message queue is connected.
func (g *Grid) queue(v variant.Variant) (err error) {
	if g.Store = v.Get("store"); !g.Model.Remote && (g.Store != "" || v.Get("prefetch") != "") {
		return fmt.Errorf("variant %q: model %s has neither store= nor prefetch=: they are for the model distributed", v, g.Model.Name)
	}
	if g.Store = cmp.Or(g.Store, remote.Memory); !slices.Contains(remote.Stores, g.Store) {
		return fmt.Errorf("variant %q: store=%s: use %s", v, g.Store, strings.Join(remote.Stores, ", "))
	}
	if g.Prefetch, err = v.Int("prefetch", 1); err != nil {
		return err
	}
	if g.Prefetch < 1 || g.Prefetch > remote.MaxPrefetch {
		return fmt.Errorf("variant %q: prefetch=%d: give a number from 1 to %d", v, g.Prefetch, remote.MaxPrefetch)
	}
	return nil
}

// python is the CPython that a variant names, as its model demands.
func python(v variant.Variant, g Grid) (card.Python, error) {
	name := card.Python(v.Get("python"))
	switch {
	case !g.Model.Python && name != "":
		return "", fmt.Errorf("variant %q: model %s has no python=: it is for models of CPython", v, g.Model.Name)
	case g.Model.Python && name == "":
		return "", fmt.Errorf("variant %q: model %s lacks python=, such as python=3.11.7: name a version that is there", v, g.Model.Name)
	case g.Model.Python && !slices.Contains(cpython.CrewWorkloads, g.Workload.Name):
		return "", fmt.Errorf("variant %q: tasks of %s are not written in Python: use %s", v, g.Workload.Name, strings.Join(cpython.CrewWorkloads, ", "))
	}
	return name, nil
}

// Duration is the value of a key that is one, 0 if the variant lacks it.
func Duration(v variant.Variant, key string) (time.Duration, error) {
	text := v.Get(key)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("variant %q: %s=%s is not a duration such as 100ms", v, key, text)
	}
	if d <= 0 {
		return 0, fmt.Errorf("variant %q: %s=%s is not a duration above zero such as 100ms", v, key, text)
	}
	return d, nil
}

// Variant is one point of the grid. work is a workload, with its parameters behind
// a slash: "mix/cpu=25".
func Variant(work, modelName string, workers int) variant.Variant {
	v, err := variant.Parse("workload=" + work)
	if err != nil {
		panic(err) // the catalogue itself is wrong
	}
	return v.With("model", modelName).With("workers", strconv.Itoa(workers))
}

// kind lists the workloads of a kind.
func kind(k workload.Kind) []string {
	var names []string
	for _, w := range Workloads {
		if w.Kind == k {
			names = append(names, w.Name)
		}
	}
	return names
}

// Procs is the GOMAXPROCS of a variant's process.
func Procs(v variant.Variant, cores int) (int, error) {
	m, err := model.Find(v.Get("model"))
	if err != nil {
		return 0, err
	}
	workers, err := v.Int("workers", 1)
	if err != nil {
		return 0, err
	}
	return m.Procs(workers, cores), nil
}

// Count is as many tasks as the chapters give to a trial of a workload of that
// kind.
func Count(k workload.Kind, workers, cores int) int {
	switch k {
	case workload.IO:
		return waitingWaves * workers
	case workload.None:
		return 100_000
	}
	return max(garbageTasks*cores, workers)
}
