package life

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal makes a pseudo-terminal: what is written to keyboard is typed on line.
// It is nobody's controlling terminal yet.
func terminal() (keyboard, line *os.File, err error) {
	const path = "/dev/ptmx"
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
	if keyboard, err = os.OpenFile(path, flags, 0); err != nil {
		return nil, nil, fmt.Errorf("making a pseudo-terminal: %w", err)
	}
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		_ = keyboard.Close()
		return nil, nil, fmt.Errorf("unlocking the pseudo-terminal of %s: %w", path, err)
	}
	// Without its path, which another mount of devpts may hide (ioctl_tty(2)).
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, keyboard.Fd(), unix.TIOCGPTPEER, flags)
	if errno != 0 {
		_ = keyboard.Close()
		return nil, nil, fmt.Errorf("opening the other end of the pseudo-terminal of %s, which needs Linux 4.13: %w", path, errno)
	}
	return keyboard, os.NewFile(fd, "the line of "+path), nil
}

// attach makes a command the leader of a session of its own whose controlling
// terminal this is; it has it as its file 3. It dies with this process.
func attach(c *exec.Cmd, line *os.File) {
	c.ExtraFiles = []*os.File{line}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3, Pdeathsig: syscall.SIGKILL}
}

// enter puts a command into a process group that is there.
func enter(c *exec.Cmd, group int) { c.SysProcAttr.Pgid = group }

// foreground makes a process group that of the terminal's foreground. The caller
// leads the session, and is in the foreground itself until then.
func foreground(line *os.File, group int) error {
	if err := unix.IoctlSetPointerInt(int(line.Fd()), unix.TIOCSPGRP, group); err != nil {
		return fmt.Errorf("putting a process group into the foreground of a terminal: %w", err)
	}
	return nil
}
