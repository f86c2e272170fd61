package model

// gil has the throughput of threads under CPython's global interpreter lock,
// where a thread lets the lock go while it is blocked (Python/ceval_gil.c): at
// GOMAXPROCS=1 one locked thread runs at a time and the turn passes on at every
// blocking call. It has not its latency: Go preempts after 10 ms, CPython asks
// for the lock after 5 ms.
var gil = Model{
	Name: "gil", Mapping: "kernel threads of which one runs at a time, giving up the turn while blocked: a GIL emulated",
	Procs: oneCore,
	Start: startThreads,
}
