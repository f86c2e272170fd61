// Package lane holds who ran when: the timeline of one traced run, cut in slices, each a
// stretch of time in which one task was in one state on one lane. A lane is whatever runs one
// task at a time: a processor of Go's scheduler, a kernel thread, a process.
//
// A Timeline has a plain text form (Write, Read), which a report is made of, and says what
// is to be seen in it (Finding). Who makes slices need not know who draws them: package
// gotrace reads them from an execution trace of Go, and whatever else can stamp a
// task, such as another interpreter, makes its own.
package lane

import (
	"cmp"
	"slices"
	"time"
)

// State is what a task did in a slice.
type State string

// The states of a task that has begun and is not done.
const (
	Running State = "running" // computes
	Waiting State = "waiting" // is blocked: sleeps, or waits for an answer or a system call
	Ready   State = "ready"   // could run, and waits for a turn
)

// Unknown is the core of a moment at which nobody looked.
const Unknown = -1

// A Slice is a stretch of time of one task. Times count from the beginning of the run.
type Slice struct {
	Lane       string // such as "P0", "thread 4711", "process 4711"; "" if the task held none
	Task       int
	State      State
	Core, Last int // the kernel's core at Start and at End, or Unknown
	Start, End time.Duration
}

// A Timeline is one traced run.
type Timeline struct {
	Variant string  // as in a result file: workload=primes/model=gil/workers=2
	Cores   int     // that the run could use
	Busy    float64 // cores, the mean over the run
	Left    int     // slices that Thin left out
	Whole   *Facts  // of all slices, from before Thin; nil if nobody looked
	Slices  []Slice
}

// Lanes are those on which tasks ran, in the order of their numbers.
func (t Timeline) Lanes() []string {
	var names []string
	for _, s := range t.running() {
		if !slices.Contains(names, s.Lane) {
			names = append(names, s.Lane)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return names
}

// Seen are the cores on which a lane was seen when its tasks began and ended, the lowest first.
func (t Timeline) Seen(name string) []int {
	var cores []int
	for _, s := range t.Slices {
		if s.Lane == name {
			cores = append(cores, s.Core, s.Last)
		}
	}
	slices.Sort(cores)
	return slices.DeleteFunc(slices.Compact(cores), func(core int) bool { return core == Unknown })
}

// Span is the time until the last slice ends.
func (t Timeline) Span() time.Duration {
	var end time.Duration
	for _, s := range t.Slices {
		end = max(end, s.End)
	}
	return end
}

// running are the slices in which a lane ran a task, by their beginning.
func (t Timeline) running() []Slice {
	var all []Slice
	for _, s := range t.Slices {
		if s.State == Running && s.Lane != "" {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Slice) int { return cmp.Compare(a.Start, b.Start) })
	return all
}
