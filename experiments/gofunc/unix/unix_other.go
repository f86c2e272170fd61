//go:build unix && !linux

package unix

import "syscall"

// ClockGettime fails here: package syscall does not know it, and whoever calls it goes by the
// clock of the day then.
func ClockGettime(int32, *Timespec) error { return syscall.ENOSYS }

// Dup2 is dup2(2).
func Dup2(from, to int) error { return syscall.Dup2(from, to) }
