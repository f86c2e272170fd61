package life

import (
	"fmt"

	"parcon/experiments/mechanism"
	"parcon/runner/protocol"
)

// zombie looks at a child that ended and was not waited for. Nothing is left of
// it but its entry in the table of processes, with the status that its parent may
// ask for, and so its PID.
var zombie = mechanism.Mechanism{
	Name:  "zombie",
	Doc:   "a child that ended stays a zombie and holds its PID until its parent waits for it",
	Linux: true,
	Prepare: func(t mechanism.Trial) (mechanism.Session, error) {
		return mechanism.Session{Run: func() (protocol.Measurement, error) {
			return mechanism.Try(t.Ops, func(int) (bool, error) { return tryZombie(t) })
		}}, nil
	},
	Parts: map[string]func([]string) error{"child": serve},
}

func tryZombie(t mechanism.Trial) (bool, error) {
	c, err := start(t.Part(1, "child"))
	if err != nil {
		return false, err
	}
	defer c.close()
	const status = 7
	if err := c.tell(fmt.Sprint(end, status)); err != nil {
		return false, err
	}
	if err := c.over(); err != nil {
		return false, err
	}
	pid := c.cmd.Process.Pid
	dead, there, err := look(pid)
	if err != nil {
		return false, err
	}
	held := there && dead.state == 'Z' && taken(pid)
	how, err := c.join()
	if err != nil {
		return false, err
	}
	left, err := gone(pid, dead)
	return held && how == ending{code: status} && left, err
}
