package doctor

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mostCores bounds the numbers of cores: Linux builds for at most 8192
// (NR_CPUS), and a damaged file must not make us fill the memory.
const mostCores = 1 << 16

// parseList reads numbers of cores in the kernel's way, "0,2,4-6", sorted.
func parseList(text string) (cores []int, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 31)
		to, err2 := strconv.ParseUint(last, 10, 31)
		if err1 != nil || err2 != nil || from > to || to >= mostCores {
			return nil, false
		}
		for n := from; n <= to; n++ {
			cores = append(cores, int(n))
		}
		if len(cores) > mostCores {
			return nil, false
		}
	}
	slices.Sort(cores)
	return slices.Compact(cores), true
}

// field is the value of the first line "KEY: VALUE" of a text with that key, ""
// if there is none.
func field(text, key string) string {
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// processID is unique until the next start of the machine: numbers are used
// again, but not with the same start.
type processID struct {
	pid   int
	start int64 // ticks since the machine started
}

type process struct {
	id    processID
	name  string
	ticks int64 // of CPU time
}

// maxTicks is far more than a machine lives, and adds up without overflow.
const maxTicks = math.MaxInt64 / int64(perTick) / 4

// parseProcess reads /proc/PID/stat (proc_pid_stat(5)): "PID (NAME) STATE ...".
// The name may hold spaces and brackets. After it utime and stime are the 12th
// and 13th field, starttime the 20th.
func parseProcess(text string) (process, bool) {
	pid, rest, found := strings.Cut(text, " (")
	end := strings.LastIndex(rest, ")")
	if !found || end < 0 {
		return process{}, false
	}
	fields := strings.Fields(rest[end+1:])
	if len(fields) < 20 {
		return process{}, false
	}
	var n [4]int64
	for i, text := range []string{pid, fields[11], fields[12], fields[19]} {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v < 0 || v > maxTicks {
			return process{}, false
		}
		n[i] = v
	}
	return process{processID{int(n[0]), n[3]}, rest[:end], n[1] + n[2]}, true
}

// busiest orders processes by what they used.
func busiest(a, b Process) int {
	return cmp.Or(cmp.Compare(b.Cores, a.Cores), cmp.Compare(a.PID, b.PID))
}

// stall is for how long tasks waited.
type stall struct {
	recent float64       // percent of the last 10 s
	total  time.Duration // since the machine started
}

// parsePressure reads the first line of a file of /proc/pressure:
// "some avg10=0.17 avg60=0.21 avg300=2.77 total=1486064549", the total in
// microseconds.
func parsePressure(text string) (stall, bool) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != "some" {
		return stall{}, false
	}
	var s stall
	found := 0
	for _, f := range fields[1:] {
		key, value, _ := strings.Cut(f, "=")
		switch key {
		case "avg10":
			percent, err := strconv.ParseFloat(value, 64)
			if err != nil || !(percent >= 0 && percent <= 100) { // not a number is neither
				return stall{}, false
			}
			s.recent = percent
			found++
		case "total":
			us, err := strconv.ParseInt(value, 10, 64)
			if err != nil || us < 0 || us > math.MaxInt64/int64(time.Microsecond) {
				return stall{}, false
			}
			s.total = time.Duration(us) * time.Microsecond
			found++
		}
	}
	if found < 2 {
		return stall{}, false
	}
	return s, true
}
