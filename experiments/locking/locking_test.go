package locking

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/ipc"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// variants are all that there are, but for numbers.
func variants() []string {
	var all []string
	for _, m := range Chapter.Cards {
		for _, v := range cardtest.Variants(m, map[string][]string{"size": {"1", "3"}, "wake": {"1", "3", "8"}}) {
			all = append(all, v.String())
		}
	}
	return all
}

func TestEveryVariant(t *testing.T) {
	units := cardtest.NewUnits(t, Chapter.Cards)
	for _, name := range variants() {
		t.Run(name, func(t *testing.T) {
			m, _, err := card.Parse(Chapter.Cards, name)
			if err != nil {
				t.Fatal(err)
			}
			units.Try(t, m)
			for _, ops := range []int{1, 3} {
				got := measure(t, name, ops)
				check(t, name, ops, got)
				units.Check(t, m, got)
			}
		})
	}
}

// measure runs a variant once, at the GOMAXPROCS that it asks for.
func measure(t *testing.T, name string, ops int) protocol.Measurement {
	t.Helper()
	python := needs(t, name)
	proctest.Tidy(t)
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		t.Fatal(err)
	}
	if m.Procs != nil {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(m.Procs(v, runtime.NumCPU())))
	}
	s, _, err := prepare(name, ops, python)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Run()
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// check looks at what must be, however slow the machine is.
func check(t *testing.T, name string, ops int, m protocol.Measurement) {
	t.Helper()
	_, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		t.Fatal(err)
	}
	for unit, share := range shares(v) {
		if got, ok := m[unit]; !ok || got != share*float64(ops) {
			t.Errorf("%d tries: %s is %v, want it in %v of them: %v", ops, unit, got, share, m)
		}
	}
	between := func(low, value, high float64) {
		t.Helper()
		if value < low || value > high {
			t.Errorf("%d tries: %v is not between %v and %v: %v", ops, value, low, high, m)
		}
	}
	if tries, ok := m[card.UnitTries]; ok {
		between(float64(ops), tries, float64(ops))
		between(0, m[card.UnitSeen], tries)
	}
	if most, ok := m[mostInside]; ok {
		size, _ := v.Int("size", 0)
		between(1, most, float64(size))
	}
	if right, ok := m[named]; ok {
		between(right, m[card.UnitSeen], right)
	}
	if half, ok := m[lateHalf]; ok {
		between(0, half, m[lateMost])
	}
	if most, ok := m[lateMax]; ok {
		between(m[lateMost], most, most)
	}
}

// shares are in which share of its tries a variant must count what it counts. What is
// not there depends on the machine.
func shares(v variant.Variant) map[string]float64 {
	want := map[string]float64{}
	switch v.Get(card.Key) {
	case "semaphore":
		want[over] = 0
		if v.Get("size") == "1" {
			want[card.UnitSeen] = 1
		}
	case "event":
		want[card.UnitSeen], want[timeouts], want[early] = 1, 1, 0
	case "condition":
		want[card.UnitSeen], want[more], want[less] = 1, 0, 0
	case "deadlock":
		want[hanging] = 0
		if v.Get("order") == fixed {
			want[card.UnitSeen] = 0
		}
	case "timer":
		want[early] = 0
	case "relock", "killed":
		switch v.Get("lock") {
		case plain, "flock", "robust":
			want[card.UnitSeen] = 1
		case "noted": // or looked for too late, on a busy machine
		default:
			want[card.UnitSeen] = 0
		}
	}
	return want
}

// One try may miss it, when one unit takes both locks before the other begins.
func TestOppositeOrdersDeadlock(t *testing.T) {
	for _, unit := range []string{thread, process} {
		t.Run(unit, func(t *testing.T) {
			if m := measure(t, "mechanism=deadlock/unit="+unit+"/order=opposite", 20); m[card.UnitSeen] == 0 {
				t.Errorf("no deadlock in 20 tries: %v", m)
			}
		})
	}
}

func TestManyAreInside(t *testing.T) {
	for _, unit := range []string{goroutine, process} {
		t.Run(unit, func(t *testing.T) {
			if m := measure(t, "mechanism=semaphore/size=3/unit="+unit, 20); m[mostInside] != 3 {
				t.Errorf("%v", m)
			}
		})
	}
}

