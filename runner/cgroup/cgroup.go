// Package cgroup tells what CPU limit the control group of this process sets,
// how long it held the group's tasks back, and how many tasks it may have.
//
// It reads both versions of Linux's control groups. Where a controller
// belongs to version 1, that is read, also when a hierarchy of version 2 without
// it is mounted beside it. A group inherits the limits of those
// above it, so all are read from the group up to the mount point. In a container
// the groups above the mount point cannot be seen: a limit set there is not
// known. A process that is outside of its cgroup namespace's root, and systems
// without control groups, have no limit that is known.
//
// The group is looked up once: a process that is moved later is not followed.
//
// Sources: Documentation/admin-guide/cgroup-v2.rst (cpu.max, cpu.stat) and
// Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us, cpu.stat) of the
// Linux kernel, cgroups(7), proc_pid_mountinfo(5).
package cgroup

import (
	"io/fs"
	"os"
	"path"
	"runtime"
	"sync"
	"time"
)

// system is where this machine's files are.
var system = os.DirFS("/")

var own = sync.OnceValue(func() group { return find(system, "cpu") })

// Quota is the CPU limit in cores, above 0: the tightest of the groups that
// this process is in. It can be more than the machine has. limited is false if
// there is none, or none that is known.
func Quota() (cores float64, limited bool) { return own().quota(system) }

// Throttled is the time for which the limits of the groups that this process is
// in held their tasks back, since the groups were made and added up over the
// cores. All tasks of a group count, not this process alone. Limits of two
// groups, one above the other, that hold back at once count twice. Without a
// limit it is 0; known is false where the system does not tell.
func Throttled() (total time.Duration, known bool) { return own().throttled(system) }

// group is a control group and those above it.
type group struct {
	version int      // of the hierarchy: 1 or 2
	dirs    []string // the group's own folder first, the mount point last; none: not found
}

// find looks up this process's group of a controller in a file system that holds /proc and the
// mounts. The names are those of package fs: without the leading slash.
func find(root fs.FS, controller string) group {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return group{}
	}
	version, in, found := parseGroup(groups, controller)
	if !found {
		return group{}
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return group{}
	}
	var best []string
	for _, m := range parseMounts(mounts, version, controller) {
		dirs, whole := m.dirs(in)
		if whole {
			return group{version, dirs}
		}
		if best == nil {
			best = dirs
		}
	}
	return group{version, best}
}

func (g group) quota(root fs.FS) (float64, bool) {
	tightest, limited := 0.0, false
	for _, dir := range g.dirs {
		cores, found := g.limit(root, dir)
		if found && (!limited || cores < tightest) {
			tightest, limited = cores, true
		}
	}
	return tightest, limited
}

// limit is the one that a single group sets. The root group has none, nor has
// one that the cpu controller is not enabled for.
func (g group) limit(root fs.FS, dir string) (float64, bool) {
	if g.version == 2 {
		text, err := fs.ReadFile(root, path.Join(dir, "cpu.max"))
		if err != nil {
			return 0, false
		}
		return parseMax(text)
	}
	quota, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return 0, false
	}
	period, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return 0, false
	}
	return parseQuota(quota, period)
}

func (g group) throttled(root fs.FS) (time.Duration, bool) {
	var total time.Duration
	known := false
	for _, dir := range g.dirs {
		text, err := fs.ReadFile(root, path.Join(dir, "cpu.stat"))
		if err != nil {
			continue // the path of another namespace: only its upper part is here
		}
		t, understood := parseThrottled(text)
		if !understood {
			return 0, false
		}
		total += t
		known = true
	}
	return total, known
}

// Cores is how many cores this process can keep busy: those that it may run on,
// and no more than whole ones in its quota; at least 1.
func Cores() int { return usable(runtime.NumCPU())(Quota()) }

func usable(allowed int) func(quota float64, limited bool) int {
	return func(quota float64, limited bool) int {
		if !limited {
			return allowed
		}
		return max(1, min(allowed, int(quota)))
	}
}
