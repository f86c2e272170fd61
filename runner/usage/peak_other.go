//go:build unix && !linux

package usage

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// peakRSS is ru_maxrss: bytes on darwin, KiB on the other Unix systems.
func peakRSS() int64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(r.Maxrss)
	}
	return int64(r.Maxrss) << 10
}
