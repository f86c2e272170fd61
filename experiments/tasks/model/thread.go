package model

var thread = Model{
	Name: "thread", Mapping: "a fixed number of kernel threads, which the kernel shares out over the cores (1:1)",
	Procs: aboveWorkers,
	Start: startThreads,
}

func startThreads(workers int, job Job) (Crew, error) { return startPool(workers, job, true), nil }
