package runner

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/mem"

	"parcon/results"
	"parcon/runner/cgroup"
)

// Host describes the machine and the moment, for the head of a result file.
// What the system does not tell is unknown. dir is where the files of tasks
// go.
func Host(dir string) results.Setup {
	s := results.Setup{
		{Key: results.KeyGOOS, Value: runtime.GOOS},
		{Key: results.KeyGOARCH, Value: runtime.GOARCH},
		{Key: results.KeyCPU, Value: processor()},
		{Key: results.KeyCores, Value: fmt.Sprint(cgroup.Cores())},
		{Key: results.KeyQuota, Value: Quota()},
		{Key: results.KeyMemory, Value: memory()},
	}
	s = append(s, kernel()...)
	s = append(s,
		results.Entry{Key: results.KeyGovernor, Value: governor()},
		results.Entry{Key: results.KeyFilesystem, Value: filesystem(dir)},
		results.Entry{Key: results.KeyGo, Value: runtime.Version()},
		results.Entry{Key: results.KeyDate, Value: time.Now().UTC().Format(time.RFC3339)},
	)
	return append(s, Build()...)
}

func processor() string {
	infos, err := cpu.Info()
	if err != nil || len(infos) == 0 || infos[0].ModelName == "" {
		return results.Unknown
	}
	return infos[0].ModelName
}

func memory() string {
	m, err := mem.VirtualMemory()
	if err != nil {
		return results.Unknown
	}
	return fmt.Sprintf("%.0f GiB", float64(m.Total)/(1<<30))
}

func kernel() results.Setup {
	info, err := host.Info()
	if err != nil {
		return results.Setup{{Key: results.KeyKernel, Value: results.Unknown}, {Key: results.KeyHost, Value: results.Unknown}, {Key: results.KeyVirtual, Value: results.Unknown}}
	}
	virtual := "no"
	if info.VirtualizationRole == "guest" {
		virtual = "guest of " + info.VirtualizationSystem
	}
	return results.Setup{{Key: results.KeyKernel, Value: info.OS + " " + info.KernelVersion}, {Key: results.KeyHost, Value: info.Hostname}, {Key: results.KeyVirtual, Value: virtual}}
}

func governor() string {
	text, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	if err != nil {
		return results.Unknown
	}
	return strings.TrimSpace(string(text))
}

// Quota is the CPU limit of this process's control group: "1.5 cores", "none".
func Quota() string {
	if cores, limited := cgroup.Quota(); limited {
		if cores == 1 {
			return "1 core"
		}
		return fmt.Sprintf("%.4g cores", cores)
	}
	if _, known := cgroup.Throttled(); !known {
		return results.Unknown
	}
	return "none"
}

func filesystem(dir string) string {
	usage, err := disk.Usage(dir)
	if err != nil || usage.Fstype == "" {
		return results.Unknown
	}
	return usage.Fstype
}

// Build is what this program is, by the build's own information: never by the
// folder that it happens to run in. go run notes no revision; then the hash of the
// program tells two of them apart.
func Build() results.Setup {
	version, revision, modified := results.Unknown, results.Unknown, false
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(info.Main.Version, results.Unknown)
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				modified = s.Value == "true"
			}
		}
	}
	if modified {
		revision += "+changes"
	}
	return results.Setup{
		{Key: results.KeyVersion, Value: version},
		{Key: results.KeyCommit, Value: revision},
		{Key: results.KeyProgram, Value: sum()},
	}
}

// sum is the beginning of the SHA-256 of this program.
var sum = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return results.Unknown
	}
	f, err := os.Open(path)
	if err != nil {
		return results.Unknown
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return results.Unknown
	}
	return fmt.Sprintf("%.6x", hash.Sum(nil))
})
