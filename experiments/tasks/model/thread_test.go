package model_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
	"parcon/runner/usage"
)

// BenchmarkThreadProcs is what a task takes under thread with several numbers of Go's
// processors: as many as cores, one more, as many as workers, one more. They take turns in
// every iteration, another one first each time, and what is told of each is the median over
// the iterations: its time and its CPU time over those with as many as cores, and how often in
// a task the kernel took a core from a thread (forced): where it hardly does, Go's scheduler
// hands the cores on. Beside other programs only CPU time tells, as more threads get more of
// a machine that is shared.
func BenchmarkThreadProcs(b *testing.B) {
	cores := runtime.NumCPU()
	for _, work := range []string{"primes", "allocate", "json"} {
		for _, times := range []int{1, 2, 4, 8} {
			workers := times * cores
			b.Run(fmt.Sprintf("workload=%s/workers=%d", work, workers), func(b *testing.B) {
				procs := []int{cores, cores + 1, workers, workers + 1}
				slices.Sort(procs)
				compareProcs(b, taskOf(b, work, time.Millisecond), 64, workers, slices.Compact(procs))
			})
		}
	}
	// More tasks than the queue holds, so that who sends them needs a turn.
	workers := 5 * cores
	b.Run(fmt.Sprintf("workload=primes/length=20us/workers=%d", workers), func(b *testing.B) {
		compareProcs(b, taskOf(b, "primes", 20*time.Microsecond), 5_000, workers, []int{cores, workers, workers + 1})
	})
}

func compareProcs(b *testing.B, task workload.Task, tasks, workers int, procs []int) {
	m, err := model.Find("thread")
	if err != nil {
		b.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.NumCPU())
	crew, err := m.Start(workers, model.Job{Run: func(i int) error {
		_, err := task(workload.Seed(i))
		return err
	}})
	if err != nil {
		b.Fatal(err)
	}
	wall, cpu, forced := make([][]float64, len(procs)), make([][]float64, len(procs)), make([][]float64, len(procs))
	for i := range b.N {
		took, used := make([]float64, len(procs)), make([]float64, len(procs))
		for k := range procs {
			at := (i + k) % len(procs)
			runtime.GOMAXPROCS(procs[at])
			before, start := usage.Self(), time.Now()
			if err := crew.Run(tasks); err != nil {
				b.Fatal(err)
			}
			took[at] = float64(time.Since(start))
			spent := usage.Self().Since(before)
			used[at] = float64(spent.CPU())
			forced[at] = append(forced[at], float64(spent.Involuntary)/float64(tasks))
		}
		for at := range procs {
			wall[at], cpu[at] = append(wall[at], took[at]/took[0]), append(cpu[at], used[at]/used[0])
		}
	}
	if err := crew.Close(); err != nil {
		b.Fatal(err)
	}
	for at, n := range procs {
		b.ReportMetric(median(wall[at]), fmt.Sprintf("wall-procs=%d", n))
		b.ReportMetric(median(cpu[at]), fmt.Sprintf("cpu-procs=%d", n))
		b.ReportMetric(median(forced[at]), fmt.Sprintf("forced-procs=%d", n))
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// taskOf is a task of about a length.
func taskOf(b *testing.B, name string, length time.Duration) workload.Task {
	w, err := workload.Find(workload.All, name)
	if err != nil {
		b.Fatal(err)
	}
	for size := 1; ; size += 1 + size/4 {
		task, err := w.New(workload.Params{Name: name, Size: size})
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		if _, err := task(1); err != nil {
			b.Fatal(err)
		}
		if time.Since(start) >= length {
			return task
		}
	}
}
