package life

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// secede gives a command a namespace of process numbers of its own, of which it is
// the first process. Who is not root needs a user namespace for that, in which he
// is root.
func secede(c *exec.Cmd) {
	a := c.SysProcAttr
	a.Cloneflags = unix.CLONE_NEWPID
	if uid := os.Geteuid(); uid != 0 {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
}

// openProcess makes a pidfd of a process, which names no other ever.
func openProcess(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("making a pidfd of process %d: %w", pid, err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// names says whether a pidfd names a process that was not waited for.
func names(pidfd *os.File) bool { return unix.PidfdSendSignal(int(pidfd.Fd()), 0, nil, 0) == nil }

// kill ends whom the number names.
func kill(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return fmt.Errorf("killing process %d: %w", pid, err)
	}
	return nil
}
