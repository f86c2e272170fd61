package cpython

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself as the parent that is killed: "parent", the
// path of Python, a mechanism and its arguments.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "parent" {
		s, err := Interpreter{Path: os.Args[2]}.Start(context.Background(), os.Args[3], os.Args[4:]...)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.python.Cmd.Process.Pid)
		fmt.Println(s.Measure())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var found = sync.OnceValues(Find)

func python(t *testing.T) Interpreter {
	t.Helper()
	i, err := found()
	if err != nil {
		t.Skip(err)
	}
	return i
}

// deadline is far more than any of these tests need.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func measure(t *testing.T, words string) protocol.Measurement {
	t.Helper()
	proctest.Tidy(t)
	args := strings.Fields(words)
	s, err := python(t).Start(deadline(t), args[0], args[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Measure()
	if err != nil {
		t.Fatal(err)
	}
	s.Close() // of one that has ended is harmless
	if _, err := s.Measure(); err == nil || !strings.HasSuffix(err.Error(), "it has ended already: start another") {
		t.Errorf("measured twice: %v", err)
	}
	return m
}

func needsFork(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot fork")
	}
}

func units(m protocol.Measurement) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

func TestCreate(t *testing.T) {
	for _, unit := range []string{"fork", "spawn", "thread"} {
		t.Run(unit, func(t *testing.T) {
			if unit == "fork" {
				needsFork(t)
			}
			m := measure(t, "create n=2 unit="+unit)
			if units(m) != "ns/op" || m["ns/op"] <= 0 {
				t.Errorf("%v", m)
			}
		})
	}
}

func TestSubmit(t *testing.T) {
	needsFork(t)
	for _, words := range []string{"way=apply", "way=async workers=1", "way=map", "way=map chunk=16 workers=3"} {
		t.Run(words, func(t *testing.T) {
			m := measure(t, "submit n=50 "+words)
			if units(m) != "ns/op" || m["ns/op"] <= 0 {
				t.Errorf("%v", m)
			}
		})
	}
}

// One thread loses nothing, and none does with a lock. n is no multiple of the
// workers: all of it is done nevertheless.
func TestBalanceIsRightWhenItMustBe(t *testing.T) {
	for _, words := range []string{"workers=1", "workers=1 way=inline", "workers=3 lock=1", "workers=3 lock=1 way=inline"} {
		t.Run(words, func(t *testing.T) {
			m := measure(t, "balance n=20000 "+words)
			if units(m) != "lost ns/op tries" || m["lost"] != 0 || m["tries"] != 20000 || m["ns/op"] <= 0 {
				t.Errorf("%v", m)
			}
		})
	}
}

// It is a matter of luck in which run: each takes several switch intervals.
func TestBalanceCanLoseUpdates(t *testing.T) {
	for range 20 {
		m := measure(t, "balance n=400000 workers=2")
		if m["lost"] < 0 || m["lost"] >= m["tries"] {
			t.Fatalf("%v", m)
		}
		if m["lost"] > 0 {
			return
		}
	}
	t.Error("no update was lost in 20 runs")
}

func TestIsolation(t *testing.T) {
	for unit, seen := range map[string]float64{"fork": 0, "thread": 3} {
		t.Run(unit, func(t *testing.T) {
			if unit == "fork" {
				needsFork(t)
			}
			m := measure(t, "isolation n=3 unit="+unit)
			if units(m) != "seen tries" || m["seen"] != seen || m["tries"] != 3 {
				t.Errorf("%v", m)
			}
		})
	}
}

func TestTimer(t *testing.T) {
	for _, words := range []string{"way=timer", "way=sleep", "way=timer load=busy", "way=sleep load=busy"} {
		t.Run(words, func(t *testing.T) {
			m := measure(t, "timer delay=0.5ms n=4 "+words)
			if units(m) != "early error-p50-ns error-p99-ns tries" || m["tries"] != 4 ||
				m["early"] < 0 || m["early"] > 4 || m["error-p50-ns"] > m["error-p99-ns"] ||
				m["early"] == 0 && m["error-p50-ns"] < 0 || m["error-p50-ns"] < -500_000 {
				t.Errorf("%v", m)
			}
		})
	}
}

