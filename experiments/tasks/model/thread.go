package model

var thread = Model{
	Name: "thread", Mapping: "a fixed number of kernel threads, which the kernel shares out over the cores (1:1)",
	Procs: aThread, Threads: true,
	Start: startThreads,
}

// aThread is one of Go's processors for each thread: with fewer Go's scheduler would hand
// the cores from thread to thread. None is to spare, because the collector takes one that is
// idle for a core that is: two threads on two cores took 1.93 ms for a task that allocates
// with 2 of them and 2.35 with 3, for one of json 1.43 and 1.67. Thousands of threads get no
// more than mostProcs.
//
// More threads than cores pay for every processor more than cores, if their tasks make
// garbage, and for one to spare too. CPU time of a task over that with 2 processors, on two
// cores (medians of 40 turns, of primes 30, beside other load; BenchmarkThreadProcs):
//
//	threads              4                8               16
//	processors        3    4    5      3    8    9      3   16   17
//	allocate       1.16 1.25 1.38   1.18 1.37 1.41   1.11 1.43 1.46
//	json           1.04 1.11 1.13   1.08 1.27 1.27   1.09 1.30 1.33
//	primes         1.00 1.00 1.00   1.01 1.01 1.01   1.01 1.01 0.99
//
// Who sends the tasks gets his turns without one to spare: ten threads took as long for
// 5,000 tasks of 20 us with 10 as with 11, and lost their core less often. Work that makes no
// garbage pays nothing: what many threads cost a task that allocates is no price of threads.
func aThread(workers, cores int) int { return max(cores, min(workers, mostProcs)) }

func startThreads(workers int, job Job) (Crew, error) {
	if workers > mostProcs {
		listSleepers(workers)
	}
	return startPool(workers, job, true), nil
}
