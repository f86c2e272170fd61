package life

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// stat is what /proc/PID/stat tells (proc_pid_stat(5)).
type stat struct {
	state byte  // R, S, D, T, t, Z, X, I
	start int64 // clock ticks since boot: tells apart two processes of one PID
}

// ended says whether a process does nothing any more: it is a zombie, or on its
// way out of the table of processes.
func (s stat) ended() bool { return s.state == 'Z' || s.state == 'X' || s.state == 'x' }

// parseStat reads "PID (NAME) STATE PARENT ...". The name may hold spaces and
// brackets, so the fields are those after the last bracket; starttime is the
// 20th of them.
func parseStat(text []byte) (stat, bool) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || len(fields[0]) != 1 {
		return stat{}, false
	}
	start, ok := natural(string(fields[19]))
	if !ok {
		return stat{}, false
	}
	return stat{fields[0][0], start}, true
}

// parseParent reads the parent's PID from a /proc/PID/status
// (proc_pid_status(5)): the line "PPid:" and a number.
func parseParent(text []byte) (int, bool) {
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "PPid:"); found {
			pid, ok := natural(strings.TrimSpace(value))
			if !ok || pid > math.MaxInt32 {
				return 0, false
			}
			return int(pid), true
		}
	}
	return 0, false
}

// natural reads a whole number that is not negative and made of digits only.
func natural(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil
}
