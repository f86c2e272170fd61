package command

import (
	"errors"
	"os/exec"
	"sync"

	"parcon/runner/proc"
)

// running are the children of this process that somebody waits for: all others it adopted.
var running = struct {
	sync.Mutex
	all  map[int]*exec.Cmd
	over bool // no further one may start
}{all: map[int]*exec.Cmd{}}

var errOver = errors.New("it was not started: whoever wanted it is gone")

// launch starts a child that is known before anybody can take it for one that was adopted.
func launch(c *exec.Cmd) error {
	running.Lock()
	defer running.Unlock()
	if running.over {
		return errOver
	}
	if err := proc.Start(c); err != nil {
		return err
	}
	running.all[c.Process.Pid] = c
	return nil
}

// buried forgets a child that was waited for.
func buried(c *exec.Cmd) {
	running.Lock()
	defer running.Unlock()
	if running.all[c.Process.Pid] == c { // its number may be another's by now
		delete(running.all, c.Process.Pid)
	}
}

// endAll kills all children and lets no further one start.
func endAll() {
	running.Lock()
	running.over = true
	for _, c := range running.all {
		proc.Kill(c)
	}
	clear(running.all)
	running.Unlock()
	Sweep()
}
