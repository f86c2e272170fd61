package model

import (
	"context"
	"fmt"
	"sync"

	"github.com/panjf2000/ants/v2"
)

var antsPool = Model{
	Name: "ants", Mapping: "github.com/panjf2000/ants: a pool of goroutines (M:N)",
	Procs: allCores,
	Start: func(workers int, job Job) (Crew, error) {
		p, err := ants.NewPool(workers)
		if err != nil {
			return nil, fmt.Errorf("starting an ants pool of %d: %w", workers, err)
		}
		return antsCrew{job: job, pool: p}, nil
	},
}

type antsCrew struct {
	inProcess
	job  Job
	pool *ants.Pool
}

func (c antsCrew) Run(n int) error {
	var failed firstError
	var running sync.WaitGroup
	for task := range n {
		running.Add(1)
		err := c.pool.Submit(func() {
			defer running.Done()
			failed.note(c.job.Run(task))
		})
		if err != nil {
			running.Done()
			failed.note(fmt.Errorf("giving task %d to the ants pool: %w", task, err))
			break
		}
	}
	running.Wait()
	return failed.get()
}

func (c antsCrew) Close() error {
	// Release alone does not wait.
	return c.pool.ReleaseContext(context.Background())
}
