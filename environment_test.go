package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"parcon/experiments/child"
)

// canMount says whether a disk can be mounted where nobody else sees it.
func canMount() bool {
	return exec.Command("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt").Run() == nil
}

// threadGroup makes a control group that limits the number of threads, and returns
// its folder, "" if none can be made here.
func threadGroup(name string, most string) string {
	for _, parent := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
		dir := filepath.Join(parent, name)
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if os.WriteFile(filepath.Join(dir, "pids.max"), []byte(most), 0) == nil {
			return dir
		}
		_ = os.Remove(dir)
	}
	return ""
}

func canLimitThreads() bool {
	dir := threadGroup(fmt.Sprintf("parcon-test-%d", os.Getpid()), "100")
	return dir != "" && os.Remove(dir) == nil
}

// fewThreads makes a control group that grants so many threads and names its list
// of processes in the environment variable GROUP. It goes with the script.
// Usage: fewthreads MOST
func fewThreads(ts *testscript.TestScript, _ bool, args []string) {
	dir := threadGroup("parcon-"+filepath.Base(ts.Getenv("WORK")), args[0])
	if dir == "" {
		ts.Fatalf("no control group can be made")
	}
	ts.Setenv("GROUP", filepath.Join(dir, "cgroup.procs"))
	ts.Defer(func() {
		for text := range strings.FieldsSeq(ts.ReadFile(filepath.Join(dir, "cgroup.procs"))) {
			pid, err := strconv.Atoi(text)
			ts.Check(err)
			send(pid, os.Kill)
		}
		eventually(ts, "the control group can go", func() bool { return os.Remove(dir) == nil })
	})
}

// waitRole waits until a run has a child in a role.
// Usage: waitrole ROLE FOLDER
func waitRole(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "a child of the run is the "+args[0], func() bool { return inRole(args[0], args[1]) > 0 })
}

// killChild kills the child of a run that has a role, as the kernel does for want
// of memory.
// Usage: killchild ROLE FOLDER
func killChild(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, "a child of the run is the "+args[0], func() bool {
		pid := inRole(args[0], args[1])
		return pid > 0 && send(pid, os.Kill)
	})
}

// hangUp tells a run that its terminal is closed.
// Usage: hangup FOLDER
func hangUp(ts *testscript.TestScript, _ bool, args []string) {
	for _, pid := range runsIn(args[0]) {
		if !send(pid, syscall.SIGHUP) {
			ts.Fatalf("the run in %s is gone", args[0])
		}
	}
}

func send(pid int, s os.Signal) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(s) == nil
}

// inRole is the child of a run that has a role, 0 if there is none.
func inRole(role, folder string) int {
	for _, pid := range childrenOf(folder) {
		line := commandLine(pid)
		if i := slices.Index(line, child.Argument); i >= 0 && len(line) > i+1 && line[i+1] == role {
			return pid
		}
	}
	return 0
}

// runsIn are the processes that run parcon with a folder for the result.
func runsIn(folder string) (pids []int) {
	for pid := range parents() {
		if line := commandLine(pid); slices.Contains(line, folder) && slices.Contains(line, "run") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// childrenOf are all that descend from the run in a folder.
func childrenOf(folder string) []int {
	pids := runsIn(folder)
	return slices.DeleteFunc(withDescendants(slices.Clone(pids)), func(pid int) bool { return slices.Contains(pids, pid) })
}

func commandLine(pid int) []string {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return strings.Split(string(text), "\x00")
}

// ownPrograms looks at the processes of runs while they go on, until it has seen a
// number of them of each: every one is of a program whose hash stands at the head
// of its own run's file. No two runs have a program in common.
// Usage: ownprograms COUNT FOLDER...
func ownPrograms(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	hashes := map[string]string{} // of each file of a program
	for i, folder := range args[1:] {
		head := ts.ReadFile(filepath.Join(folder, trialsFile))
		_, own, _ := strings.Cut(head, "\nprograms: small ")
		own, _, _ = strings.Cut(own, "\n")
		for _, other := range args[1+i+1:] {
			for program := range strings.FieldsSeq(own) {
				if strings.Contains(ts.ReadFile(filepath.Join(other, trialsFile)), program) {
					ts.Fatalf("%s and %s both have the program %s", folder, other, program)
				}
			}
		}
		seen := map[int]bool{}
		eventually(ts, "processes of "+folder+" are seen", func() bool {
			for _, pid := range childrenOf(folder) {
				link := filepath.Join("/proc", strconv.Itoa(pid), "exe")
				path, err := os.Readlink(link)
				if err != nil || seen[pid] || !strings.Contains(path, "/programs-") {
					continue // gone, or not yet the program that it becomes
				}
				if hashes[path] == "" {
					text, err := os.ReadFile(link)
					if err != nil {
						continue
					}
					hashes[path] = fmt.Sprintf("%s:%.6x", filepath.Base(path), sha256.Sum256(text))
				}
				if seen[pid] = true; !slices.Contains(strings.Fields(own), hashes[path]) {
					ts.Fatalf("a process of %s is %s (%s), which is none of its own programs: %s", folder, path, hashes[path], own)
				}
			}
			return len(seen) >= want
		})
	}
}
