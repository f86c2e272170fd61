package usage

import (
	"bytes"
	"os"
	"strconv"
)

func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return parseVmHWM(status)
}

// parseVmHWM finds "VmHWM:    2332 kB" in a /proc/PID/status text and returns
// bytes, 0 if it is not there.
func parseVmHWM(status []byte) int64 {
	_, rest, found := bytes.Cut(status, []byte("\nVmHWM:"))
	if !found {
		return 0
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