// Each error says what was done, what is wrong and what to give instead.
func TestArgumentsThatAreNotRight(t *testing.T) {
	i := python(t)
	for words, want := range map[string]string{
		"juggle n=1":                                        "mechanism 'juggle' is not known: use create, submit, balance, isolation, timer",
		"create unit=fork":                                  "n is missing: give n=VALUE",
		"create n=5":                                        "unit is missing: give unit=VALUE",
		"create unit=fibre n=1":                             "unit=fibre: use fork, spawn, thread",
		"create unit=\xff n=1":                              `unit=\udcff: use fork, spawn, thread`,
		"create unit=fork n=0":                              "n=0: give a whole number from 1 to 10000000",
		"create unit=fork n=-1":                             "n=-1: give a whole number from 1 to 10000000",
		"create unit=fork n=10000001":                       "n=10000001: give a whole number from 1 to 10000000",
		"create unit=fork n=٣":                              `n=\u0663: give a whole number from 1 to 10000000`,
		"create unit=fork n":                                "argument 'n' is not known: give KEY=VALUE with a key of unit, n",
		"create unit=fork n=1 lock=1":                       "argument 'lock=1' is not known: give KEY=VALUE with a key of unit, n",
		"submit way=post n=1":                               "way=post: use apply, async, map",
		"submit way=map n=1 workers=1001":                   "workers=1001: give a whole number from 1 to 1000",
		"balance n=1 lock=2":                                "lock=2: use 0, 1",
		"timer n=1 delay=5":                                 "delay=5: give a duration such as 5ms, from 1ns to 60s",
		"timer n=1 delay=0ms":                               "delay=0ms: give a duration such as 5ms, from 1ns to 60s",
		"timer n=1 delay=61s":                               "delay=61s: give a duration such as 5ms, from 1ns to 60s",
		"timer n=1 delay=" + strings.Repeat("9", 400) + "s": "delay=" + strings.Repeat("9", 400) + "s: give a duration such as 5ms, from 1ns to 60s",
	} {
		args := strings.Fields(words)
		s, err := i.Start(deadline(t), args[0], args[1:]...)
		if err == nil {
			s.Close()
		}
		if want = fmt.Sprintf("measuring %q on %s: %s", words, i, want); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", words, err, want)
		}
	}
}

