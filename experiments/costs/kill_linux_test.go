package costs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// A trial that is killed in the middle leaves no process and no file.
func TestAKilledTrialLeavesNothing(t *testing.T) {
	for name, least := range map[string]int{
		"mechanism=create/unit=process":                       0,
		"mechanism=create/unit=empty":                         0,
		"mechanism=create/unit=fork":                          0,
		"mechanism=create/unit=cpython-fork":                  1,
		"mechanism=switch/unit=process/placement=one":         1,
		"mechanism=idle/unit=thread/count=3":                  1,
		"mechanism=idle/unit=process/count=3":                 4,
		"mechanism=submit/way=apply/transport=pipe/workers=2": 2,
		"mechanism=submit/way=async/transport=ring/workers=2": 2,
		"mechanism=flight/pool=process-pool/workers=2":        2,
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "cpython") && python() == "" {
				t.Skip("there is no CPython here")
			}
			proctest.Tidy(t)
			dir := t.TempDir()
			cmd := proc.Command(append(self("trial"), name, dir), []string{proctest.QuickExit, "PATH=" + os.Getenv("PATH")})
			_, out := proctest.Start(t, cmd)
			if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				t.Fatalf("it said %q, %v", line, err)
			}
			var offspring []int
			for range 1000 {
				if offspring = descendants(t, cmd.Process.Pid); len(offspring) >= least {
					break
				}
				time.Sleep(time.Millisecond)
			}
			// It starts no more between the look and its end.
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			offspring = append(offspring, descendants(t, cmd.Process.Pid)...)
			if len(offspring) < least {
				t.Errorf("it has %d processes, want %d at least", len(offspring), least)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
				t.Errorf("it ended with %v", err)
			}
			for _, pid := range offspring {
				proctest.WaitUntilGone(t, pid)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("files are left: %v, %v", left, err)
			}
		})
	}
}

// descendants lists the children of a process, their children and so on.
func descendants(t *testing.T, pid int) []int {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	children := map[int][]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		var child, parent int
		var state string
		if _, err := fmt.Sscan(string(text[strings.LastIndexByte(string(text), ')')+1:]), &state, &parent); err != nil {
			t.Fatal(err)
		}
		if child, err = strconv.Atoi(strings.Split(path, "/")[2]); err != nil {
			t.Fatal(err)
		}
		children[parent] = append(children[parent], child)
	}
	all := children[pid]
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
