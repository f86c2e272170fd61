package doctor

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// grow makes a tree of files.
func grow(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// notOfTheTree are the facts that are those of this machine.
var notOfTheTree = cmp.Options{
	cmpopts.IgnoreFields(Facts{}, "Quota", "Files", "Steady", "Clock.Step", "Clock.Cost", "Watch.Value.Span"),
	cmpopts.EquateEmpty(),
}

func TestLookAtALaptop(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("these are files of Linux")
	}
	const waited = "some avg10=1.50 avg60=0.21 avg300=2.77 total=1000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	root := grow(t, map[string]string{
		"proc/self/status": "Name:\tparcon\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
		"proc/cpuinfo":     "processor\t: 0\nflags\t\t: fpu vme tsc\n",
		"proc/stat":        "cpu  100 0 50 1000 0 0 0 7 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
		"proc/meminfo":     "MemTotal: 8000 kB\nMemFree: 1000 kB\nMemAvailable: 4000 kB\nSwapTotal: 900 kB\nSwapFree: 600 kB\n",
		"proc/7/stat":      stat("7", "cc1", "5", "5", "9"),
		"proc/pressure/io": waited, "proc/pressure/cpu": waited, "proc/pressure/memory": "nonsense",
		"sys/devices/system/cpu/online":                                               "0-3\n",
		"sys/devices/system/cpu/cpu0/topology/thread_siblings_list":                   "0,2\n",
		"sys/devices/system/cpu/cpu1/topology/thread_siblings_list":                   "1,3\n",
		"sys/devices/system/cpu/cpu2/topology/thread_siblings_list":                   "0,2\n",
		"sys/devices/system/cpu/cpu3/topology/thread_siblings_list":                   "1,3\n",
		"sys/devices/system/cpu/smt/control":                                          "on\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":                        "powersave\n",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor":                        "performance\n",
		"sys/devices/system/cpu/cpu3/cpufreq/scaling_governor":                        "powersave\n",
		"sys/devices/system/cpu/intel_pstate/no_turbo":                                "0\n",
		"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count":            "3\n",
		"sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count":            "0\n",
		"sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count":         "12\n",
		"sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_total_time_ms": "900\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource":             "hpet\n",
		"sys/devices/system/clocksource/clocksource0/available_clocksource":           "tsc hpet acpi_pm \n",
		"sys/class/power_supply/BAT0/type":                                            "Battery\n",
		"sys/class/power_supply/BAT0/status":                                          "Discharging\n",
		"sys/class/power_supply/AC/type":                                              "Mains\n",
		"sys/class/power_supply/mouse/type":                                           "Battery\n",
		"sys/class/power_supply/mouse/scope":                                          "Device\n",
		"sys/class/power_supply/mouse/status":                                         "Discharging\n",
	})
	want := Facts{
		Online: []int{0, 1, 2, 3}, Allowed: []int{0, 1, 2, 3}, Siblings: [][]int{{0, 2}, {1, 3}}, SMT: "on",
		Governors: []string{"performance", "powersave"},
		Turbo:     Known(Turbo{true, "/sys/devices/system/cpu/intel_pstate/no_turbo"}),
		Virtual:   Known(false),
		Clock:     Clock{Source: "hpet", Available: []string{"tsc", "hpet", "acpi_pm"}},
		Watch:     Known(Watch{Stolen: Known(0.0)}), // the files stand still
		CPU:       Known(Pressure{Recent: 1.5}), IO: Known(Pressure{Recent: 1.5}),
		RAM:   Known(RAM{8000 << 10, 4000 << 10, 300 << 10}),
		Power: Known(Power{1, true}), Throttles: Known(12),
	}
	got := Look(t.Context(), Place{Root: root, Dir: root, Span: time.Millisecond})
	if diff := cmp.Diff(want, got, notOfTheTree); diff != "" {
		t.Error(diff)
	}
	if got.Files == "" {
		t.Error("the file system of a folder that exists is not told")
	}
}

func TestLookWhereNothingIsTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the system is asked, not files")
	}
	got := Look(t.Context(), Place{Root: t.TempDir(), Dir: "/no/such/folder", Span: time.Millisecond})
	if diff := cmp.Diff(Facts{}, got, notOfTheTree); diff != "" || got.Files != "" {
		t.Errorf("%s, files %q", diff, got.Files)
	}
}

