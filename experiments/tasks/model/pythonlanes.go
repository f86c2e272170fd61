package model

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parcon/experiments/cpython"
	"parcon/experiments/lane"
)

// A Laned is such a crew that tells, when it is traced, who ran when: no execution trace does.
type Laned interface {
	Collector
	// Lanes are that. They count from begin (clock.Now), and Collect comes before them.
	Lanes(begin int64) []lane.Slice
}

// pythonLanes are who ran when: of threads by the turns that they noted, of processes by
// what each task consumed, as if it computed first: so are threads that noted none, because
// they only wait. Times count from begin.
func pythonLanes(tasks []cpython.Task, turns []cpython.Turn, threads bool, begin int64) []lane.Slice {
	names, kind := map[int]string{}, "process %d"
	if threads {
		kind = "thread %d"
	}
	// A thread may lose its turn between looking at the clock and noting it.
	slices.SortStableFunc(turns, func(a, b cpython.Turn) int { return cmp.Compare(a.At, b.At) })
	slices.SortFunc(tasks, func(a, b cpython.Task) int { return cmp.Compare(a.Start, b.Start) })
	var all []lane.Slice
	for _, t := range tasks {
		if names[t.Worker] == "" {
			number := t.Worker
			if threads { // their identifiers are addresses
				number = len(names) + 1
			}
			names[t.Worker] = fmt.Sprintf(kind, number)
		}
		cut := cutByUse(t)
		if len(turns) > 0 {
			cut = cutByTurns(t, turns)
		}
		for _, s := range cut {
			s.Lane, s.Task, s.Core, s.Last = names[t.Worker], t.Number, lane.Unknown, lane.Unknown
			s.Start, s.End = s.Start-time.Duration(begin), s.End-time.Duration(begin)
			if s.End == time.Duration(t.End-begin) {
				s.Last = t.Core
			}
			all = append(all, s)
		}
	}
	return all
}

// cutByUse has the CPU time of a task at its beginning. Slices count from 0 here.
func cutByUse(t cpython.Task) []lane.Slice {
	start, end := time.Duration(t.Start), time.Duration(t.End)
	middle := min(start+t.CPU, end)
	return solid([]lane.Slice{{State: lane.Running, Start: start, End: middle}, {State: lane.Waiting, Start: middle, End: end}})
}

// cutByTurns has a task run from where its worker begins a turn to where another one does,
// or it ends. Before its last turn it was ready else, and after it it waited.
func cutByTurns(t cpython.Task, turns []cpython.Turn) []lane.Slice {
	at := t.Start
	state := lane.Ready
	var all []lane.Slice
	change := func(when int64, to lane.State) {
		all = append(all, lane.Slice{State: state, Start: time.Duration(at), End: time.Duration(when)})
		at, state = when, to
	}
	for _, turn := range turns {
		switch {
		case turn.At < t.Start || turn.At > t.End:
		case turn.Worker == t.Worker && turn.Begins:
			change(turn.At, lane.Running)
		case turn.Worker == t.Worker:
			change(turn.At, lane.Waiting)
		case turn.Begins && state == lane.Running:
			change(turn.At, lane.Ready)
		}
	}
	change(t.End, state)
	return solid(all)
}

// solid leaves out slices of no length.
func solid(all []lane.Slice) []lane.Slice {
	return slices.DeleteFunc(all, func(s lane.Slice) bool { return s.End <= s.Start })
}
