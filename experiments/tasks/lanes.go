package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/variant"
)

// LaneModels are those whose lanes are drawn unless others are named.
var LaneModels = []string{"serial", "goroutine", "thread", "gil-lock", "loop", "process-pool"}

// PythonLanes are those beside them where there is a CPython.
var PythonLanes = []string{"cpython-thread"}

// tracedPython are the models of CPython that can tell who ran when.
var tracedPython = []string{"cpython-serial", "cpython-thread", "cpython-pool"}

// LaneWork is a workload of each kind, in the words of LaneCases.
var LaneWork = []string{"primes", "sleep", "mix/cpu=50"}

const (
	// laneLength is that of a CPU-bound task of which lanes are drawn: Go takes the turn from
	// a goroutine after 10 ms, so that each is cut a few times.
	laneLength = "25ms"
	// mostLaneWorkers and laneTasks for each of them leave slices that can be told apart.
	mostLaneWorkers = 4
	laneTasks       = 4
)

// LaneCases are the cases whose lanes are drawn: a workload, with its parameters behind a
// slash ("mix/cpu=25"), under some models. With 0 workers there are as many as cores, at
// least 2 and at most 4, and twice as many for tasks that wait; serial has one. Models of
// CPython are drawn on the newest one that there is, of those with a GIL if there are any.
func LaneCases(work string, models []string, pythons []card.Python, workers, cores int) ([]card.Case, error) {
	if strings.HasPrefix(work, "workload=") {
		return nil, fmt.Errorf("workload %q: write the name alone, such as primes or mix/cpu=25", work)
	}
	base, err := variant.Parse("workload=" + work)
	if err != nil {
		return nil, err
	}
	w, err := workload.Find(Workloads, base.Get("workload"))
	if err != nil {
		return nil, err
	}
	if w.Kind == workload.CPU && w.Sized && base.Get("length") == "" {
		base = base.With("length", laneLength)
	}
	if workers == 0 {
		workers = min(max(cores, 2), mostLaneWorkers)
		if w.Kind != workload.CPU {
			workers *= 2
		}
	}
	var cases []card.Case
	for _, name := range models {
		n := workers
		if strings.HasSuffix(name, "serial") {
			n = 1
		}
		v := base.With("model", name).With("workers", strconv.Itoa(n))
		if m, err := model.Find(name); err == nil && m.Python {
			if !slices.Contains(tracedPython, name) {
				return nil, fmt.Errorf("model %s: of CPython's models lanes are drawn of %s", name, strings.Join(tracedPython, ", "))
			}
			if len(pythons) == 0 {
				return nil, fmt.Errorf("model %s: there is no CPython: install python3, or name one with --python", name)
			}
			v = v.With("python", string(cmp.Or(slices.Concat(card.WithGIL(pythons), pythons)...)))
		}
		if _, err := Parse(v.String()); err != nil {
			return nil, err
		}
		cases = append(cases, card.Run(laneTasks*workers, v))
	}
	return cases, nil
}
