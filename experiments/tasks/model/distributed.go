package model

import (
	"time"

	"parcon/experiments/remote"
	"parcon/experiments/tasks/worker"
	"parcon/runner/usage"
)

var distributed = Model{
	Name: "distributed", Mapping: "a fixed number of processes that only a message queue connects, as if each were on a machine of its own (1:1, isolated)",
	Procs:    oneCore, // this process only waits
	Isolated: true, Remote: true,
	Start: func(workers int, job Job) (Crew, error) {
		p, err := remote.Start(remote.Options{
			Program: job.Queue.Program, Workers: workers, Env: job.Worker.Env,
			Order: remote.Order{
				Dir: job.Queue.Dir, Store: job.Queue.Store, Prefetch: job.Queue.Prefetch,
				Patience: queuePatience, Params: job.Worker.Params,
			},
		})
		if err != nil {
			return nil, err
		}
		return &distributedCrew{job: job, pool: p}, nil
	},
}

// queuePatience is far beyond what a busy machine needs: no worker of a trial is lost.
const queuePatience = 10 * time.Second

type distributedCrew struct {
	job   Job
	pool  *remote.Pool
	ran   int
	start remote.Usages // before the last run
}

func (c *distributedCrew) Run(n int) (err error) {
	c.ran = n
	if c.start, err = c.pool.Usage(); err != nil {
		return err
	}
	return c.pool.Run(n)
}

// Collect takes the answers, which the master has kept: to hand them over here is no part
// of a task.
func (c *distributedCrew) Collect() error {
	return c.pool.Answers(c.ran, func(task int, body []byte) error {
		result, err := worker.ParseResult(body)
		if err != nil {
			return err
		}
		return c.job.report(task, result)
	})
}

func (c *distributedCrew) Usage() (usage.Usage, error) {
	u, err := c.pool.Usage()
	return u.All(), err
}

// Parts is the CPU time of each part for a task of the last run.
func (c *distributedCrew) Parts() (map[string]float64, error) {
	u, err := c.pool.Usage()
	return u.Since(c.start).Each(c.ran), err
}

func (c *distributedCrew) Close() error { return c.pool.Close() }
