package runner

import (
	"bytes"
	"context"
	"io/fs"
	"math"
	"os"
	"strconv"
	"time"

	"parcon/runner/cgroup"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// Watch wraps a Trier and adds to each measurement what happened around the
// trial, as far as the system tells:
//
//	start-unix-s        when it started
//	life-ns             how long it lived, its start and preparation included
//	load1               runnable tasks, mean of the last minute
//	mhz                 mean frequency of (at most 16) cores right after the trial
//	steal-ns            time that the hypervisor gave to others, all cores added up
//	others-busy         cores that processes of others kept busy
//	throttled-ns        time for which CPU quotas held back this control group
//	pressure-cpu-ns     time in which a task of the machine waited for a core (PSI)
//	pressure-io-ns      the same for input and output
//	pressure-memory-ns  the same for memory
//
// These cover the trial's whole life, its start and preparation included.
// steal-ns and others-busy go in the system's steps of 10 ms: of one trial alone
// they say little, and others-busy may come out below zero. It leaves out the
// trial's processes, the runner itself, and what own counts: the CPU time so far
// of processes that help the harness (nil: there are none). Pressure is the whole
// machine's (Documentation/accounting/psi.rst): tasks of a trial that wait for
// each other's cores press too.
func Watch(try Trier, own func() time.Duration) Trier {
	if own == nil {
		own = func() time.Duration { return 0 }
	}
	cores := frequencies(system)
	return func(ctx context.Context, c Case) (protocol.Measurement, error) {
		start, before := time.Now(), read(system, own)
		m, err := try(ctx, c)
		if err != nil {
			return m, err
		}
		after := read(system, own)
		wall := time.Since(start)
		before.add(m, after, wall)
		delete(m, protocol.ProcessCPU) // it served its purpose
		m["start-unix-s"] = float64(start.UnixMilli()) / 1000
		m["life-ns"] = float64(wall)
		if load, known := load1(system); known {
			m["load1"] = load
		}
		if f, known := mhz(system, cores); known {
			m["mhz"] = f
		}
		return m, nil
	}
}

// system is where this machine's files are.
var system = os.DirFS("/")

// counters are what only grows: the state of the machine at one moment.
type counters struct {
	totals map[string]time.Duration // by unit; not in it: not known
	busy   time.Duration            // of all cores, by anyone; only with steal-ns
	own    time.Duration            // of busy: by the runner and its helpers
}

func read(root fs.FS, own func() time.Duration) counters {
	c := counters{totals: map[string]time.Duration{}}
	if text, err := fs.ReadFile(root, "proc/stat"); err == nil {
		if busy, stolen, ok := parseStat(text); ok {
			c.busy, c.totals["steal-ns"] = busy, stolen
		}
	}
	c.own = usage.CPUOf(os.Getpid()) + own()
	if total, known := cgroup.Throttled(); known {
		c.totals["throttled-ns"] = total
	}
	for _, resource := range []string{"cpu", "io", "memory"} {
		text, err := fs.ReadFile(root, "proc/pressure/"+resource)
		if err != nil {
			continue
		}
		if total, ok := parsePressure(text); ok {
			c.totals["pressure-"+resource+"-ns"] = total
		}
	}
	return c
}

// add adds to m what grew from c to after, in so much time.
func (c counters) add(m protocol.Measurement, after counters, wall time.Duration) {
	for unit, total := range after.totals {
		if earlier, known := c.totals[unit]; known {
			m[unit] = float64(total - earlier)
		}
	}
	if _, known := m["steal-ns"]; known {
		// A helper that ended has no time any more: not less than nothing.
		own := max(0, after.own-c.own)
		m["others-busy"] = (float64(after.busy-c.busy-own) - m[protocol.ProcessCPU]) / float64(wall)
	}
}

// tick is the unit of /proc/stat: USER_HZ is 100 on all of Linux's
// architectures that Go runs on.
const tick = 10 * time.Millisecond

// parseStat reads the first line of /proc/stat (proc_stat(5)):
// "cpu user nice system idle iowait irq softirq steal ...".
func parseStat(text []byte) (busy, stolen time.Duration, ok bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, 0, false
	}
	var ticks [9]time.Duration
	for i := 1; i < len(ticks); i++ {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0, 0, false
		}
		ticks[i] = time.Duration(n) * tick
	}
	return ticks[1] + ticks[2] + ticks[3] + ticks[6] + ticks[7], ticks[8], true
}

// parsePressure finds the total, in microseconds, of the line "some" in a file
// of /proc/pressure:
//
//	some avg10=0.58 avg60=0.26 avg300=2.89 total=1486052276
func parsePressure(text []byte) (total time.Duration, ok bool) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != "some" {
			continue
		}
		digits, found := bytes.CutPrefix(fields[len(fields)-1], []byte("total="))
		n, err := strconv.ParseInt(string(digits), 10, 64)
		if !found || err != nil || n < 0 || n > math.MaxInt64/int64(time.Microsecond) {
			return 0, false
		}
		return time.Duration(n) * time.Microsecond, true
	}
	return 0, false
}

func load1(root fs.FS) (load float64, known bool) {
	text, err := fs.ReadFile(root, "proc/loadavg")
	if err != nil {
		return 0, false
	}
	return parseLoad(text)
}

// parseLoad reads the first field of /proc/loadavg (proc_loadavg(5)).
func parseLoad(text []byte) (load float64, ok bool) {
	fields := bytes.Fields(text)
	if len(fields) == 0 {
		return 0, false
	}
	return parsePositive(fields[0])
}

// parsePositive reads a number from 0 to 1e12, more than any load or frequency.
func parsePositive(text []byte) (x float64, ok bool) {
	x, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(x >= 0 && x <= 1e12) { // not a number is neither
		return 0, false
	}
	return x, true
}
