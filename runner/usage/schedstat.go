package usage

import (
	"bytes"
	"strconv"
	"time"
)

// ParseSchedstat reads a /proc/PID/task/TID/schedstat: nanoseconds on a core,
// nanoseconds waiting for one, and the number of turns
// (Documentation/scheduler/sched-stats.rst).
func ParseSchedstat(text []byte) (onCore, waited time.Duration, ok bool) {
	fields := bytes.Fields(text)
	if len(fields) != 3 {
		return 0, 0, false
	}
	a, err1 := strconv.ParseInt(string(fields[0]), 10, 64)
	b, err2 := strconv.ParseInt(string(fields[1]), 10, 64)
	if err1 != nil || err2 != nil || a < 0 || b < 0 {
		return 0, 0, false
	}
	return time.Duration(a), time.Duration(b), true
}
