package model

import "golang.org/x/sync/errgroup"

var errgroupPool = Model{
	Name: "errgroup", Mapping: "golang.org/x/sync/errgroup with a limit: a goroutine for every task (M:N)",
	Procs: allCores,
	Start: func(workers int, job Job) (Crew, error) { return errgroupCrew{job: job, workers: workers}, nil },
}

type errgroupCrew struct {
	inProcess
	job     Job
	workers int
}

func (c errgroupCrew) Run(n int) error {
	var group errgroup.Group
	group.SetLimit(c.workers)
	for task := range n {
		group.Go(func() error { return c.job.Run(task) })
	}
	return group.Wait()
}
