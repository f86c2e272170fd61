package doctor

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
)

// The checks in this file are of the machine and its settings.

// steady are the governors that keep one frequency for as long as nobody
// changes it (cpufreq.rst). All others follow the load.
var steady = []string{"performance", "userspace"}

func governor(f Facts) Finding {
	r := Finding{Check: "governor", Why: "cores that speed up with the load make the same work last longer at first, and less loaded cores slower"}
	if len(f.Governors) == 0 {
		return r.unknown(hidden(f, "who sets the frequency of the cores"))
	}
	r.Seen = "set to " + strings.Join(f.Governors, " and ")
	if !slices.ContainsFunc(f.Governors, func(g string) bool { return !slices.Contains(steady, g) }) {
		return r.ok()
	}
	r.Command = "sudo cpupower frequency-set -g performance"
	return r.warn("keep the cores at one frequency while you measure")
}

// hidden says that a fact is not told, and in a virtual machine who keeps it.
func hidden(f Facts, what string) string {
	if f.Virtual.Known && f.Virtual.Value {
		return "this virtual machine does not tell " + what + ": its host knows"
	}
	return "this system does not tell " + what
}

func turbo(f Facts) Finding {
	r := Finding{Check: "turbo", Why: "one busy core runs faster than all of them together, so parallel work looks worse than it is"}
	if !f.Turbo.Known {
		return r.unknown(hidden(f, "whether cores run above their base frequency"))
	}
	t := f.Turbo.Value
	if !t.On {
		r.Seen = "off"
		return r.ok()
	}
	r.Seen = "on"
	off := "0"
	if path.Base(t.File) == "no_turbo" {
		off = "1"
	}
	if t.File != "" {
		r.Command = "echo " + off + " | sudo tee " + t.File
	}
	return r.warn("switch it off while you measure; leave it on if speed as users get it is the question")
}

func heat(f Facts) Finding {
	r := Finding{Check: "heat", Why: "a core that is too hot slows down, and the longer a run, the hotter"}
	if !f.Throttles.Known {
		return r.unknown(hidden(f, "whether heat slowed its cores"))
	}
	r.Seen = fmt.Sprintf("slowed by heat %s since the machine started", plural(f.Throttles.Value, "time"))
	// Any: a machine that is cooled as it should never counts one.
	if f.Throttles.Value > 0 {
		return r.warn("let air in and let it cool; if the count grows during a run, do not trust its later rounds")
	}
	return r.ok()
}

func quota(f Facts) Finding {
	r := Finding{Check: "quota", Why: "when a quota is used up, all threads stand still for the rest of its period, most often of 100 ms"}
	if !f.Quota.Known {
		return r.unknown("this system does not tell of a CPU limit")
	}
	q := f.Quota.Value
	if !q.Limited {
		r.Seen = "no CPU limit"
		return r.ok()
	}
	r.Seen = fmt.Sprintf("%.4g cores' worth of time", q.Cores)
	usable := float64(len(f.Allowed))
	if usable > 0 {
		r.Seen += " on " + plural(len(f.Allowed), "core")
	}
	const advice = "take the CPU limit off this container or service while you measure"
	switch {
	case q.Cores != math.Trunc(q.Cores) && (usable == 0 || q.Cores < usable):
		return r.warn(advice + "; a part of a core cannot be compared with a core")
	case q.Cores < usable:
		return r.warn(advice)
	case usable == 0:
		return r.unknown(r.Seen + ", of an unknown number of cores")
	}
	return r.ok()
}

const (
	// slowReading, in nanoseconds: read in the process itself (vDSO) a clock
	// costs 15 to 60 ns, by a call into the kernel 200 ns and more. A hand-over
	// between goroutines, the shortest thing that is timed, costs about as much.
	slowReading = 200
	// coarseStep, in nanoseconds: the latencies that trials report begin at some
	// microseconds.
	coarseStep = 1000
)

