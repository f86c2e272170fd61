//go:build unix

package results

import "syscall"

// doNotWait opens a pipe without waiting for somebody who writes to it.
const doNotWait = syscall.O_NONBLOCK
