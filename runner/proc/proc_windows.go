package proc

import (
	"os/exec"
	"syscall"
)

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// Kill ends a started child at once; its own children see the end of their
// standard input.
func Kill(c *exec.Cmd) { _ = c.Process.Kill() }

func survive(*syscall.SysProcAttr) {}

func apart(*syscall.SysProcAttr) {}