// Scripts that do what they should not.
func TestAPythonThatFails(t *testing.T) {
	i := python(t)
	const ready = "print('ready', flush=True); import sys, os, time; sys.stdin.readline(); "
	for name, c := range map[string]struct{ script, want string }{
		"error":         {"import json\njson.nothing", "test: AttributeError: module 'json' has no attribute 'nothing'"},
		"syntax":        {"(", "test: SyntaxError: "},
		"late error":    {ready + "1/0", "test: ZeroDivisionError: division by zero"},
		"silent end":    {"", "test: it ended without a result"},
		"early end":     {ready, "test: it ended without a result"},
		"exit code":     {ready + "os._exit(3)", "test: exit status 3"},
		"another word":  {"print('hello'); input()", `test: it said "hello\n" where "ready" was due`},
		"no JSON":       {ready + "print('ns/op')", `test: its result "ns/op\n" is not JSON of numbers: `},
		"not a number":  {ready + "print('{\"ns/op\": NaN}')", `test: its result "{\"ns/op\": NaN}\n" is not JSON of numbers: `},
		"no newline":    {ready + "print('{\"ns/op\": 1}', end='')", "test: it ended without a result"},
		"endless line":  {"while True: print('x' * 4096, end='')", "test: it said a line of more than 65536 bytes"},
		"much to say":   {"import sys\nfor i in range(9999): print('line', i, file=sys.stderr)\nsys.exit('the last')", "test: the last"},
		"failure after": {ready + "print('{\"ns/op\": 1}', flush=True); sys.exit('oh')", "test: Python failed after its result: oh"},
	} {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			s, err := start(deadline(t), "test", i.command(c.script))
			if err == nil {
				_, err = s.Measure()
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAPythonThatCannotStart(t *testing.T) {
	proctest.Tidy(t)
	_, err := Interpreter{Path: "/nowhere/python3", Version: "3.11.7", GIL: true}.Start(deadline(t), "timer")
	if err == nil || !strings.HasPrefix(err.Error(), `measuring "timer" on CPython 3.11.7: `) {
		t.Errorf("%v", err)
	}
}

// The work would take hours. The reason is the context's, not how Python ended.
func TestADoneContextEndsTheWork(t *testing.T) {
	needsFork(t)
	i := python(t)
	for _, words := range []string{"submit way=apply n=10000000", "create unit=spawn n=10000000", "timer delay=60s n=10000000"} {
		t.Run(words, func(t *testing.T) {
			proctest.Tidy(t)
			ctx, cancel := context.WithCancel(context.Background())
			args := strings.Fields(words)
			s, err := i.Start(ctx, args[0], args[1:]...)
			if err != nil {
				t.Fatal(err)
			}
			group := s.python.Cmd.Process.Pid
			time.AfterFunc(20*time.Millisecond, cancel)
			if _, err := s.Measure(); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			waitUntilGroupIsGone(t, group)
			if _, err := i.Start(ctx, args[0], args[1:]...); !errors.Is(err, context.Canceled) {
				t.Errorf("started with a context that is done: %v", err)
			}
		})
	}
}

func TestCloseEndsASession(t *testing.T) {
	needsFork(t)
	proctest.Tidy(t)
	s, err := python(t).Start(deadline(t), "submit", "way=map", "n=1", "workers=3")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.Close()
	waitUntilGroupIsGone(t, s.python.Cmd.Process.Pid)
}

// The parent is killed at some moment of the work: Python, its children and
// what they left in the file system go too.
func TestNothingOutlivesAKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	i := python(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"create unit=fork n=10000000",
		"create unit=spawn n=10000000",
		"create unit=thread n=10000000",
		"submit way=apply workers=3 n=10000000",
		"submit way=map chunk=1000 workers=3 n=10000000",
		"balance workers=3 n=10000000 lock=1",
		"isolation unit=fork n=10000000",
		"timer delay=60s n=10000000 load=busy",
	} {
		for _, after := range []time.Duration{0, 3 * time.Millisecond, 40 * time.Millisecond} {
			t.Run(fmt.Sprint(words, " after ", after), func(t *testing.T) {
				proctest.Tidy(t)
				before := leavings(t)
				c := proc.Command(append([]string{self, "parent", i.Path}, strings.Fields(words)...), []string{proctest.QuickExit})
				_, out := proctest.Start(t, c)
				var group int
				_, err := fmt.Fscan(out, &group)
				time.Sleep(after)
				if err := c.Process.Kill(); err != nil {
					t.Error(err)
				}
				if ended := c.Wait(); err != nil || ended == nil || ended.Error() != "signal: killed" {
					t.Fatalf("%v, it ended with %v", err, ended)
				}
				waitUntilGroupIsGone(t, group)
				for _, path := range leavings(t) {
					if !slices.Contains(before, path) {
						waitUntilFileIsGone(t, path) // others use the same folders, for a moment
					}
				}
			})
		}
	}
}

// A pool's worker ends when its pipe does and an empty child by itself. This
// child would stay: only the kernel can tell it that Python was killed.
func TestAForkedChildDiesWithPython(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs PR_SET_PDEATHSIG; elsewhere Python must see the end of its standard input")
	}
	proctest.Tidy(t)
	const family = `
child = fork_process()(target=sleep, args=(3600,))
child.start()
begin()
child.join()
`
	s, err := start(deadline(t), "test", python(t).command(functions(t)+family))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	group := s.python.Cmd.Process.Pid
	if all := members(t, group); len(all) != 2 {
		t.Errorf("Python and its child are %q", all)
	}
	if err := s.python.Cmd.Process.Kill(); err != nil { // not the group
		t.Fatal(err)
	}
	waitUntilGroupIsGone(t, group)
	if _, err := s.Measure(); err == nil || err.Error() != "test: signal: killed" {
		t.Errorf("%v", err)
	}
}

// functions is the script without what runs it.
func functions(t *testing.T) string {
	t.Helper()
	text, _, found := strings.Cut(script, `if __name__ == "__main__":`)
	if !found {
		t.Fatal("the end of the script was not found")
	}
	return text
}

// waitUntilGroupIsGone waits until no process of a group is left, but those
// that only wait to be buried.
func waitUntilGroupIsGone(t *testing.T, group int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return
	}
	var left []string
	for range 1000 {
		if left = members(t, group); len(left) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("processes are left: %q", left)
}

// members lists the live processes of a group, as in /proc/PID/stat: state,
// parent and group stand behind the name.
func members(t *testing.T, group int) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 2 && fields[0] != "Z" && fields[0] != "X" && fields[2] == strconv.Itoa(group) {
			all = append(all, string(text))
		}
	}
	return all
}

