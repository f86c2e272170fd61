// Package trial measures a crew at its tasks: what they took, what they consumed, whether
// their answers are right.
//
// It needs nothing but Go's standard library and stands in programs of other modules too, see
// package gofunc.
package trial

import (
	"maps"
	"path/filepath"
	"runtime"
	"runtime/metrics"

	"parcon/experiments/tasks/model"
	"parcon/runner/clock"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// A Trial is ready to be measured, once.
type Trial struct {
	Tasks int
	Crew  model.Crew // started, with the Record's Run and Report
	Log   *Record
}

// Measure runs the tasks and returns the values of the result line.
func (t *Trial) Measure() (protocol.Measurement, error) {
	t.Log.reset()
	ended := usage.Children()
	before, err := t.usage(usage.Self)
	if err != nil {
		return nil, err
	}
	gcBefore, start := gcSeconds(), clock.Now()
	if err := t.Crew.Run(t.Tasks); err != nil {
		return nil, err
	}
	end := clock.Now()
	gc := gcSeconds() - gcBefore
	after, err := t.usage(usage.SelfAfter)
	if err != nil {
		return nil, err
	}
	used := after.Since(before)
	if usage.Children() != ended {
		used.NoRunDelay = true // that of processes which ended is not in it
	}
	if c, ok := t.Crew.(model.Collector); ok {
		if err := c.Collect(); err != nil {
			return nil, err
		}
	}
	parts, err := partsOf(t.Crew)
	if err != nil {
		return nil, err
	}
	threads := countThreads()
	if err := t.Crew.Close(); err != nil {
		return nil, err
	}
	m := t.Log.measurement(start, end, used)
	maps.Copy(m, parts)
	m["gomaxprocs"] = float64(runtime.GOMAXPROCS(0))
	m["gc-share"] = gc * 1e9 / float64(max(1, used.CPU()))
	if threads > 0 {
		m["threads"] = float64(threads)
	}
	return m, nil
}

// partsOf is what the parts of a crew consumed, of one whose parts are told apart.
func partsOf(crew model.Crew) (map[string]float64, error) {
	if a, ok := crew.(model.Assembly); ok {
		return a.Parts()
	}
	return nil, nil
}

// usage adds up this process, its ended children and the crew's live ones.
func (t *Trial) usage(self func() usage.Usage) (usage.Usage, error) {
	crew, err := t.Crew.Usage()
	return self().Plus(usage.Children()).Plus(crew), err
}

// gcSeconds is the CPU time of the garbage collector in this process, as of
// the end of its last cycle.
func gcSeconds() float64 {
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return sample[0].Value.Float64()
}

// countThreads counts this process's threads, 0 where the system does not tell.
func countThreads() int {
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return 0
	}
	return len(tasks)
}
