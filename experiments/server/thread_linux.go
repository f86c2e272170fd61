package server

import (
	"runtime"
	"runtime/debug"
)

// thread has a kernel thread for each connection, which blocks in read(2) and write(2).
//
// Go lets as many threads run Go code as it has processors. One that blocks keeps its
// processor for up to 10 ms (runtime.sysmon), and one whose read ended and that finds
// none is queued until then, behind those that have one and never let go: with 64
// processors for 200 busy connections a hundredth of the answers took 350 ms. With one for each
// connection, the kernel alone shares out the cores, as in other languages. Beyond
// mostProcs, 10 ms are enough for others to let go, and the monitor looks at each one
// 10,000 times a second.
//
// The collector would start a worker for every fourth of them. It does nothing before
// there is a GiB: requests leave no garbage, a connection some KiB.
var thread = Model{Thread, func(int) int { return leastProcs }, func(c Config) (Server, error) {
	fd, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(1 << 30)
	procs := leastProcs
	go accept(fd, func(client socket) {
		if int(s.open.Load()) > procs-spareProcs && procs < mostProcs {
			procs *= 2
			runtime.GOMAXPROCS(procs)
		}
		s.Opened(1)
		t := newTalk() // here: what each thread allocates itself is in a page of its own
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the connection
			s.serve(client, t)
		}()
	})
	return s, nil
}}

const (
	leastProcs = 16
	mostProcs  = 1024
	spareProcs = 8 // for what is no connection
)
