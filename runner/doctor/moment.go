package doctor

import (
	"fmt"
	"strings"

	"parcon/runner/calm"
)

// The checks in this file are of the moment: what others do right now.

// named is how many processes are worth naming: there is seldom a third.
const named = 2

func load(f Facts) Finding {
	r := Finding{Check: "load", Why: "what other programs do is in the numbers"}
	if !f.Watch.Known {
		return r.unknown("this system does not tell how busy its cores are")
	}
	w := f.Watch.Value
	r.Seen = fmt.Sprintf("%s busy with other programs", amount(w.Busy, f))
	explained := 0.0
	var busiest []string
	for i, p := range w.Processes {
		explained += p.Cores
		if i < named {
			busiest = append(busiest, fmt.Sprintf("%s (process %d) %.2f", printable(p.Name), p.PID, p.Cores))
		}
	}
	names := strings.Join(busiest, ", ")
	unseen := explained < w.Busy/2
	switch {
	case names == "":
	case unseen:
		r.Seen += "; processes that lasted took little: " + names
	default:
		r.Seen += ", most by " + names
	}
	if !calm.Crowded(w.Busy, len(f.Online)) {
		return r.ok()
	}
	if w.Busy <= calm.BusyCores && len(f.Online) == 0 {
		return r.unknown(r.Seen + ", of an unknown number")
	}
	if unseen {
		return r.warn("find what runs and stop it: something that starts many short processes, such as a build, or that is outside of this container")
	}
	return r.warn("close what is not needed, or wait until it is done")
}

// amount says a number of cores of all.
func amount(busy float64, f Facts) string {
	if len(f.Online) == 0 {
		return fmt.Sprintf("%.2f cores", busy)
	}
	return fmt.Sprintf("%.2f of %s", busy, plural(len(f.Online), "core"))
}

const (
	// cpuPressure is that of calm.BusyShare: for so much of the time a task that was
	// ready, such as one of a trial, waited for a core.
	cpuPressure = 100 * calm.BusyShare
	// memoryPressure starts lower: pages that come back from disk cost
	// milliseconds, as much as the tasks that are measured, and a machine that
	// has enough of memory shows none.
	memoryPressure = 1
	// ioPressure is above what the log files of an idle machine make, which is
	// well below 5 %. Tasks with files wait in the same queue.
	ioPressure = 5
)

func pressure(f Facts) Finding {
	r := Finding{Check: "pressure", Why: "tasks of others stand in the queue that trials will stand in"}
	var seen, over []string
	ended := false
	for _, p := range []struct {
		name  string
		value Maybe[Pressure]
		limit float64
	}{
		{"a core", f.CPU, cpuPressure}, {"memory", f.Memory, memoryPressure}, {"a disk", f.IO, ioPressure},
	} {
		if !p.value.Known {
			continue
		}
		seen = append(seen, fmt.Sprintf("%s %.1f %%", p.name, p.value.Value.Recent))
		// Both: the mean remembers what has ended, such as the building of this
		// program, and the time that Look watched is short.
		switch v := p.value.Value; {
		case v.Recent > p.limit && v.Now > p.limit:
			over = append(over, p.name)
		case v.Recent > p.limit:
			ended = true
		}
	}
	if len(seen) == 0 {
		return r.unknown("this system does not tell for how long tasks wait (no /proc/pressure)")
	}
	r.Seen = "in the last 10 s some task waited for " + strings.Join(seen, ", ")
	if len(over) == 0 {
		if ended {
			r.Seen += "; that has ended"
		}
		return r.ok()
	}
	return r.warn("stop what waits for " + strings.Join(over, " and ") + ", or wait until it is done")
}

func steal(f Facts) Finding {
	r := Finding{Check: "steal", Why: "stolen time is in a trial's time, and not in its CPU time"}
	switch {
	case f.Virtual.Known && !f.Virtual.Value:
		r.Seen = "not a virtual machine: nobody can steal time"
		return r.ok()
	case !f.Watch.Known || !f.Watch.Value.Stolen.Known:
		return r.unknown("no stolen time was ever counted here: none was taken, or the hypervisor does not tell")
	}
	stolen := f.Watch.Value.Stolen.Value
	r.Seen = fmt.Sprintf("the hypervisor took the time of %s", amount(stolen, f))
	if calm.Robbed(stolen, len(f.Online)) {
		return r.warn("measure at another time or on a machine with cores of its own; else take many rounds (--rounds) and trust ratios, not times")
	}
	return r.ok()
}

const (
	// littleMemory: the largest trial of the published run held 0.65 GiB.
	littleMemory = 1 << 30
	// swapShare of the memory: Linux puts away some pages that nobody asks for
	// even when there is room; more than this was pushed out by want.
	swapShare = 0.01
)

func memory(f Facts) Finding {
	r := Finding{Check: "memory", Why: "pages that must come back from disk cost milliseconds, as much as a whole task"}
	if !f.RAM.Known {
		return r.unknown("this system does not tell how much memory is free")
	}
	m := f.RAM.Value
	r.Seen = fmt.Sprintf("%s of %s available, %s swapped out", gib(m.Available), gib(m.Total), gib(m.Swapped))
	switch {
	case m.Available < littleMemory:
		return r.warn("close what holds much memory: crowds of threads and processes need up to " + gib(littleMemory))
	case float64(m.Swapped) > swapShare*float64(m.Total):
		r.Command = "sudo swapoff -a && sudo swapon -a"
		return r.warn("close what holds much memory; if what is swapped out fits into what is available, bring it back")
	}
	return r.ok()
}

func battery(f Facts) Finding {
	r := Finding{Check: "battery", Why: "on battery a machine slows its cores to last longer"}
	if !f.Power.Known {
		return r.unknown("this system does not tell where its power comes from")
	}
	switch p := f.Power.Value; {
	case p.Draining:
		r.Seen = "running on battery"
		return r.warn("plug it in")
	case p.Batteries == 0:
		r.Seen = "0 batteries seen"
	default:
		r.Seen = plural(p.Batteries, "battery") + ", not in use"
	}
	return r.ok()
}
