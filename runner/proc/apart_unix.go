//go:build unix

package proc

import "syscall"

// apart gives a child a session of its own, and with it a process group.
func apart(a *syscall.SysProcAttr) { a.Setsid, a.Setpgid = true, false }
