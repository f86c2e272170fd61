package model

import "sync"

var goroutine = Model{
	Name: "goroutine", Mapping: "a goroutine for every task, a limited number at once, on all cores (M:N)",
	Procs: allCores,
	Start: startGoroutines,
}

func startGoroutines(workers int, job Job) (Crew, error) {
	return goroutineCrew{job: job, workers: workers}, nil
}

type goroutineCrew struct {
	inProcess
	job     Job
	workers int
}

func (c goroutineCrew) Run(n int) error {
	var failed firstError
	var running sync.WaitGroup
	places := make(chan struct{}, c.workers)
	for task := range n {
		if failed.any() {
			break
		}
		places <- struct{}{}
		running.Go(func() {
			failed.note(c.job.Run(task))
			<-places
		})
	}
	running.Wait()
	return failed.get()
}
