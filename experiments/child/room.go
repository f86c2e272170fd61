package child

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"parcon/runner/cgroup"
)

// crowded says why a trial that has so many threads or processes at once cannot be made
// here, "" if it can.
func crowded(tasks int) string {
	groups, limited := cgroup.Tasks()
	if !limited {
		groups = -1
	}
	return tooMany(tasks, os.DirFS("/"), os.Geteuid() == 0, groups)
}

// others is the room that is left to what else starts meanwhile: parcon itself, and the
// 300 numbers that the kernel keeps (RESERVED_PIDS, kernel/pid.c).
const others = 500

// tooMany looks for a limit that is in the way. root is exempt from that of a user
// (copy_process in kernel/fork.c); groups is what control groups leave, -1 for all. Where
// the system tells no limit there is none.
func tooMany(tasks int, system fs.FS, root bool, groups int) string {
	running := 0
	if fields := strings.Fields(text(system, "proc/loadavg")); len(fields) > 3 {
		_, all, _ := strings.Cut(fields[3], "/") // "3/312": of all threads there are
		running, _ = strconv.Atoi(all)
	}
	why := func(limit string, most int) string {
		return fmt.Sprintf("%d threads or processes at once are too many: %s leaves room for %d: raise it to measure them", tasks, limit, max(0, most))
	}
	for _, name := range []string{"threads-max", "pid_max"} {
		most, err := strconv.Atoi(strings.TrimSpace(text(system, "proc/sys/kernel/"+name)))
		if err == nil && most-running < tasks+others {
			return why("kernel."+name, most-running-others)
		}
	}
	if groups >= 0 && groups < tasks+others {
		return why("pids.max of a control group", groups-others)
	}
	for line := range strings.Lines(text(system, "proc/self/limits")) {
		rest, ok := strings.CutPrefix(line, "Max processes")
		fields := strings.Fields(rest)
		if !ok || root || len(fields) == 0 {
			continue
		}
		if most, err := strconv.Atoi(fields[0]); err == nil && most < tasks+others {
			return why("the limit of a user (RLIMIT_NPROC, ulimit -u)", most-others)
		}
	}
	return ""
}

// text is what a file of the system holds, "" if it cannot be read.
func text(system fs.FS, name string) string {
	data, err := fs.ReadFile(system, name)
	if err != nil {
		return ""
	}
	return string(data)
}
