package proc

import "syscall"

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// survive lets a child outlive its parent for the moment that it needs.
func survive(a *syscall.SysProcAttr) { a.Pdeathsig = 0 }