func TestLookAtDamagedFiles(t *testing.T) {
	files := map[string]string{}
	for _, path := range []string{
		"proc/self/status", "proc/cpuinfo", "proc/stat", "proc/7/stat", "proc/meminfo", "proc/pressure/cpu",
		"sys/devices/system/cpu/online", "sys/devices/system/cpu/intel_pstate/no_turbo", "sys/devices/system/cpu/cpufreq/boost",
		"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
	} {
		files[path] = "cpu \x00 -1 99999999999999999999\n: : :"
	}
	got := Look(t.Context(), Place{Root: grow(t, files), Dir: ".", Span: time.Millisecond})
	if runtime.GOOS == "linux" {
		if diff := cmp.Diff(Facts{}, got, notOfTheTree); diff != "" {
			t.Error(diff)
		}
	}
	Examine(got)
}

func TestVirtual(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  Maybe[bool]
	}{
		"flag":        {map[string]string{"proc/cpuinfo": "flags : fpu hypervisor tsc\n"}, Known(true)},
		"no flag":     {map[string]string{"proc/cpuinfo": "flags : fpu tsc\n"}, Known(false)},
		"maker":       {map[string]string{"sys/class/dmi/id/sys_vendor": "QEMU\n"}, Known(true)},
		"xen":         {map[string]string{"sys/hypervisor/type": "xen\n"}, Known(true)},
		"device tree": {map[string]string{"proc/device-tree/hypervisor/compatible": "linux,kvm\x00"}, Known(true)},
		"arm":         {map[string]string{"proc/cpuinfo": "Features : fp asimd\n", "sys/class/dmi/id/sys_vendor": "Ampere\n"}, Maybe[bool]{}},
	} {
		if got := tree(grow(t, c.files)).virtual(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestTurbo(t *testing.T) {
	const intel, boost = cpuFolder + "/intel_pstate/no_turbo", cpuFolder + "/cpufreq/boost"
	for name, c := range map[string]struct {
		files map[string]string
		want  Maybe[Turbo]
	}{
		"intel on":  {map[string]string{intel: "0"}, Known(Turbo{true, intel})},
		"intel off": {map[string]string{intel: "1"}, Known(Turbo{false, intel})},
		"boost on":  {map[string]string{boost: "1"}, Known(Turbo{true, boost})},
		"boost off": {map[string]string{boost: "0"}, Known(Turbo{false, boost})},
		"neither":   {nil, Maybe[Turbo]{}},
	} {
		if got := tree(grow(t, c.files)).turbo(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestLookEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := Look(ctx, Place{Root: "/", Dir: ".", Span: 24 * time.Hour}) // or the test would not end
	if got.Watch.Known || got.CPU.Known {
		t.Errorf("of a time that was not waited for: %+v, %+v", got.Watch, got.CPU)
	}
}

func TestTryClocks(t *testing.T) {
	var now int64
	fine := func() int64 { now += 25; return now }
	if step, cost := try(fine); step != 25 || cost != 25 {
		t.Errorf("a clock of 25 ns: step %d, cost %v", step, cost)
	}
	n := 0
	coarse := func() int64 { n++; return int64(n/1000) * 1_000_000 } // 1 us a reading, steps of 1 ms
	if step, cost := try(coarse); step != 1_000_000 || cost < 900 || cost > 1100 {
		t.Errorf("a clock in steps of 1 ms: step %d, cost %v", step, cost)
	}
	if step, cost := try(func() int64 { return 7 }); step != 0 || cost != 0 {
		t.Errorf("a clock that stands still: step %d, cost %v", step, cost)
	}
	back := int64(0)
	if step, cost := try(func() int64 { back--; return back }); step != 0 || cost != 0 {
		t.Errorf("a clock that goes back: step %d, cost %v", step, cost)
	}
}

// On whatever system this runs, something is told.
func TestLookHere(t *testing.T) {
	here := Here()
	here.Span = 20 * time.Millisecond
	f := Look(t.Context(), here)
	if f.Files == "" || len(f.Allowed) == 0 {
		t.Errorf("files %q, cores %v", f.Files, f.Allowed)
	}
	var out strings.Builder
	if err := Print(&out, Examine(f)); err != nil || out.Len() == 0 {
		t.Errorf("%v: %q", err, out.String())
	}
}
