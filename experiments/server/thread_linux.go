package server

import "runtime"

// thread has a kernel thread for each connection, which blocks in read(2) and write(2).
//
// Go lets as many threads run Go code as it has processors, and takes the processor of
// one that blocks only some time later (runtime.sysmon): with as many as cores a thread
// whose read ended would wait for that. With threadProcs there is nearly always one free,
// and the kernel shares out the cores.
var thread = Model{Thread, func(int) int { return threadProcs }, func(c Config) (Server, error) {
	fd, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	go accept(fd, func(client socket) {
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the connection
			s.Serve(client)
		}()
	})
	return s, nil
}}

const threadProcs = 64
