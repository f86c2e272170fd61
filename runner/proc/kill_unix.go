//go:build unix

package proc

import (
	"os/exec"
	"syscall"
)

// Kill ends a started child and its process group at once, the child also when it
// went over to another group.
func Kill(c *exec.Cmd) {
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	_ = c.Process.Kill()
}
