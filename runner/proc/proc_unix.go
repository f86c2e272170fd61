//go:build unix && !linux

package proc

import "syscall"

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func survive(*syscall.SysProcAttr) {}
