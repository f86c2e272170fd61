package doctor

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"

	"parcon/runner/calm"
	"parcon/runner/cgroup"
	"parcon/runner/clock"
	"parcon/runner/usage"
)

// Place says where Look looks.
type Place struct {
	Root string        // folder that holds proc and sys: "/", or a tree made for a test
	Dir  string        // folder that a run would write to
	Span time.Duration // how long to watch what others do
}

// Here is this machine and the current folder. In a second the kernel counts
// 100 ticks for each core, so a share is told to 1 % of a core.
func Here() Place { return Place{Root: "/", Dir: ".", Span: time.Second} }

// Look reads the facts of a machine. It sleeps for the span of p, so as not to
// be the load itself, and returns early when ctx ends: then nothing is known of
// what others did. The control group's limit is that of this process,
// whatever p.Root is.
func Look(ctx context.Context, p Place) Facts {
	t := tree(p.Root)
	online := t.online()
	f := Facts{
		Online: online, Allowed: t.allowed(online), Siblings: t.siblings(online),
		SMT: t.read(smtFile), Governors: t.governors(), Turbo: t.turbo(),
		Quota: limit(), Virtual: t.virtual(), Power: t.power(), Throttles: t.throttles(),
		RAM: t.ram(ctx), Files: fileSystem(ctx, p.Dir),
	}
	t.watch(ctx, p.Span, &f)
	// Last: they compute, and would be seen by the watch.
	f.Clock = t.clock()
	if ctx.Err() == nil {
		f.Steady = Known(steadiness())
	}
	return f
}

// Glance sees what changes from moment to moment, in about a quarter of a second of
// work: how steady this machine is, and what others do meanwhile. It is for the gaps of
// a run, in which a look must be short.
func Glance(ctx context.Context) calm.Look {
	t := tree("/")
	var before, after moment
	own := usage.CPUOf(os.Getpid())
	t.clockIn(ctx, &before)
	s := steadiness()
	t.clockIn(ctx, &after)
	own = usage.CPUOf(os.Getpid()) - own
	l := calm.Look{
		At: before.at, Computing: s.Computing, Memory: s.Memory, Cores: len(t.online()),
		Busy: math.NaN(), Stolen: math.NaN(),
	}
	span := after.at.Sub(before.at).Seconds()
	if before.known && after.known && own > 0 && span > 0 {
		l.Busy = (after.busy - before.busy - own.Seconds()) / span
		l.Stolen = max(0, after.stolen-before.stolen) / span
	}
	return l
}

// tree is a folder that holds proc and sys.
type tree string

// read is a short file's text without the space around it, "" if there is none.
func (t tree) read(path string) string {
	text, err := os.ReadFile(filepath.Join(string(t), path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// glob is the paths that fit, as read wants them.
func (t tree) glob(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(string(t), pattern)) // only a bad pattern fails
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], filepath.Clean(string(t)))
	}
	return found
}

const cpuFolder = "/sys/devices/system/cpu"

// online falls back on what Go counted for the system that it runs on; there
// the numbers are made up, from 0 on.
func (t tree) online() []int {
	if cores, ok := parseList(t.read(cpuFolder + "/online")); ok {
		return cores
	}
	if runtime.GOOS == "linux" {
		return nil
	}
	cores := make([]int, runtime.NumCPU())
	for i := range cores {
		cores[i] = i
	}
	return cores
}

// allowed takes those that are online: the kernel's mask may name cores that
// could be plugged in.
func (t tree) allowed(online []int) []int {
	mask, ok := parseList(field(t.read("/proc/self/status"), "Cpus_allowed_list"))
	if !ok {
		if runtime.GOOS == "linux" {
			return nil
		}
		return online // darwin has no mask; that of Windows is not read
	}
	if len(online) == 0 {
		return mask
	}
	return within(mask, online)
}

func (t tree) siblings(online []int) [][]int {
	var groups [][]int
	for _, n := range online {
		group, ok := parseList(t.read(cpuFolder + "/cpu" + strconv.Itoa(n) + "/topology/thread_siblings_list"))
		if !ok || !slices.Contains(group, n) {
			return nil
		}
		if group[0] == n {
			groups = append(groups, group)
		}
	}
	return groups
}

