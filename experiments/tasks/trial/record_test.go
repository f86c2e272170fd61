package trial

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"parcon/experiments/tasks/workload"
	"parcon/runner/usage"
)

// plusTen is a task whose answers are 10, 11 ... 17.
func plusTen(seed uint64) (uint64, error) { return 10 + seed, nil }

var plusTenAnswers = []uint64{10, 11, 12, 13, 14, 15, 16, 17}

func TestRecordTakesRightAnswersOnly(t *testing.T) {
	r := NewRecord(100, plusTenAnswers, plusTen)
	for task := range 100 {
		if err := r.Run(task); err != nil {
			t.Error(err)
		}
		if err := r.Report(task, 10+workload.Seed(task), 5, 6); err != nil {
			t.Error(err)
		}
	}
	// The answer of another task is as wrong as any.
	const want = "wrong answer: task 9 gave 12, the serial run gave 11"
	if err := r.Report(9, 12, 5, 6); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	r.task = func(uint64) (uint64, error) { return 0, nil }
	if err := r.Run(9); err == nil || !strings.HasPrefix(err.Error(), "wrong answer: task 9 gave 0") {
		t.Errorf("error %v", err)
	}
}

// With more tasks than stamps some are not timed, but all are checked.
func TestRecordSamplesWhatItCannotHold(t *testing.T) {
	for _, c := range []struct{ tasks, every, stamps int }{
		{1, 1, 1},
		{maxStamps, 1, maxStamps},
		{maxStamps + 1, 2, maxStamps/2 + 1},
		{10*maxStamps - 1, 10, maxStamps},
	} {
		r := NewRecord(c.tasks, plusTenAnswers, plusTen)
		if r.every != c.every || len(r.stamps) != c.stamps {
			t.Fatalf("%d tasks: every %d, %d stamps, want %d, %d", c.tasks, r.every, len(r.stamps), c.every, c.stamps)
		}
		var running sync.WaitGroup
		for first := range 2 { // each task has a place of its own
			running.Go(func() {
				for task := first; task < c.tasks; task += 2 {
					if err := r.Report(task, 10+workload.Seed(task), int64(task), int64(task+3)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		for i, s := range r.stamps {
			if want := (stamp{int64(i * c.every), int64(i*c.every + 3)}); s != want {
				t.Fatalf("%d tasks: stamp %d is %v, want %v", c.tasks, i, s, want)
			}
		}
		m := r.measurement(0, int64(c.tasks), usage.Usage{})
		if _, all := m["max-in-flight"]; all != (c.every == 1) {
			t.Errorf("%d tasks: a sample cannot tell how many ran at once: %v", c.tasks, m)
		}
		last := c.tasks - 1
		r.answers = make([]uint64, workload.Seeds)
		if err := r.Report(last, 10, 0, 0); err == nil {
			t.Errorf("%d tasks: the last one is not checked", c.tasks)
		}
	}
}

func TestMeasurement(t *testing.T) {
	r := NewRecord(4, plusTenAnswers, plusTen)
	// Two at a time for 100 ns each, from 1000 to 1200.
	for task, start := range []int64{1000, 1000, 1100, 1100} {
		if err := r.Report(task, 10+workload.Seed(task), start, start+100); err != nil {
			t.Fatal(err)
		}
	}
	used := usage.Usage{User: 200, System: 100, Voluntary: 6, Involuntary: 2, PeakRSS: 4096, RunDelay: 70}
	m := r.measurement(1000, 1200, used)
	for unit, want := range map[string]float64{
		"ns/op": 50, "cpu-ns/op": 75, "user-ns/op": 50, "sys-ns/op": 25, "cores-busy": 1.5, "in-flight": 2,
		"max-in-flight": 2, "ctxsw/op": 2, "involuntary-ctxsw/op": 0.5, "peak-rss-bytes": 4096,
		"p50-ns": 100, "p99-ns": 100, "max-ns": 100, "run-delay-ns": 70,
	} {
		if m[unit] != want {
			t.Errorf("%s is %v, want %v", unit, m[unit], want)
		}
	}
	if _, found := r.measurement(1000, 1200, usage.Usage{NoRunDelay: true})["run-delay-ns"]; found {
		t.Error("a run delay that is not known is in the measurement")
	}
	r.reset()
	if m := r.measurement(1000, 1200, used); m["in-flight"] != 0 {
		t.Errorf("after reset %v in flight", m["in-flight"])
	}
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	for _, c := range []struct {
		values []int64
		q      float64
		want   float64
	}{
		{[]int64{7}, 0, 7},
		{[]int64{7}, 0.5, 7},
		{[]int64{7}, 1, 7},
		{[]int64{1, 2, 3, 4}, 0.5, 2},
		{[]int64{1, 2, 3, 4, 5}, 0.5, 3},
		{[]int64{1, 2, 3, 4}, 0.51, 3},
		{[]int64{1, 2, 3, 4}, 1, 4},
	} {
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %v of %v: %v, want %v", c.q, c.values, got, c.want)
		}
	}
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(i + 1)
	}
	if p99 := quantile(hundred, 0.99); p99 != 99 {
		t.Errorf("p99 of 1 to 100: %v", p99)
	}
}

// The reference asks at each moment how many run.
func TestMaxInFlight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stamps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) stamp {
			start := rapid.Int64Range(0, 20).Draw(t, "start")
			return stamp{start, start + rapid.Int64Range(1, 10).Draw(t, "length")}
		}), 0, 15).Draw(t, "stamps")
		want := 0
		for at := range int64(30) {
			now := 0
			for _, s := range stamps {
				if s.start <= at && at < s.end {
					now++
				}
			}
			want = max(want, now)
		}
		if got := maxInFlight(slices.Clone(stamps)); got != want {
			t.Fatalf("%v: %d, want %d", stamps, got, want)
		}
	})
}
