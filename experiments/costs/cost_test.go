package costs

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/variant"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// some are the numbers of idle units: so many that the noise of a few threads is small
// beside them.
var some = map[string][]string{"count": {"12"}}

// measure runs a trial as its process does.
func measure(name string, ops int, env card.Env) (protocol.Measurement, error) {
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return nil, err
	}
	if m.Procs != nil {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(m.Procs(v, runtime.NumCPU())))
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: ops, Env: env})
	if err != nil {
		return nil, err
	}
	result, err := session.Run()
	if session.Close != nil {
		err = errors.Join(err, session.Close())
	}
	return result, err
}

// impossible says why a variant cannot be measured here, "" if it can.
func impossible(m card.Card, name string) string {
	switch {
	case m.Unmet(card.Scale{System: "plan9"}) != "" && runtime.GOOS != "linux":
		return "needs Linux"
	case runtime.GOOS != "linux" && (strings.Contains(name, "=fork") || strings.Contains(name, "=ring") || strings.Contains(name, "=process-pool")):
		return "needs Linux"
	case strings.Contains(name, "cpython") && python() == "":
		return "there is no CPython here"
	case strings.Contains(name, "placement=two") && runtime.NumCPU() < 2:
		return "there is only one core"
	}
	return ""
}

func TestEveryVariant(t *testing.T) {
	units := cardtest.NewUnits(t, Chapter.Cards)
	for _, m := range Chapter.Cards {
		if m.Prepare == nil {
			continue // its variants are those of the grid
		}
		for _, v := range cardtest.Variants(m, some) {
			name := v.String()
			if name == "mechanism=switch/unit=coroutine/placement=two" || v.Get("chunk") != "" && v.Get("way") != "map" {
				continue // is refused: see the other tests
			}
			t.Run(name, func(t *testing.T) {
				units.Try(t, m)
				if why := impossible(m, name); why != "" {
					t.Skip(why)
				}
				proctest.Tidy(t)
				dir := t.TempDir()
				for _, ops := range []int{1, 3} {
					got, err := measure(name, ops, environment(dir))
					if err != nil {
						t.Fatal(err)
					}
					units.Check(t, m, got)
					if strings.Contains(name, "=cpython") && got["ns/op"] <= 0 {
						t.Errorf("CPython does not time itself: %v", got)
					}
					if _, answered := got["answer-ns/op"]; answered != (m.Name == "create" && v.Get("unit") == "process") {
						t.Errorf("only a process answers: %v", got)
					}
					check(t, v, ops, got)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
					t.Errorf("files are left: %v, %v", left, err)
				}
			})
		}
	}
}

// check looks at what can be known beforehand.
func check(t *testing.T, v variant.Variant, ops int, got protocol.Measurement) {
	t.Helper()
	switch v.Get(card.Key) {
	case "idle":
		// A thread has a stack that is touched, a program more than that. Some
		// threads were there before, and wait no longer for nothing.
		for _, unit := range []string{"pss-bytes/unit", "rss-bytes/unit"} {
			if least := map[string]float64{"process": 100_000, "thread": 1024}[v.Get("unit")]; got[unit] < least {
				t.Errorf("%s: %v, want %v at least", unit, got[unit], least)
			}
		}
		if least := map[string]float64{"process": 1, "thread": 0.3}[v.Get("unit")]; got["threads/unit"] < least {
			t.Errorf("%v threads for each unit", got["threads/unit"])
		}
	case "flight":
		if got["tries"] != float64(ops) || got["seen"] != float64(ops) || got["most-inside"] < 1 || got["most-inside"] > 3 {
			t.Errorf("%d tries: %v", ops, got)
		}
	}
}

func TestCoroutinesAreRefusedTwoCores(t *testing.T) {
	_, err := measure("mechanism=switch/unit=coroutine/placement=two", 1, environment(""))
	if err == nil || !strings.Contains(err.Error(), "placement=two") {
		t.Errorf("error %v", err)
	}
}

