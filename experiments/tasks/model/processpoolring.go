package model

import "parcon/experiments/tasks/worker"

var processPoolRing = Model{
	Name: "process-pool-ring", Mapping: "a fixed number of processes fed through rings in shared memory; Linux only (1:1, isolated)",
	// A goroutine that sleeps on a futex keeps its place among Go's processors
	// until the runtime notices: there must be one for each.
	Procs: aboveWorkers, Isolated: true,
	Start: func(workers int, job Job) (Crew, error) { return startProcessPool(workers, job, worker.Ring) },
}
