package messages

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// TestEveryTransport has those of own.
func TestEveryVariant(t *testing.T) {
	cards := slices.DeleteFunc(slices.Clone(Chapter.Cards), func(c card.Card) bool {
		return slices.ContainsFunc(own, func(other card.Card) bool { return other.Name == c.Name })
	})
	units := cardtest.NewUnits(t, cards)
	for _, c := range cards {
		for _, v := range cardtest.Variants(c, map[string][]string{
			"bound": {"1", "16"}, "producer": {"1"}, "consumer": {"2"}, "processes": {"1", "2"}, "workers": {"1", "3"},
		}) {
			t.Run(v.String(), func(t *testing.T) {
				units.Try(t, c)
				for _, ops := range []int{1, 3} {
					m := measure(t, v.String(), ops)
					check(t, v, float64(ops), m)
					units.Check(t, c, m)
				}
			})
		}
	}
}

// check looks at what must be, however slow the machine is.
func check(t *testing.T, v variant.Variant, ops float64, m protocol.Measurement) {
	t.Helper()
	for unit, want := range shares(v) {
		if got, there := m[unit]; !there || got != want*ops {
			t.Errorf("%v tries: %s is %v, want it in %v of them: %v", ops, unit, got, want, m)
		}
	}
	if tries, there := m[card.UnitTries]; there && tries != ops {
		t.Errorf("%v tries, want %v", tries, ops)
	}
	if held := m[unitHeld]; v.Get("bound") != "" && (held < 1 || strconv.Itoa(int(held)) > v.Get("bound") && v.Get("bound") == "1") {
		t.Errorf("a queue with a bound of %s held %v", v.Get("bound"), held)
	}
	if m[unitWaiting] > m[unitProducing] {
		t.Errorf("a producer waited longer than it was at work: %v", m)
	}
	if s, there := m[unitScaling]; there && (s <= 0 || m[unitAlone] <= 0 || m["ns/op"] <= 0) {
		t.Errorf("a time that is not above 0: %v", m)
	}
}

// shares are in which share of its tries a variant must count what it counts. What is not
// there depends on the machine.
func shares(v variant.Variant) map[string]float64 {
	switch v.Get(card.Key) {
	case "eof":
		if v.Get("copy") == "none" {
			return map[string]float64{card.UnitSeen: 1, unitBlocked: 0}
		}
		return map[string]float64{card.UnitSeen: 1, unitBlocked: 1}
	case "bounded":
		return map[string]float64{card.UnitSeen: 1, unitLost: 0, unitAbove: 0}
	case "markers":
		if v.Get("markers") == "few" {
			return map[string]float64{card.UnitSeen: 1, unitHanging: 1}
		}
		return map[string]float64{card.UnitSeen: 1, unitHanging: 0}
	case "joinable":
		return map[string]float64{card.UnitSeen: 1, unitEarly: 0, unitRefused: 1}
	case "told":
		if v.Get("queue") == "ipc" && v.Get("processes") == "1" {
			return map[string]float64{card.UnitSeen: 0}
		}
	case "increments":
		if v.Get("lock") == "lock" {
			return map[string]float64{unitLost: 0}
		}
	}
	return nil
}

// What must be seen where two do not keep out of each other's way.
func TestIncrementsAreLostWithoutALock(t *testing.T) {
	for _, object := range []string{"manager", python} {
		t.Run(object, func(t *testing.T) {
			missing := 0.0
			for range 20 { // one trial may be lucky
				if missing += measure(t, "mechanism=increments/lock=none/object="+object, 2_000)[unitLost]; missing > 0 {
					break
				}
			}
			if missing == 0 {
				t.Error("none of 40,000 was lost")
			}
			if m := measure(t, "mechanism=increments/lock=lock/object="+object, 200); m[unitLost] != 0 {
				t.Errorf("some were lost with a lock: %v", m)
			}
		})
	}
}

// More tries than one batch has.
func TestTriesBeyondABatch(t *testing.T) {
	const n = card.Tries + 2
	m := measure(t, "mechanism=joinable/queue=ipc", n)
	if m[card.UnitTries] != n || m[card.UnitSeen] != n || m[unitRefused] != n {
		t.Errorf("%v, want all of %d", m, n)
	}
}

func TestBadVariantsAreRefused(t *testing.T) {
	for _, name := range []string{
		"mechanism=eof", "mechanism=eof/copy=two", "mechanism=bounded", "mechanism=bounded/bound=0",
		"mechanism=apart/producer=1/unit=20us/way=apart", "mechanism=apart/producer=0/consumer=1/unit=20us/way=apart",
		"mechanism=markers/markers=many", "mechanism=joinable/queue=pipe", "mechanism=owner/unit=thread/way=lock/section=none/workers=2",
		"mechanism=told/asked=empty/queue=ipc", "mechanism=access/object=file", "mechanism=increments/lock=none",
	} {
		if _, _, err := card.Parse(Chapter.Cards, name); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"mechanism=bounded/bound=65537":                                   "at most 65536",
		"mechanism=apart/producer=1001/consumer=1/unit=20us/way=serial":   "at most 1000",
		"mechanism=owner/unit=goroutine/way=lock/section=none/workers=65": "at most 64",
		"mechanism=told/asked=size/queue=ipc/processes=65":                "at most 64",
		"mechanism=joinable/queue=cpython":                                "install python3",
		"mechanism=told/asked=size/queue=cpython/processes=1":             "install python3",
		"mechanism=access/object=cpython-local":                           "install python3",
		"mechanism=increments/lock=lock/object=cpython":                   "install python3",
	} {
		if _, err := prepare(name, 1, ""); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", name, err, want)
		}
	}
}

