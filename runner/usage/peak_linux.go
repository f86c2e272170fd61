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
	peak, _ := kib(status, "\nVmHWM:")
	return peak
}

// kib finds a line such as "VmHWM:    2332 kB" behind the end of the one before, and
// returns bytes.
func kib(text []byte, key string) (bytesOf int64, known bool) {
	_, rest, found := bytes.Cut(text, []byte(key))
	if !found {
		return 0, false
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0, false
	}
	return n << 10, true
}
