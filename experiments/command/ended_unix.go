//go:build unix

package command

import (
	"os"
	"runtime"
	"syscall"
)

// groupLives says whether somebody is left in the process group of a child that was buried.
func groupLives(pid int) bool { return syscall.Kill(-pid, 0) == nil }

// peakOf is the resident memory of the largest process that ended, in bytes (getrusage(2)).
func peakOf(state *os.ProcessState) int64 {
	u, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}
