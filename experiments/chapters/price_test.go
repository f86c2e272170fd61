package chapters_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/child"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/trial"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

func emptyVariant(modelName string, workers int) variant.Variant {
	return variant.New("workload", "empty", "model", modelName, "workers", strconv.Itoa(workers))
}

// BenchmarkEmpty is what each model takes to hand out a task that does nothing,
// stamps and the check of the answer included.
func BenchmarkEmpty(b *testing.B) {
	for _, m := range model.All {
		if m.Python {
			continue // an empty task is of Go
		}
		c := card.Case{Variant: emptyVariant(m.Name, runtime.NumCPU())}
		b.Run(c.Variant.String(), func(b *testing.B) { benchmarkCase(b, c) })
	}
}

// BenchmarkBetweenTrials is the time from the end of the measured part of one
// trial to the start of that of the next.
func BenchmarkBetweenTrials(b *testing.B) {
	for _, name := range []string{"serial", "goroutine", "thread", "gil", "process-pool"} {
		c := card.Case{
			Variant: variant.New("workload", "primes", "model", name, "workers", strconv.Itoa(runtime.NumCPU())),
			Tasks:   20,
		}
		b.Run(c.Variant.String(), func(b *testing.B) {
			of, start := caseOf(b, c), laboratory(b).Child(time.Minute)
			var measured time.Duration
			b.ResetTimer()
			for range b.N {
				m, err := start.Try(context.Background(), of)
				if err != nil {
					b.Fatal(err)
				}
				measured += time.Duration(m["ns/op"] * float64(c.Tasks))
			}
			b.ReportMetric(float64(b.Elapsed()-measured)/float64(b.N), "ns/op")
		})
	}
}

// BenchmarkHarness compares a model with a hand-written loop of its shape on
// tasks of 1 ms. The two take turns, so that they meet the same machine; the
// ratio of their times comes with the ends of its 95 % interval.
func BenchmarkHarness(b *testing.B) {
	cores := runtime.NumCPU()
	task := millisecond(b)
	for _, shape := range []struct {
		model, procs string // procs: the model whose number of processors the loop has
		hand         func(tasks, workers int, run func(int))
	}{
		{"goroutine", "goroutine", handGoroutines},
		{"pool", "pool", handPool},
		{"thread", "thread", handThreads},
		{"process-pool", "pool", handPool},
	} {
		b.Run("model="+shape.model, func(b *testing.B) {
			m, err1 := model.Find(shape.model)
			loop, err2 := model.Find(shape.procs)
			if err := errors.Join(err1, err2); err != nil {
				b.Fatal(err)
			}
			crew := startCrew(b, m, cores, task)
			defer crew.Close()
			defer runtime.GOMAXPROCS(cores)
			byHand := func() error {
				runtime.GOMAXPROCS(loop.Procs(cores, cores))
				shape.hand(harnessTasks, cores, func(i int) { _, _ = task.run(workload.Seed(i)) })
				return nil
			}
			byModel := func() error {
				runtime.GOMAXPROCS(m.Procs(cores, cores))
				return crew.Run(harnessTasks)
			}
			var hand, harness []float64
			for i := range b.N {
				// Who goes first alternates: the second finds warmer caches.
				first, second := &hand, &harness
				runs := []func() error{byHand, byModel}
				if i%2 == 1 {
					first, second = second, first
					slices.Reverse(runs)
				}
				*first = append(*first, timed(b, runs[0]))
				*second = append(*second, timed(b, runs[1]))
			}
			r := stat.Once{Series: stat.RatioSeries(harness, hand)}.Interval(stat.Level)
			b.ReportMetric(r.Estimate, "ratio")
			if r.Known() {
				b.ReportMetric(r.Low, "ratio-low")
				b.ReportMetric(r.High, "ratio-high")
			}
		})
	}
}

const harnessTasks = 100

func timed(b *testing.B, run func() error) float64 {
	start := time.Now()
	if err := run(); err != nil {
		b.Fatal(err)
	}
	return float64(time.Since(start))
}

// fixedTask is a task of the workload primes with its right answers.
type fixedTask struct {
	params  workload.Params
	run     workload.Task
	answers []uint64
}

// millisecond is a task of primes that takes about 1 ms.
func millisecond(b *testing.B) fixedTask {
	w, err := workload.Find(workload.All, "primes")
	if err != nil {
		b.Fatal(err)
	}
	size := 1000
	for {
		t := fixedTask{params: workload.Params{Name: w.Name, Size: size}}
		if t.run, err = w.New(t.params); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		for seed := range uint64(workload.Seeds) {
			answer, _ := t.run(seed)
			t.answers = append(t.answers, answer)
		}
		if time.Since(start) >= workload.Seeds*time.Millisecond*9/10 {
			return t
		}
		size += size / 10
	}
}

func startCrew(b *testing.B, m model.Model, workers int, task fixedTask) model.Crew {
	programs, err := testbed.Self()
	if err != nil {
		b.Fatal(err)
	}
	record := trial.NewRecord(harnessTasks, task.answers, task.run)
	crew, err := m.Start(workers, model.Job{
		Run: record.Run, Report: record.Report,
		Worker: model.WorkerCommand{Program: append(programs.Trial, child.Worker), Params: task.params.Args(), Env: []string{"GOMAXPROCS=1"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return crew
}

func handGoroutines(tasks, workers int, run func(int)) {
	var wg sync.WaitGroup
	places := make(chan struct{}, workers)
	for i := range tasks {
		places <- struct{}{}
		wg.Add(1)
		go func() {
			run(i)
			<-places
			wg.Done()
		}()
	}
	wg.Wait()
}

func handPool(tasks, workers int, run func(int)) { handWorkers(tasks, workers, run, func() {}) }

func handThreads(tasks, workers int, run func(int)) {
	handWorkers(tasks, workers, run, runtime.LockOSThread)
}

func handWorkers(tasks, workers int, run func(int), begin func()) {
	var wg sync.WaitGroup
	queue := make(chan int, tasks)
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			begin()
			for i := range queue {
				run(i)
			}
		}()
	}
	for i := range tasks {
		queue <- i
	}
	close(queue)
	wg.Wait()
}
