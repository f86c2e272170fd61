package model

// gil has the throughput of threads under CPython's global interpreter lock,
// where a thread lets the lock go while it is blocked (Python/ceval_gil.c): at
// GOMAXPROCS=1 one locked thread runs at a time and the turn passes on when a
// timer or a socket blocks it. It differs in two points. A blocked system call
// on a file gives the turn up only when Go's monitor notices, after 20 us to
// 10 ms, so short file calls gain less than under CPython. And Go preempts after
// 10 ms where CPython asks for the lock after 5 ms.
var gil = Model{
	Name: "gil", Mapping: "kernel threads of which one runs at a time, giving up the turn while blocked: a GIL emulated",
	Procs: oneCore, Threads: true,
	Start: startThreads,
}
