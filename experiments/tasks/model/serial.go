package model

var serial = Model{
	Name: "serial", Mapping: "one goroutine at a time, one task after another, on one core: the baseline",
	// One core for the garbage collector too: with more, the collector of a
	// "serial" program runs in parallel to it.
	Procs: oneCore,
	// A goroutine for every task, as under loop, so that the two differ in nothing but
	// how many tasks are in flight. On one core Go's collector marks only when the
	// goroutine that runs ends or gives up its turn, at the latest after 10 ms
	// (forcePreemptNS in runtime/proc.go); until it is done, tasks mark in its place and
	// pay for each pointer that they write. In a plain loop over 64 tasks of json it was at
	// work for 28 ms of 144, under loop for 12 of 139: loop was 2.5 % faster, and as fast as
	// a goroutine at a time. To start one takes 0.3 us.
	Start: func(_ int, job Job) (Crew, error) { return startGoroutines(1, job) },
}