// leavings lists what multiprocessing might leave: semaphores, folders.
func leavings(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"/dev/shm/sem.*", filepath.Join(os.TempDir(), "pymp-*")} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, paths...)
	}
	return all
}

func waitUntilFileIsGone(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(path); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s is left", path)
}

// The parent is gone before it gave the start signal.
func TestPythonEndsWithItsInput(t *testing.T) {
	proctest.Tidy(t)
	i := python(t)
	s, err := i.Start(deadline(t), "timer", "delay=1ms", "n=1")
	if err != nil {
		t.Fatal(err)
	}
	_ = s.python.In.Close()
	want := fmt.Sprintf(`measuring "timer delay=1ms n=1" on %s: waiting for the start signal: the parent is gone`, i)
	if _, err := s.Measure(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// The quantile is the nearest rank, as it is of Go's figures; the rest of the
// script is measured above.
func TestQuantile(t *testing.T) {
	i := python(t)
	const check = `
for values, percent, want in [([7], 50, 7), ([7], 99, 7), ([1, 2, 3, 4], 50, 2), ([1, 2, 3, 4, 5], 50, 3),
                              ([1, 2, 3, 4], 99, 4), (list(range(1, 101)), 99, 99), (list(range(1, 102)), 99, 100)]:
    if quantile(values, percent) != want:
        sys.exit("quantile %d of %r is %d" % (percent, values, quantile(values, percent)))
`
	if out, err := exec.Command(i.Path, i.command(functions(t) + check)[1:]...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestATrialIsMeasuredOnTheCPythonThatItsVariantNames(t *testing.T) {
	proctest.Tidy(t)
	i := python(t)
	env := card.Env{Python: "/nowhere/python3", Pythons: map[card.Python]string{i.Name(): i.Path}}
	s, err := Prepare(card.Trial{Variant: card.Of("made", Key, string(i.Name())), Ops: 2, Env: env}, time.Minute, "", "create", "unit=thread")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.Run(); err != nil || m["ns/op"] <= 0 {
		t.Errorf("%v, %v", m, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"2.7.1": "measuring create: there is no CPython 2.7.1: name it with --python",
		"":      "/nowhere/python3", // the reference, which is not there
	} {
		v := card.Of("made")
		if name != "" {
			v = card.Of("made", Key, name)
		}
		if _, err := Prepare(card.Trial{Variant: v, Ops: 2, Env: env}, time.Minute, "", "create"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNamedIsTheInterpreterOfAName(t *testing.T) {
	for _, want := range []Interpreter{{"/a", "3.11.7", true}, {"/b", "3.13.0", false}} {
		if got := Named(want.Name(), want.Path); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
