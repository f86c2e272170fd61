package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"parcon/runner/usage"
)

// Adopt makes orphans among the descendants of this process its children, so that Sweep finds
// them, until release is called.
func Adopt() (release func()) {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	return func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }
}

// sweeping is how long Sweep tries: what sits in the kernel can't be killed.
const sweeping = 2 * time.Second

// Sweep kills and buries the children of this process that it adopted, and theirs, which are
// adopted then. It says how many of them lived.
func Sweep() (lived int) {
	seen := map[int]bool{}
	for end := time.Now().Add(sweeping); time.Now().Before(end); time.Sleep(time.Millisecond) {
		adopted := orphans()
		if len(adopted) == 0 {
			return lived
		}
		for _, pid := range adopted {
			if !seen[pid] && !dead(pid) {
				seen[pid] = true
				lived++
			}
			_ = unix.Kill(pid, unix.SIGKILL)
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
	return lived
}

// orphans are the children that nobody waits for.
func orphans() []int {
	running.Lock()
	defer running.Unlock()
	var all []int
	for _, pid := range childrenOf(os.Getpid()) {
		if running.all[pid] == nil {
			all = append(all, pid)
		}
	}
	return all
}

// childrenOf lists a process's children (proc_pid_task(5)). Where the kernel keeps no such
// list, all processes are looked at.
func childrenOf(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var all []int
	for _, name := range files {
		text, _ := os.ReadFile(name)
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	if len(files) > 0 {
		return all
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if fields := statOf(name); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			all = append(all, child)
		}
	}
	return all
}

// statOf is a process's line behind its name, which may hold anything: state, parent ...
// (proc_pid_stat(5)).
func statOf(name string) []string {
	text, _ := os.ReadFile(name)
	_, rest, _ := bytes.Cut(text, []byte(") "))
	return strings.Fields(string(rest))
}

func dead(pid int) bool {
	fields := statOf(fmt.Sprintf("/proc/%d/stat", pid))
	return len(fields) == 0 || fields[0] == "Z" || fields[0] == "X"
}

// memoryOf is the memory of all that descend from a process, in bytes: what several share
// counts once. A child that has not begun its own program yet has that of this process.
func memoryOf(pid int) (sum int64) {
	for _, child := range childrenOf(pid) {
		program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", child))
		bytes, err := usage.PSS(child)
		if err != nil || program == own() { // it may be gone
			continue
		}
		sum += bytes + memoryOf(child)
	}
	return sum
}

var own = sync.OnceValue(func() string { name, _ := os.Readlink("/proc/self/exe"); return name })

// awaitEnd waits until a child has ended and lets it lie, so that its number is still its own.
// It says how long the child's first thread was ready and waited for a core
// (/proc/PID/schedstat, Documentation/scheduler/sched-stats.rst).
func awaitEnd(pid int) (delay time.Duration, known bool) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, false
	}
	ns, err := strconv.ParseInt(fields[1], 10, 64)
	return time.Duration(ns), err == nil && ns >= 0
}
