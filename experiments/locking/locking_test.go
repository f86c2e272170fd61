package locking

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// variants are all that there are, but for numbers.
func variants() []string {
	numbers := map[string][]string{"size": {"1", "3"}, "wake": {"1", "3", "8"}}
	var all []string
	for _, m := range Chapter.Cards {
		names := []string{card.Key + "=" + m.Name}
		for _, c := range m.Keys {
			values := c.Values
			if values == nil {
				values = numbers[c.Key]
			}
			var longer []string
			for _, name := range names {
				for _, value := range values {
					longer = append(longer, name+"/"+c.Key+"="+value)
				}
			}
			names = longer
		}
		all = append(all, names...)
	}
	return all
}

func TestEveryVariant(t *testing.T) {
	for _, name := range variants() {
		t.Run(name, func(t *testing.T) {
			for _, ops := range []int{1, 3} {
				m, session := measure(t, name, ops)
				check(t, name, ops, session)
				for _, unit := range unitsOf[m.Name] {
					if _, ok := session[unit]; !ok && !(unit == lateMax && strings.Contains(name, "=cpython")) {
						t.Errorf("there is no %s", unit)
					}
				}
			}
		})
	}
}

// measure runs a variant once, at the GOMAXPROCS that it asks for.
func measure(t *testing.T, name string, ops int) (card.Card, protocol.Measurement) {
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
	return m, got
}

var unitsOf = map[string][]string{
	"semaphore": {card.UnitTries, card.UnitSeen, over, mostInside},
	"event":     {card.UnitTries, card.UnitSeen, timeouts, early, lateHalf, lateMost},
	"condition": {card.UnitTries, card.UnitSeen, more, less},
	"deadlock":  {card.UnitTries, card.UnitSeen, hanging, named},
	"relock":    {card.UnitTries, card.UnitSeen},
	"killed":    {card.UnitTries, card.UnitSeen},
	"lockcost":  {},
	"timer":     {card.UnitTries, early, lateHalf, lateMost, lateMax},
}

// check looks at what must be, however slow the machine is.
func check(t *testing.T, name string, ops int, m protocol.Measurement) {
	t.Helper()
	is := func(unit string, want float64) {
		t.Helper()
		if m[unit] != want {
			t.Errorf("%d tries: %s is %v, want %v: %v", ops, unit, m[unit], want, m)
		}
	}
	between := func(low, value, high float64) {
		t.Helper()
		if value < low || value > high {
			t.Errorf("%d tries: %v is not between %v and %v: %v", ops, value, low, high, m)
		}
	}
	mech, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		t.Fatal(err)
	}
	n := float64(ops)
	if slices.Contains(unitsOf[mech.Name], card.UnitTries) {
		is(card.UnitTries, n)
	}
	switch mech.Name {
	case "semaphore":
		size, _ := v.Int("size", 0)
		is(over, 0)
		between(1, m[mostInside], float64(size))
		between(0, m[card.UnitSeen], n)
		if size == 1 {
			is(card.UnitSeen, n)
		}
	case "event":
		is(card.UnitSeen, n)
		is(timeouts, n)
		is(early, 0)
		between(0, m[lateHalf], m[lateMost])
	case "condition":
		is(card.UnitSeen, n)
		is(more, 0)
		is(less, 0)
	case "deadlock":
		is(hanging, 0)
		is(named, m[card.UnitSeen])
		between(0, m[card.UnitSeen], n)
		if v.Get("order") == fixed {
			is(card.UnitSeen, 0)
		}
	case "relock":
		if v.Get("lock") == plain {
			is(card.UnitSeen, n)
		} else {
			is(card.UnitSeen, 0)
		}
	case "killed":
		switch v.Get("lock") {
		case "flock", "robust":
			is(card.UnitSeen, n)
		case "noted": // or looked for too late, on a busy machine
			between(0, m[card.UnitSeen], n)
		default:
			is(card.UnitSeen, 0)
		}
	case "timer":
		is(early, 0)
		between(0, m[lateHalf], m[lateMost])
		if most, ok := m[lateMax]; ok {
			between(m[lateMost], most, most)
		}
	}
}

// One try may miss it, when one unit takes both locks before the other begins.
func TestOppositeOrdersDeadlock(t *testing.T) {
	for _, unit := range []string{thread, process} {
		t.Run(unit, func(t *testing.T) {
			if _, m := measure(t, "mechanism=deadlock/unit="+unit+"/order=opposite", 20); m[card.UnitSeen] == 0 {
				t.Errorf("no deadlock in 20 tries: %v", m)
			}
		})
	}
}

func TestManyAreInside(t *testing.T) {
	for _, unit := range []string{goroutine, process} {
		t.Run(unit, func(t *testing.T) {
			if _, m := measure(t, "mechanism=semaphore/size=3/unit="+unit, 20); m[mostInside] != 3 {
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
			env := card.Env{Part: []string{filepath.Join(t.TempDir(), "none")}}
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
		{"killed", "holder", "flock", filepath.Join(t.TempDir(), "none")},
		{"killed", "holder", "lockfile", filepath.Join(t.TempDir(), "none")},
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
		{"mechanism=semaphore/unit=process/size=2", 8},
		{"mechanism=event/unit=process", waiters},
		{"mechanism=condition/unit=process/wake=1", waiters},
		{"mechanism=deadlock/unit=process/order=opposite", 2},
		{"mechanism=relock/lock=plain/unit=process", 1},
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