func TestPartsRefuse(t *testing.T) {
	for _, args := range [][]string{
		{"eof", "holder"},
		{"eof", "holder", "some"},
		{"bounded", "producer"},
		{"bounded", "consumer", "1", "1"},
		{"apart", "consumer"},
		{"apart", "consumer", "1"},
		{"markers", "consumer", "1"},
		{"joinable", "worker", "1"},
		{"owner", "worker", "lock"},
		{"owner", "worker", "lock", "1"},
		{"owner", "worker", "message", "1"},
		{"told", "asker", "colour", "1"},
		{"told", "asker", "empty", "1"},
		{"access", "manager", "1", "1"},
		{"increments", "manager", "1"},
		{"increments", "adder", "lock"},
	} {
		if err := card.RunPart(Chapter.Cards, args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q without what it should inherit: %v", args, err)
		}
	}
}

// A part that cannot be started leaves none of those that were, and no object.
func TestWithoutParts(t *testing.T) {
	for _, name := range []string{
		"mechanism=eof/copy=child", "mechanism=bounded/bound=1", "mechanism=apart/producer=1/consumer=1/unit=20us/way=apart",
		"mechanism=markers/markers=each", "mechanism=joinable/queue=ipc", "mechanism=owner/unit=process/way=lock/section=none/workers=2",
		"mechanism=owner/unit=process/way=message/section=none/workers=2", "mechanism=told/asked=empty/queue=ipc/processes=2",
		"mechanism=access/object=manager", "mechanism=increments/lock=lock/object=manager",
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, name)
			proctest.Tidy(t)
			c, v, err := card.Parse(Chapter.Cards, name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.Prepare(card.Trial{Variant: v, Ops: 1, Env: card.Env{Part: []string{filepath.Join(t.TempDir(), "none", "part")}}})
			if err == nil { // it starts them when it runs
				_, err = s.Run()
			}
			if !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
		})
	}
}

// A trial that is killed in the middle leaves no process; its shared memory goes with the
// last of them.
func TestAKilledTrialLeavesNothing(t *testing.T) {
	for _, name := range []string{
		"mechanism=eof/copy=child", "mechanism=bounded/bound=16", "mechanism=apart/producer=1/consumer=1/unit=20us/way=apart",
		"mechanism=markers/markers=few", "mechanism=joinable/queue=ipc", "mechanism=joinable/queue=cpython",
		"mechanism=owner/unit=process/way=message/section=none/workers=2", "mechanism=told/asked=size/queue=ipc/processes=2",
		"mechanism=told/asked=size/queue=cpython/processes=2", "mechanism=access/object=manager", "mechanism=access/object=cpython-manager",
		"mechanism=increments/lock=none/object=manager", "mechanism=increments/lock=lock/object=cpython",
		"mechanism=transport/transport=pipe/what=roundtrip/size=64/cores=one",
		"mechanism=transport/transport=ring-futex/what=throughput/size=64/cores=one",
		"mechanism=transport/transport=queue/what=throughput/size=1048576/cores=one",
		"mechanism=transport/transport=cpython-queue/what=roundtrip/size=64/cores=one",
		"mechanism=frames/way=pipe/size=64/writes=2",
	} {
		t.Run(name, func(t *testing.T) {
			python := needs(t, name)
			proctest.Tidy(t)
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			trial := proc.Command([]string{self, "trial", name}, []string{proctest.QuickExit, "PYTHON=" + python, "TMPDIR=" + t.TempDir()})
			trial.Stderr = os.Stderr
			_, out := proctest.Start(t, trial)
			line, err := bufio.NewReader(out).ReadString('\n')
			children := offspring(t, trial.Process.Pid)
			if err := trial.Process.Kill(); err != nil {
				t.Error(err)
			}
			if waitErr := trial.Wait(); err != nil || line != "running\n" || waitErr == nil {
				t.Errorf("the trial said %q (%v) and ended with %v", line, err, waitErr)
			}
			if len(children) == 0 {
				t.Error("it had no process yet")
			}
			for _, pid := range children {
				proctest.WaitUntilGone(t, pid)
			}
		})
	}
}

// offspring waits until a process has started another, and lists all that descend from it.
func offspring(t *testing.T, parent int) (pids []int) {
	t.Helper()
	for range 1000 {
		for _, child := range childrenOf(t, parent) {
			pids = append(append(pids, child), childrenOf(t, child)...)
		}
		if len(pids) > 0 {
			return pids
		}
	}
	return nil
}

func childrenOf(t *testing.T, parent int) (pids []int) {
	t.Helper()
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, _ := os.ReadFile(path) // its thread may have ended
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func Example() {
	c, v, err := card.Parse(Chapter.Cards, "mechanism=owner/unit=goroutine/way=message/section=1us/workers=3")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := c.Prepare(card.Trial{Variant: v, Ops: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := session.Run() // it looks at what all of them left
	fmt.Println(m[unitScaling] > 0, err)
	// Output: true <nil>
}