// quick are the clock sources that Linux reads without a call into the kernel.
var quick = []string{"tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "riscv_clocksource", "timebase", "tod"}

func clockSource(f Facts) Finding {
	r := Finding{Check: "clock", Why: "short latencies cannot be told by a clock that is slow to read or coarse"}
	c := f.Clock
	var seen []string
	if c.Source != "" {
		seen = append(seen, c.Source)
	}
	if c.Step > 0 {
		seen = append(seen, fmt.Sprintf("smallest step %d ns", c.Step))
	}
	if c.Cost > 0 {
		seen = append(seen, fmt.Sprintf("%.0f ns a reading", c.Cost))
	}
	r.Seen = strings.Join(seen, ", ")
	switch {
	case c.Source != "" && !slices.Contains(quick, c.Source), c.Cost > slowReading, c.Step > coarseStep:
		if i := slices.IndexFunc(quick, func(q string) bool { return q != c.Source && slices.Contains(c.Available, q) }); i >= 0 {
			r.Command = "echo " + quick[i] + " | sudo tee " + clockFolder + "/current_clocksource"
			return r.warn("take a better clock; if the kernel gave it up by itself, its log says why (dmesg)")
		}
		return r.warn("measure on another machine, or leave claims on latency aside")
	case c.Step <= 0 || c.Cost <= 0:
		return r.unknown(strings.Join(append(seen, "its step and its cost could not be measured"), ", "))
	}
	return r.ok()
}

const clockFolder = "/sys/devices/system/clocksource/clocksource0"

// lawCores is how many cores a scaling law needs: it has two or three numbers
// to find, and so takes four points at least.
const lawCores = 4

func cores(f Facts) Finding {
	r := Finding{Check: "cores", Why: "work on several cores is what is measured"}
	n := len(f.Allowed)
	if n == 0 {
		return r.unknown("this system does not tell which cores there are")
	}
	r.Seen = plural(n, "core")
	switch {
	case n == 1:
		r.Why = "on one core nothing runs in parallel"
		return r.warn(fmt.Sprintf("measure on a machine with %d cores or more; here only waiting can gain from more workers", lawCores))
	case n < lawCores:
		// No fault: all but that can be measured here.
		r.Seen += fmt.Sprintf(", too few to tell a law of scaling, which takes %d", lawCores)
	}
	return r.ok()
}

func siblings(f Facts) Finding {
	r := Finding{Check: "siblings", Why: "two threads of one core (SMT) share its units, so two workers may gain much less than twice"}
	if len(f.Siblings) == 0 || len(f.Allowed) == 0 {
		return r.unknown(hidden(f, "which cores are threads of one"))
	}
	shared := 0
	for _, group := range f.Siblings {
		if len(within(group, f.Allowed)) > 1 {
			shared++
		}
	}
	switch {
	case shared > 0:
		r.Seen = fmt.Sprintf("%s are threads of %s", plural(len(f.Allowed), "core"), plural(len(onePerGroup(f.Siblings, f.Allowed)), "real core"))
		if f.SMT == "on" {
			r.Command = "echo off | sudo tee " + smtFile
		} else {
			r.Command = "taskset -c " + list(onePerGroup(f.Siblings, f.Allowed)) + " parcon"
		}
		return r.warn("use one thread of each core: switch SMT off, or start parcon by taskset")
	case f.Virtual.Known && f.Virtual.Value && allAlone(f.Siblings):
		return r.unknown("each core is said to stand alone, but the host may have laid two of them on one")
	}
	r.Seen = "no two cores share their units"
	return r.ok()
}

const smtFile = "/sys/devices/system/cpu/smt/control"

func allAlone(groups [][]int) bool {
	return !slices.ContainsFunc(groups, func(g []int) bool { return len(g) > 1 })
}

// onePerGroup is the first thread of each core that may be used.
func onePerGroup(groups [][]int, allowed []int) []int {
	var first []int
	for _, g := range groups {
		if in := within(g, allowed); len(in) > 0 {
			first = append(first, slices.Min(in))
		}
	}
	slices.Sort(first)
	return first
}

// within is what of a is in b.
func within(a, b []int) []int {
	var both []int
	for _, n := range a {
		if slices.Contains(b, n) {
			both = append(both, n)
		}
	}
	return both
}

func affinity(f Facts) Finding {
	r := Finding{Check: "affinity", Why: "the result is that of some cores, and what runs on the others is not seen"}
	on, may := len(f.Online), len(f.Allowed)
	if on == 0 || may == 0 {
		return r.unknown("this system does not tell which cores this process may use")
	}
	r.Seen = fmt.Sprintf("this process may use %d of %s", may, plural(on, "core"))
	switch {
	case may >= on:
		return r.ok()
	case !allAlone(f.Siblings) && slices.Equal(onePerGroup(f.Siblings, f.Allowed), f.Allowed) && may == len(f.Siblings):
		r.Seen += ", one thread of each"
		return r.ok()
	}
	return r.warn("if it was not meant, start parcon without taskset, or the container without a cpuset")
}

func files(f Facts) Finding {
	r := Finding{Check: "files", Why: "tasks with files must reach a disk"}
	switch f.Files {
	case "":
		return r.unknown("this system does not tell on what file system this folder is")
	case "tmpfs", "ramfs":
		r.Seen = "this folder is in memory (" + f.Files + ")"
		return r.warn("run in a folder on a disk, or name one with --out")
	}
	r.Seen = "this folder is on " + printable(f.Files)
	return r.ok()
}

// virtual is never good news, but cannot be mended by its user either.
func virtual(f Facts) Finding {
	r := Finding{Check: "virtual", Why: "the neighbours of a virtual machine share its cores, caches and memory, unseen; pairing by round and the A/A test are all that protects"}
	if !f.Virtual.Known {
		return r.unknown("this system does not tell whether it is a virtual machine")
	}
	if f.Virtual.Value {
		r.Advice = "look at the A/A test in the report, and measure again at another time"
		return r.unknown("a virtual machine: what its neighbours do cannot be seen")
	}
	r.Seen = "not a virtual machine"
	return r.ok()
}
