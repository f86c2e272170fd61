// Package doctor says, before a run, what is wrong with this machine for
// measuring, and what to do about it.
//
// Look reads what the system tells, Examine judges it: a pure function, so that
// each judgement can be tested on machines that are not here.
//
// Its limits: it sees one moment, of about a second, and what comes later it
// does not know. It sees what the kernel shows to this process: a virtual
// machine hides the frequency, the heat and the neighbours of its host, and a
// container the processes beside it. What is not shown is said to be unknown,
// never good. Most of it is read from files of Linux, so on other systems much
// is unknown. A limit on memory that a control group sets is not looked at.
//
// Sources, in the Linux kernel's Documentation/: admin-guide/pm/cpufreq.rst and
// intel_pstate.rst (governors, boost), accounting/psi.rst (pressure),
// admin-guide/abi-testing (thermal_throttle, topology, power_supply),
// timers/timekeeping.rst (clock sources); proc_stat(5) and proc_pid_stat(5).
package doctor

import (
	"cmp"
	"slices"
	"time"
)

// Facts are what was seen of a machine. The zero value is a machine of which
// nothing is known.
type Facts struct {
	Online    []int           // numbers of the cores that are switched on; none: not known
	Allowed   []int           // those of them that this process may use; none: not known
	Siblings  [][]int         // the cores that are on, in groups that share one core's units; none: not known
	SMT       string          // the kernel's word for its SMT switch, such as "on"; empty: not known
	Governors []string        // of all cores, each once; none: not known
	Turbo     Maybe[Turbo]    // whether cores may run above their base frequency
	Quota     Maybe[Quota]    // the control group's limit
	Virtual   Maybe[bool]     // whether this is a virtual machine
	Clock     Clock           // what stamps are read from
	Steady    Maybe[Steady]   // how much the same work wavers
	Watch     Maybe[Watch]    // what happened while Look watched
	CPU       Maybe[Pressure] // of tasks that were ready to run and had no core
	Memory    Maybe[Pressure] // of tasks that waited for memory
	IO        Maybe[Pressure] // of tasks that waited for a disk
	RAM       Maybe[RAM]
	Power     Maybe[Power]
	Throttles Maybe[int] // how often heat slowed the hottest core or its package, since the start of the machine
	Files     string     // kind of the file system that a run writes to; empty: not known
}

// Maybe is a fact that not every system tells.
type Maybe[T any] struct {
	Value T
	Known bool
}

// Known is a fact that was told.
func Known[T any](v T) Maybe[T] { return Maybe[T]{v, true} }

// Turbo is the switch for frequencies above the base.
type Turbo struct {
	On   bool
	File string // the file that switches it; no_turbo says 1 for off, the others 0
}

// Quota is the CPU limit of the control group.
type Quota struct {
	Limited bool
	Cores   float64 // above 0 if there is a limit
}

// Clock is the system's clock, as its kernel names it and as it was measured.
type Clock struct {
	Source    string   // empty: not known
	Available []string // sources that the kernel would take instead
	Step      int64    // smallest step seen, ns; 0: none was seen
	Cost      float64  // of one reading, ns; 0: not measured
}

// Watch is what happened on all cores during a time.
type Watch struct {
	Span time.Duration
	Busy float64 // cores kept busy by all that ran; this process slept
	// Stolen is the time that the hypervisor took, in cores' worth. It is known
	// where it was ever counted: not every hypervisor tells.
	Stolen    Maybe[float64]
	Processes []Process // other processes that ran, the busiest first
}

// Process is one of those seen running.
type Process struct {
	PID   int
	Name  string
	Cores float64 // that it kept busy
}

// Pressure is the share of time, in percent, in which at least one task waited.
type Pressure struct {
	Recent float64 // over the last 10 s, by the kernel's decaying mean
	Now    float64 // while Look watched
}

// RAM is the main memory, in bytes.
type RAM struct {
	Total, Available, Swapped uint64
}

// Power is where the power comes from.
type Power struct {
	Batteries int // that feed the machine; those of a mouse do not count
	Draining  bool
}

// Level is how bad a finding is.
type Level string

// Unknown is worse than OK: what cannot be seen may be anything.
const (
	OK      Level = "ok"
	Unknown Level = "unknown"
	Warning Level = "warning"
)

func (l Level) rank() int { return slices.Index([]Level{Warning, Unknown, OK}, l) }

// Finding is the outcome of one check.
type Finding struct {
	Check   string `json:"check"`
	Level   Level  `json:"level"`
	Seen    string `json:"seen"`              // with its number and unit
	Why     string `json:"why"`               // it matters for measuring
	Advice  string `json:"advice,omitempty"`  // what to do; every warning has some
	Command string `json:"command,omitempty"` // that does it, where one line of shell can
}

// Examine judges the facts: one finding of each check, the worst first, and of
// the same level those that do the most harm to a run first.
func Examine(f Facts) []Finding {
	checks := []func(Facts) Finding{
		load, speed, pressure, steal, quota, battery, memory, governor, turbo, heat,
		clockSource, cores, siblings, affinity, files, virtual,
	}
	all := make([]Finding, len(checks))
	for i, check := range checks {
		all[i] = check(f)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(a.Level.rank(), b.Level.rank()) })
	return all
}

// Warnings counts the findings that should be mended before measuring.
func Warnings(all []Finding) int { return count(all, Warning) }

func count(all []Finding, l Level) (n int) {
	for _, f := range all {
		if f.Level == l {
			n++
		}
	}
	return n
}
