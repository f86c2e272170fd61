package model

import "github.com/alitto/pond/v2"

var pondPool = Model{
	Name: "pond", Mapping: "github.com/alitto/pond: a pool of goroutines (M:N)",
	Procs: allCores,
	Start: func(workers int, job Job) (Crew, error) {
		return pondCrew{job: job, pool: pond.NewPool(workers)}, nil
	},
}

type pondCrew struct {
	inProcess
	job  Job
	pool pond.Pool
}

func (c pondCrew) Run(n int) error {
	group := c.pool.NewGroup()
	for task := range n {
		group.SubmitErr(func() error { return c.job.Run(task) })
	}
	return group.Wait()
}

func (c pondCrew) Close() error {
	c.pool.StopAndWait()
	return nil
}