func TestBadVariantsAreRefused(t *testing.T) {
	for _, name := range []string{
		"mechanism=semaphore/unit=goroutine", "mechanism=semaphore/unit=thread/size=2",
		"mechanism=semaphore/unit=goroutine/size=0", "mechanism=semaphore/unit=process/size=-1",
		"mechanism=event", "mechanism=event/unit=coroutine", "mechanism=event/unit=process/size=1",
		"mechanism=condition/unit=goroutine", "mechanism=condition/unit=goroutine/wake=0", "mechanism=condition/unit=goroutine/wake=two",
		"mechanism=deadlock/unit=goroutine/order=fixed", "mechanism=deadlock/unit=thread/order=any",
		"mechanism=relock/lock=spin/unit=goroutine", "mechanism=relock/lock=plain",
		"mechanism=killed", "mechanism=killed/lock=plain", "mechanism=killed/lock=none", "mechanism=killed/lock=flock/unit=process",
		"mechanism=lockcost/lock=plain/unit=thread",
		"mechanism=timer/load=half/delay=1ms", "mechanism=timer/load=idle/delay=2ms", "mechanism=timer/load=idle",
		"mechanism=timers/load=idle/delay=1ms",
	} {
		if _, _, err := card.Parse(Chapter.Cards, name); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"mechanism=semaphore/unit=goroutine/size=10001": "at most 10000",
		"mechanism=semaphore/unit=process/size=65":      "at most 64",
		"mechanism=condition/unit=goroutine/wake=9":     "only 8 wait",
		"mechanism=timer/load=cpython/delay=1ms":        "install python3",
	} {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			_, _, err := prepare(name, 1, "")
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, want)
			}
		})
	}
}

// A part that cannot be started leaves none of those that were.
func TestPrepareWithoutParts(t *testing.T) {
	for _, name := range []string{
		"mechanism=semaphore/unit=process/size=1", "mechanism=event/unit=process", "mechanism=condition/unit=process/wake=1",
		"mechanism=deadlock/unit=process/order=fixed", "mechanism=relock/lock=plain/unit=process",
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, name)
			proctest.Tidy(t)
			m, v, err := card.Parse(Chapter.Cards, name)
			if err != nil {
				t.Fatal(err)
			}
			env := card.Env{Part: []string{filepath.Join(t.TempDir(), "none", "lock")}}
			if _, err := m.Prepare(card.Trial{Variant: v, Ops: 1, Env: env}); err == nil || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPartsRefuse(t *testing.T) {
	for _, args := range [][]string{
		{"relock", "holder"},
		{"relock", "holder", plain},
		{"semaphore", "visitor"},
		{"event", "waiter"},
		{"condition", "waiter"},
		{"deadlock", "party"},
		{"killed", "holder"},
		{"killed", "holder", "spin", "."},
		{"killed", "holder", "semaphore", "."},
		{"killed", "holder", "noted", "."},
		{"killed", "holder", "robust", "."},
		{"killed", "holder", "flock", filepath.Join(t.TempDir(), "none", "lock")},
		{"killed", "holder", "lockfile", filepath.Join(t.TempDir(), "none", "lock")},
	} {
		if err := card.RunPart(Chapter.Cards, args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q without what it should inherit: %v", args, err)
		}
	}
}

// A trial that is killed in the middle leaves no process, and with the last
// process its shared memory is gone.
func TestAKilledTrialLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		parts int
	}{
		{"mechanism=semaphore/unit=process/size=2", stages * 8},
		{"mechanism=event/unit=process", stages * waiters},
		{"mechanism=condition/unit=process/wake=1", stages * waiters},
		{"mechanism=deadlock/unit=process/order=opposite", stages * 2},
		{"mechanism=relock/lock=plain/unit=process", 3 * stages},
		{"mechanism=timer/load=cpython/delay=1ms", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			python := needs(t, c.name)
			proctest.Tidy(t)
			trial := proc.Command([]string{self, "trial", c.name}, []string{proctest.QuickExit, "PYTHON=" + python})
			trial.Stderr = os.Stderr
			_, out := proctest.Start(t, trial)
			line, err := bufio.NewReader(out).ReadString('\n')
			children := childrenOf(t, trial.Process.Pid)
			if err := trial.Process.Kill(); err != nil {
				t.Error(err)
			}
			if waitErr := trial.Wait(); err != nil || line != "running\n" || waitErr == nil {
				t.Errorf("the trial said %q (%v) and ended with %v", line, err, waitErr)
			}
			if len(children) != c.parts {
				t.Errorf("it had the processes %v, want %d", children, c.parts)
			}
			for _, pid := range children {
				proctest.WaitUntilGone(t, pid)
			}
		})
	}
}

// childrenOf lists the processes that another one started.
func childrenOf(t *testing.T, parent int) (pids []int) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		// The name in brackets may hold anything; the fields behind it count.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// A process mechanism says on other systems that it cannot, and on none that it
// hangs.
func TestWithoutIPC(t *testing.T) {
	l, err := newSharedLock(plain)
	if err == nil {
		if err := l.Free(); err != nil {
			t.Error(err)
		}
		t.Skip("this system has it")
	}
	for _, name := range variants() {
		if strings.Contains(name, "=process") { // those of killed need Linux by their card
			if _, _, err := prepare(name, 1, ""); !errors.Is(err, ipc.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func Example() {
	m, v, err := card.Parse(Chapter.Cards, "mechanism=relock/lock=plain/unit=goroutine")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := session.Run()
	fmt.Printf("%v of %v hung, %v\n", got[card.UnitSeen], got[card.UnitTries], err)
	// Output: 2 of 2 hung, <nil>
}