func TestWithoutCPython(t *testing.T) {
	env := environment("")
	env.Python = ""
	for _, name := range []string{"mechanism=create/unit=cpython-fork", "mechanism=submit/way=map/transport=cpython/workers=2"} {
		if _, err := measure(name, 1, env); err == nil || !strings.Contains(err.Error(), "CPython") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestBadVariants(t *testing.T) {
	for name, want := range map[string]string{
		"mechanism=create":                                        "unit",
		"mechanism=create/unit=fibre":                             "fibre",
		"mechanism=create/unit=thread/count=3":                    "count",
		"mechanism=switch/unit=thread":                            "placement",
		"mechanism=switch/unit=thread/placement=three":            "three",
		"mechanism=idle/unit=thread/count=0":                      "count",
		"mechanism=idle/unit=thread/count=many":                   "many",
		"mechanism=submit/way=apply/transport=post/workers=2":     "post",
		"mechanism=submit/way=map/transport=pipe":                 "workers",
		"mechanism=flight/pool=process/workers=2":                 "process",
		"mechanism=flight/pool=pool/workers=1000001":              "1000001",
		"mechanism=submit/way=map/transport=pipe/workers=2/chunk": "chunk",
	} {
		if _, _, err := card.Parse(Chapter.Cards, name); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one about %s", name, err, want)
		}
	}
}

// A program that fails gives its reason, in one line.
func TestProgramsThatFail(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("most of them need Linux")
	}
	for _, name := range []string{
		"mechanism=create/unit=process", "mechanism=create/unit=empty",
		"mechanism=switch/unit=process/placement=one",
		"mechanism=idle/unit=thread/count=2",
		"mechanism=submit/way=map/transport=pipe/workers=2", "mechanism=submit/way=async/transport=ring/workers=2",
		"mechanism=flight/pool=process-pool/workers=2",
	} {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			env := environment(t.TempDir())
			env.Part, env.Worker, env.Empty = self("broken"), self("broken"), self("broken")
			_, err := measure(name, 1, env)
			if err == nil || !strings.Contains(err.Error(), "out of order") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The process that holds idle workers says what is wrong with them.
func TestWorkersThatFail(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	for role, want := range map[string]string{"broken": "out of order", "empty": "process 1 of 1", "nowhere": "no such file"} {
		t.Run(role, func(t *testing.T) {
			proctest.Tidy(t)
			env := environment(t.TempDir())
			env.Worker = self(role)
			if role == "nowhere" {
				env.Worker = []string{"/nowhere/worker"}
			}
			if _, err := measure("mechanism=idle/unit=process/count=2", 1, env); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestOnlyMapSendsChunks(t *testing.T) {
	proctest.Tidy(t)
	for _, way := range []string{"apply", "async"} {
		_, err := measure("mechanism=submit/way="+way+"/transport=pipe/workers=1/chunk=2", 1, environment(""))
		if err == nil || !strings.Contains(err.Error(), "chunk=2") {
			t.Errorf("%s: error %v", way, err)
		}
	}
	if _, err := measure("mechanism=submit/way=map/transport=pipe/workers=2/chunk=3", 10, environment("")); err != nil {
		t.Error(err)
	}
}

func TestAPoolIsNotTooLarge(t *testing.T) {
	for _, name := range []string{"mechanism=submit/way=map/transport=pipe/workers=10001", "mechanism=flight/pool=pool/workers=10001"} {
		if _, err := measure(name, 1, environment("")); err == nil || !strings.Contains(err.Error(), "10000") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestAProcessThatHangsIsKilled(t *testing.T) {
	proctest.Tidy(t)
	argv := self("hang")
	cmd := proc.Command(argv, []string{proctest.QuickExit})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := killAfter(cmd, time.Millisecond)(cmd.Wait()); !errors.Is(err, errLate) {
		t.Errorf("error %v", err)
	}
}
