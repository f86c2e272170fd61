package runner

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"time"

	"parcon/runner/protocol"
)

// Watch wraps a Trier and adds to each measurement what happened around the
// trial: when it started, the load, and, where the system tells, processor time
// stolen by the hypervisor, time for which a CPU quota throttled this group,
// and cores that other processes kept busy. These cover the trial's whole life,
// its start and preparation included, in the system's steps of 10 ms: of one
// trial alone they say little, and the cores of others may come out below zero.
// These include the runner's own and those of the server that network tasks
// talk to.
func Watch(try Trier) Trier {
	return func(ctx context.Context, c Case) (protocol.Measurement, error) {
		start, before := time.Now(), system()
		m, err := try(ctx, c)
		if err != nil {
			return m, err
		}
		after := system()
		defer delete(m, processCPU) // it served its purpose here
		m["start-unix-s"] = float64(start.UnixMilli()) / 1000
		wall := time.Since(start)
		if before.known && after.known {
			m["steal-ns"] = float64(after.stolen - before.stolen)
			others := float64(after.busy-before.busy) - m[processCPU]
			m["others-busy"] = others / float64(wall)
			m["load1"] = after.load
			m["throttled-ns"] = float64(after.throttled - before.throttled)
		}
		return m, nil
	}
}

// state is the machine's counters at one moment.
type state struct {
	known        bool
	busy, stolen time.Duration // all cores added up
	throttled    time.Duration
	load         float64 // runnable tasks, mean of the last minute
}

// tick is the unit of /proc/stat: USER_HZ is 100 on all of Linux's
// architectures that Go runs on.
const tick = 10 * time.Millisecond

// system reads the counters; on systems without /proc nothing is known.
func system() state {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return state{}
	}
	s := parseStat(stat)
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		s.load, _ = strconv.ParseFloat(string(bytes.Fields(text)[0]), 64)
	}
	for _, path := range []string{"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"} {
		if text, err := os.ReadFile(path); err == nil {
			s.throttled = parseThrottled(text)
			break
		}
	}
	return s
}

// parseStat reads the first line of /proc/stat (proc_stat(5)):
// "cpu user nice system idle iowait irq softirq steal ...".
func parseStat(text []byte) state {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return state{}
	}
	var ticks [9]time.Duration
	for i := 1; i < len(ticks); i++ {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return state{}
		}
		ticks[i] = time.Duration(n) * tick
	}
	busy := ticks[1] + ticks[2] + ticks[3] + ticks[6] + ticks[7]
	return state{known: true, busy: busy, stolen: ticks[8]}
}

// parseThrottled reads a cgroup's cpu.stat: "throttled_usec N" in version 2,
// "throttled_time N", nanoseconds, in version 1.
func parseThrottled(text []byte) time.Duration {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) != 2 {
			continue
		}
		n, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil {
			continue
		}
		switch string(fields[0]) {
		case "throttled_usec":
			return time.Duration(n) * time.Microsecond
		case "throttled_time":
			return time.Duration(n)
		}
	}
	return 0
}
