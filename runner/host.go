package runner

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/mem"

	"parcon/results"
	"parcon/runner/cgroup"
)

// Host describes the machine and the moment, for the head of a result file.
// What the system does not tell is "unknown". dir is where the files of tasks
// go.
func Host(dir string) results.Setup {
	s := results.Setup{
		{Key: "goos", Value: runtime.GOOS},
		{Key: "goarch", Value: runtime.GOARCH},
		{Key: "cpu", Value: processor()},
		{Key: "cores", Value: fmt.Sprint(runtime.NumCPU())},
		{Key: "quota", Value: quota()},
		{Key: "memory", Value: memory()},
	}
	s = append(s, kernel()...)
	return append(s,
		results.Entry{Key: "governor", Value: governor()},
		results.Entry{Key: "filesystem", Value: filesystem(dir)},
		results.Entry{Key: "go", Value: runtime.Version()},
		results.Entry{Key: "commit", Value: commit()},
		results.Entry{Key: "date", Value: time.Now().UTC().Format(time.RFC3339)},
	)
}

const unknown = "unknown"

func processor() string {
	infos, err := cpu.Info()
	if err != nil || len(infos) == 0 || infos[0].ModelName == "" {
		return unknown
	}
	return infos[0].ModelName
}

func memory() string {
	m, err := mem.VirtualMemory()
	if err != nil {
		return unknown
	}
	return fmt.Sprintf("%.0f GiB", float64(m.Total)/(1<<30))
}

func kernel() results.Setup {
	info, err := host.Info()
	if err != nil {
		return results.Setup{{Key: "kernel", Value: unknown}, {Key: "host", Value: unknown}, {Key: "virtual", Value: unknown}}
	}
	virtual := "no"
	if info.VirtualizationRole == "guest" {
		virtual = "guest of " + info.VirtualizationSystem
	}
	return results.Setup{{Key: "kernel", Value: info.OS + " " + info.KernelVersion}, {Key: "host", Value: info.Hostname}, {Key: "virtual", Value: virtual}}
}

func governor() string {
	text, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	if err != nil {
		return unknown
	}
	return strings.TrimSpace(string(text))
}

// quota is the CPU limit of this process's control group.
func quota() string {
	if cores, limited := cgroup.Quota(); limited {
		return fmt.Sprintf("%.4g cores", cores)
	}
	if _, known := cgroup.Throttled(); !known {
		return unknown
	}
	return "none"
}

func filesystem(dir string) string {
	usage, err := disk.Usage(dir)
	if err != nil || usage.Fstype == "" {
		return unknown
	}
	return usage.Fstype
}

// commit is the revision that this program was built from, as the go command
// recorded it, or else that of the folder it runs in: go run records none.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		revision, modified := "", false
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				modified = s.Value == "true"
			}
		}
		if revision != "" {
			return markModified(revision, modified)
		}
	}
	revision, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		return unknown
	}
	changes, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	return markModified(strings.TrimSpace(string(revision)), err != nil || len(changes) > 0)
}

func markModified(revision string, modified bool) string {
	if modified {
		return revision + "+changes"
	}
	return revision
}