func (t tree) governors() []string {
	var all []string
	for _, path := range t.glob(cpuFolder + "/cpu[0-9]*/cpufreq/scaling_governor") {
		if g := t.read(path); g != "" {
			all = append(all, printable(g))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (t tree) turbo() Maybe[Turbo] {
	for _, s := range []struct{ file, on, off string }{
		{cpuFolder + "/intel_pstate/no_turbo", "0", "1"},
		{cpuFolder + "/cpufreq/boost", "1", "0"},
	} {
		if text := t.read(s.file); text == s.on || text == s.off {
			return Known(Turbo{On: text == s.on, File: s.file})
		}
	}
	return Maybe[Turbo]{}
}

// limit: where the system tells for how long limits held tasks back, it has
// control groups, and that there is no limit is known.
func limit() Maybe[Quota] {
	quota, limited := cgroup.Quota()
	_, known := cgroup.Throttled()
	return Maybe[Quota]{Quota{limited, quota}, limited || known}
}

// makers of virtual machines, as they name themselves to their guests.
var makers = []string{"QEMU", "KVM", "VMware", "VirtualBox", "Virtual Machine", "HVM domU", "Google Compute Engine", "OpenStack"}

// virtual looks for a hypervisor's marks. That there is none is known only of
// processors that carry the mark in their flags: those of Intel and AMD.
func (t tree) virtual() Maybe[bool] {
	flags := field(t.read("/proc/cpuinfo"), "flags")
	product := t.read("/sys/class/dmi/id/sys_vendor") + " " + t.read("/sys/class/dmi/id/product_name")
	isMaker := func(m string) bool { return strings.Contains(product, m) }
	switch {
	case slices.Contains(strings.Fields(flags), "hypervisor"), t.read("/sys/hypervisor/type") != "",
		t.read("/proc/device-tree/hypervisor/compatible") != "", slices.ContainsFunc(makers, isMaker):
		return Known(true)
	case flags != "":
		return Known(false)
	}
	return Maybe[bool]{}
}

func (t tree) power() Maybe[Power] {
	const folder = "/sys/class/power_supply"
	if _, err := os.Stat(filepath.Join(string(t), folder)); err != nil {
		return Maybe[Power]{}
	}
	var p Power
	for _, supply := range t.glob(folder + "/*") {
		if t.read(supply+"/type") != "Battery" || t.read(supply+"/scope") == "Device" {
			continue
		}
		p.Batteries++
		p.Draining = p.Draining || t.read(supply+"/status") == "Discharging"
	}
	return Known(p)
}

// throttles takes the largest count: the threads of a core, and the cores of a
// package, each repeat the same one.
func (t tree) throttles() (most Maybe[int]) {
	for _, path := range t.glob(cpuFolder + "/cpu[0-9]*/thermal_throttle/*_throttle_count") {
		if n, err := strconv.Atoi(t.read(path)); err == nil && n >= 0 {
			most = Known(max(most.Value, n))
		}
	}
	return most
}

// with makes gopsutil read in this tree.
func (t tree) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, common.EnvKey, common.EnvMap{
		common.HostProcEnvKey: filepath.Join(string(t), "proc"),
		common.HostSysEnvKey:  filepath.Join(string(t), "sys"),
	})
}

func (t tree) ram(ctx context.Context) Maybe[RAM] {
	m, err := mem.VirtualMemoryWithContext(t.with(ctx))
	if err != nil || m.Total == 0 {
		return Maybe[RAM]{}
	}
	r := RAM{Total: m.Total, Available: m.Available}
	if m.SwapTotal > m.SwapFree {
		r.Swapped = m.SwapTotal - m.SwapFree
	}
	return Known(r)
}

func fileSystem(ctx context.Context, dir string) string {
	usage, err := disk.UsageWithContext(ctx, dir)
	if err != nil {
		return ""
	}
	return usage.Fstype
}

func (t tree) clock() Clock {
	step, cost := try(clock.Now)
	return Clock{
		Source:    printable(t.read(clockFolder + "/current_clocksource")),
		Available: strings.Fields(t.read(clockFolder + "/available_clocksource")),
		Step:      step, Cost: cost,
	}
}

const (
	windows  = 5                 // the best counts: others can only make a reading dearer
	window   = 4_000_000         // ns; thousands of readings of a slow clock
	readings = 1_000_000         // at most in a window: a clock that stands still ends it too
	perTick  = time.Second / 100 // unit of /proc/PID/stat: USER_HZ is 100 wherever Go runs on Linux
)

// try reads a clock again and again: its smallest step, ns, 0 if it never went
// on, and the cost of a reading, ns.
func try(now func() int64) (step int64, cost float64) {
	for range windows {
		start := now()
		last, n := start, 0
		for last-start < window && n < readings {
			t := now()
			n++
			if d := t - last; d > 0 && (step == 0 || d < step) {
				step = d
			}
			last = t
		}
		if c := float64(last-start) / float64(n); c > 0 && (cost == 0 || c < cost) {
			cost = c
		}
	}
	return step, cost
}

// moment is the counters at one time.
type moment struct {
	at           time.Time
	busy, stolen float64 // s, all cores added up
	known        bool
	processes    map[processID]process
	waited       [3]Maybe[stall] // for a core, memory, a disk
}

// watch fills in what happened during a span.
func (t tree) watch(ctx context.Context, span time.Duration, f *Facts) {
	before := t.moment(ctx)
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	after := t.moment(ctx)
	f.Watch = between(before, after)
	for i, p := range []*Maybe[Pressure]{&f.CPU, &f.Memory, &f.IO} {
		*p = pressed(before.waited[i], after.waited[i], after.at.Sub(before.at))
	}
}

func (t tree) moment(ctx context.Context) moment {
	m := moment{processes: t.processes()}
	for i, name := range []string{"cpu", "memory", "io"} {
		if s, ok := parsePressure(t.read("/proc/pressure/" + name)); ok {
			m.waited[i] = Known(s)
		}
	}
	t.clockIn(ctx, &m)
	return m
}

// clockIn notes the time and what the cores did up to then.
func (t tree) clockIn(ctx context.Context, m *moment) {
	m.at = time.Now()
	if times, err := cpu.TimesWithContext(t.with(ctx), false); err == nil && len(times) == 1 {
		c := times[0]
		m.known = true
		m.busy, m.stolen = c.User+c.Nice+c.System+c.Irq+c.Softirq, c.Steal
	}
}

// processes are all but this one; none where the system has no /proc.
func (t tree) processes() map[processID]process {
	all := map[processID]process{}
	for _, path := range t.glob("/proc/[0-9]*/stat") {
		p, ok := parseProcess(t.read(path))
		if ok && p.id.pid != os.Getpid() {
			all[p.id] = p
		}
	}
	return all
}

// between is what happened from one moment to a later one.
func between(before, after moment) Maybe[Watch] {
	span := after.at.Sub(before.at)
	if !before.known || !after.known || span <= 0 {
		return Maybe[Watch]{}
	}
	w := Watch{
		Span: span,
		// Never below zero: the kernel's counters may step back a little.
		Busy: max(0, after.busy-before.busy) / span.Seconds(),
	}
	if after.stolen > 0 {
		w.Stolen = Known(max(0, after.stolen-before.stolen) / span.Seconds())
	}
	for id, p := range after.processes {
		// One that was not there before is new, and all it used is of the span.
		if used := time.Duration(p.ticks-before.processes[id].ticks) * perTick; used > 0 {
			w.Processes = append(w.Processes, Process{id.pid, p.name, float64(used) / float64(span)})
		}
	}
	slices.SortFunc(w.Processes, busiest)
	return Known(w)
}

func pressed(before, after Maybe[stall], span time.Duration) Maybe[Pressure] {
	if !before.Known || !after.Known || span <= 0 {
		return Maybe[Pressure]{}
	}
	waited := max(0, after.Value.total-before.Value.total)
	return Known(Pressure{Recent: after.Value.recent, Now: 100 * float64(waited) / float64(span)})
}
