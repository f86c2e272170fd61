package proc

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
)

// Start is c.Start on a thread that lives as long as this process: see the
// package's comment. All children that Command prepared are to be started with
// it, or with Run or Output.
func Start(c *exec.Cmd) error {
	if runtime.GOOS != "linux" {
		return c.Start()
	}
	launches.once.Do(func() {
		launches.queue = make(chan launch)
		go launcher(launches.queue)
	})
	l := launch{c, make(chan error, 1)}
	launches.queue <- l
	return <-l.started
}

// Run is c.Run, as Start is c.Start.
func Run(c *exec.Cmd) error {
	if err := Start(c); err != nil {
		return err
	}
	return c.Wait()
}

// Output is Run and returns what the child wrote to standard output. Unlike
// c.Output it keeps nothing of what it wrote to standard error.
func Output(c *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := Run(c)
	return out.Bytes(), err
}

type launch struct {
	c       *exec.Cmd
	started chan error
}

var launches struct {
	once  sync.Once
	queue chan launch
}

// launcher is the goroutine whose thread starts the children. It never returns,
// and nothing else runs on its thread.
func launcher(queue <-chan launch) {
	runtime.LockOSThread()
	for l := range queue {
		l.started <- l.c.Start()
	}
}
