package model

import (
	"parcon/experiments/procpool"
	"parcon/experiments/tasks/worker"
	"parcon/runner/usage"
)

var processPool = Model{
	Name: "process-pool", Mapping: "a fixed number of processes fed through pipes (1:1, isolated)",
	Procs: allCores, Isolated: true,
	Start: func(workers int, job Job) (Crew, error) { return startProcessPool(workers, job, worker.Serve) },
}

func startProcessPool(workers int, job Job, mode string) (Crew, error) {
	p, err := procpool.Start(job.Worker.argv(mode), procpool.Options{
		Workers: workers, Ring: mode == worker.Ring, Env: job.Worker.Env,
	})
	if err != nil {
		return nil, err
	}
	return processPoolCrew{job, p}, nil
}

type processPoolCrew struct {
	job  Job
	pool *procpool.Pool
}

func (c processPoolCrew) Run(n int) error {
	return c.pool.Map(n, worker.Request, func(task int, answer []byte) error {
		result, err := worker.ParseResult(answer)
		if err != nil {
			return err
		}
		return c.job.report(task, result)
	})
}

func (c processPoolCrew) Usage() (usage.Usage, error) {
	answers, err := c.pool.Each(worker.UsageRequest())
	if err != nil {
		return usage.Usage{}, err
	}
	var sum usage.Usage
	for _, answer := range answers {
		u, err := usage.Decode(answer)
		if err != nil {
			return usage.Usage{}, err
		}
		sum = sum.Plus(u)
	}
	return sum, nil
}

func (c processPoolCrew) Close() error { return c.pool.Close() }
