package trial

import (
	"cmp"
	"fmt"
	"slices"

	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// A Record checks each task's answer and keeps when it ran. Every task has its
// own place in stamps, so tasks that run at once need no lock.
type Record struct {
	tasks   int
	task    func(seed uint64) (answer uint64, err error)
	answers []uint64
	stamps  []stamp
	every   int // one of so many tasks is stamped
}

type stamp struct{ start, end int64 }

// maxStamps bounds the memory that stamps take: above it tasks are sampled.
const maxStamps = 1 << 17

// NewRecord makes the record of so many tasks. answers holds the right answer for each
// seed: that of a task is its number modulo how many they are. task may be called from many
// goroutines at once.
func NewRecord(tasks int, answers []uint64, task func(seed uint64) (answer uint64, err error)) *Record {
	every := (tasks + maxStamps - 1) / maxStamps
	return &Record{tasks, task, answers, make([]stamp, (tasks+every-1)/every), every}
}

func (r *Record) seed(task int) uint64 { return uint64(task % len(r.answers)) }

func (r *Record) reset() { clear(r.stamps) }

// Run runs a task in this process.
func (r *Record) Run(task int) error {
	if task%r.every != 0 {
		answer, err := r.task(r.seed(task))
		if err != nil {
			return err
		}
		return r.check(task, answer)
	}
	start := clock.Now()
	answer, err := r.task(r.seed(task))
	if err != nil {
		return err
	}
	return r.Report(task, answer, start, clock.Now())
}

// Report takes a task that ran somewhere.
func (r *Record) Report(task int, answer uint64, start, end int64) error {
	if task%r.every == 0 {
		r.stamps[task/r.every] = stamp{start, end}
	}
	return r.check(task, answer)
}

func (r *Record) check(task int, answer uint64) error {
	if want := r.answers[r.seed(task)]; answer != want {
		return fmt.Errorf("wrong answer: task %d gave %d, the serial run gave %d", task, answer, want)
	}
	return nil
}

// measurement is what the stamps and the consumption say about the time from
// start to end.
func (r *Record) measurement(start, end int64, used usage.Usage) protocol.Measurement {
	tasks := float64(r.tasks)
	wall := float64(end - start)
	m := protocol.Measurement{
		"ns/op":                wall / tasks,
		"cpu-ns/op":            float64(used.CPU()) / tasks,
		"user-ns/op":           float64(used.User) / tasks,
		"sys-ns/op":            float64(used.System) / tasks,
		"cores-busy":           float64(used.CPU()) / wall,
		"in-flight":            r.inFlight() / wall,
		"ctxsw/op":             float64(used.Voluntary+used.Involuntary) / tasks,
		"involuntary-ctxsw/op": float64(used.Involuntary) / tasks,
		"peak-rss-bytes":       float64(used.PeakRSS),
	}
	if r.every == 1 {
		m["max-in-flight"] = float64(maxInFlight(r.stamps))
	}
	if !used.NoRunDelay {
		m["run-delay-ns"] = float64(used.RunDelay)
	}
	latencies := r.latencies()
	m["p50-ns"] = quantile(latencies, 0.50)
	m["p99-ns"] = quantile(latencies, 0.99)
	m["max-ns"] = quantile(latencies, 1)
	return m
}

// inFlight is the time that all tasks took, added up. Divided by the wall time
// it is the mean number of tasks in flight (Little's law).
func (r *Record) inFlight() float64 {
	var sum int64
	for _, s := range r.stamps {
		sum += s.end - s.start
	}
	return float64(sum) * float64(r.every)
}

func (r *Record) latencies() []int64 {
	all := make([]int64, len(r.stamps))
	for i, s := range r.stamps {
		all[i] = s.end - s.start
	}
	slices.Sort(all)
	return all
}

// quantile picks the smallest value that a share q of all values does not
// exceed (the nearest rank).
func quantile(sorted []int64, q float64) float64 {
	i := int(q*float64(len(sorted))+0.999999) - 1
	return float64(sorted[min(max(i, 0), len(sorted)-1)])
}

// maxInFlight is the most tasks that ran at one moment. A task that ends as
// another starts was not running beside it.
func maxInFlight(stamps []stamp) int {
	type event struct {
		at    int64
		delta int
	}
	events := make([]event, 0, 2*len(stamps))
	for _, s := range stamps {
		events = append(events, event{s.start, 1}, event{s.end, -1})
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.delta, b.delta))
	})
	now, most := 0, 0
	for _, e := range events {
		now += e.delta
		most = max(most, now)
	}
	return most
}
