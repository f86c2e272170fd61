package testbed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/child"
	"parcon/experiments/cpython"
	"parcon/experiments/lane"
	"parcon/experiments/remote/role"
	"parcon/experiments/scratch"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/testbed"
	"parcon/experiments/variant"
	"parcon/runner"
	"parcon/runner/proc/proctest"
)

// The test binary is the trial program, in all its roles.
func TestMain(m *testing.M) {
	role.Child()
	child.Main()
	os.Exit(m.Run())
}

func cases(t testing.TB, names ...string) []card.Case {
	t.Helper()
	var all []card.Case
	for _, name := range names {
		v, err := variant.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, card.Case{Variant: v, Tasks: 6})
	}
	return all
}

// small are sizes of tasks that take no time, so that nothing is calibrated.
func small() map[string]int {
	return map[string]int{"primes": 5, "hash": 1, "matrix": 1, "allocate": 1, "json": 1, "mix": 5}
}

func open(t *testing.T, all []card.Case) *testbed.Bed {
	t.Helper()
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	l, err := testbed.Open(context.Background(), programs, t.TempDir(), small(), all, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// From a name to a measurement: every workload, and the server that some talk
// to, through real trials.
func TestATrialOfEveryWorkload(t *testing.T) {
	proctest.Tidy(t)
	var names []string
	for _, w := range tasks.Workloads {
		names = append(names, "workload="+w.Name+"/model=goroutine/workers=2")
	}
	names = append(names, "workload=mix/cpu=25/model=process-pool/workers=2", "workload=http/model=process/workers=2", "workload=sleep/delay=1ms/model=gil/workers=3")
	all := cases(t, names...)
	l := open(t, all)
	trials := l.Child(time.Minute)
	for _, c := range all {
		rc, err := l.Case(c)
		if err != nil {
			t.Fatal(err)
		}
		m, err := trials.Try(t.Context(), rc)
		if err != nil {
			t.Errorf("%s: %v", c.Variant, err)
			continue
		}
		if m["ns/op"] <= 0 || m["gomaxprocs"] != float64(rc.Procs) {
			t.Errorf("%s: %v", c.Variant, m)
		}
	}
	if used := l.ServerCPU(); used < 0 || runtime.GOOS == "linux" && used == 0 {
		t.Errorf("the server answered them and consumed %v", used)
	}
}

// Threads of CPython have lanes of their turns, its processes of what they consumed, and
// each task is on one.
func TestLanesOfCPython(t *testing.T) {
	proctest.Tidy(t)
	python, err := cpython.Find()
	if err != nil {
		t.Skip(err)
	}
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	programs.Pythons = []cpython.Interpreter{python}
	for model, prefix := range map[string]string{"cpython-serial": "thread ", "cpython-thread": "thread ", "cpython-pool": "process "} {
		all := cases(t, "workload=mix/cpu=50/python="+string(python.Name())+"/model="+model+"/workers=2")
		l, err := testbed.Open(t.Context(), programs, t.TempDir(), nil, all, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		of, err := l.Lanes(t.Context(), all[0], time.Minute)
		if err = errors.Join(err, l.Close()); err != nil {
			t.Errorf("%s: %v", model, err)
			continue
		}
		computed := map[int]bool{}
		for _, s := range of.Slices {
			computed[s.Task] = computed[s.Task] || s.State == lane.Running
			if !strings.HasPrefix(s.Lane, prefix) {
				t.Errorf("%s: slice %+v", model, s)
			}
		}
		for task := range all[0].Tasks {
			if !computed[task] {
				t.Errorf("%s: task %d of %d never ran", model, task, all[0].Tasks)
			}
		}
	}
}

// Every task of a traced run is on the lanes that its model has, and nothing is left of the
// trace.
func TestLanesOfEveryModel(t *testing.T) {
	proctest.Tidy(t)
	var names []string
	for _, m := range model.All {
		if m.Python {
			continue // a trace is of Go
		}
		names = append(names, "workload=mix/cpu=50/model="+m.Name+"/workers=2")
	}
	all := cases(t, names...)
	l := open(t, all)
	for _, c := range all {
		if c.Variant.Get("model") == "process-pool-ring" && runtime.GOOS != "linux" {
			continue
		}
		of, err := l.Lanes(t.Context(), c, time.Minute)
		if err != nil {
			t.Errorf("%s: %v", c.Variant, err)
			continue
		}
		prefix := "P"
		switch m, _ := model.Find(c.Variant.Get("model")); {
		case m.Threads:
			prefix = "thread "
		case m.Remote, strings.HasPrefix(m.Name, "process"):
			prefix = "process "
		}
		seen := map[int]bool{}
		for _, s := range of.Slices {
			seen[s.Task] = true
			if s.Lane != "" && !strings.HasPrefix(s.Lane, prefix) || s.Lane == "" && s.State == lane.Running {
				t.Errorf("%s: slice %+v", c.Variant, s)
			}
		}
		if len(seen) != c.Tasks || of.Variant != c.Variant.String() || of.Busy <= 0 || of.Cores < 1 || of.Facts().InFlight > 2 {
			t.Errorf("%s: %d tasks in flight, %d in all, %v", c.Variant, of.Facts().InFlight, len(seen), of)
		}
	}
	if left, err := os.ReadDir(l.Dir()); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
}

// What a killed process left in the folder goes when a run is resumed, when a trial
// failed, and at the end.
func TestTheFolderIsCleared(t *testing.T) {
	proctest.Tidy(t)
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command(programs.Trial[0], append(slices.Clone(programs.Trial[1:]), child.Empty)...)
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	leave := func() {
		t.Helper()
		name := strings.ReplaceAll(scratch.Name(), strconv.Itoa(os.Getpid()), strconv.Itoa(dead.Process.Pid))
		if err := os.WriteFile(filepath.Join(dir, name+"-1"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cleared := func(when string) {
		t.Helper()
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left are %v, %v", when, left, err)
		}
	}
	leave()
	c := cases(t, "workload=empty/model=serial")
	l, err := testbed.Open(t.Context(), programs, dir, small(), c, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	cleared("after the start")
	leave()
	failing, err := l.Case(c[0])
	if err != nil {
		t.Fatal(err)
	}
	failing.Order = "nonsense"
	if _, err := l.Try(time.Minute)(t.Context(), failing); err == nil {
		t.Error("a trial of nonsense did not fail")
	}
	cleared("after a trial that failed")
	leave()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	cleared("at the end")
}

func TestACaseKnowsWhatItsTrialNeeds(t *testing.T) {
	proctest.Tidy(t)
	all := cases(t, "workload=primes/model=gil/workers=2", "workload=mix/cpu=25/model=goroutine/workers=2", "workload=mix/cpu=75/model=goroutine/workers=2")
	l := open(t, all)
	var blocks []string
	for i, c := range all {
		rc, err := l.Case(c)
		if err != nil {
			t.Fatal(err)
		}
		order, ok := rc.Order.(child.Order)
		if !ok || rc.Variant != c.Variant.String() || order.Variant != rc.Variant || rc.Tasks != 6 || order.Tasks != 6 || len(order.Answers) != workload.Seeds {
			t.Errorf("case %d: %+v", i, rc)
		}
		if want := map[bool]int{true: 1, false: runtime.NumCPU()}[i == 0]; rc.Procs != want {
			t.Errorf("case %d: GOMAXPROCS %d, want %d", i, rc.Procs, want)
		}
		blocks = append(blocks, rc.Block)
	}
	// Models of one workload are compared with each other.
	if want := []string{"workload=primes", "workload=mix/cpu=25", "workload=mix/cpu=75"}; !slices.Equal(blocks, want) {
		t.Errorf("blocks %v, want %v", blocks, want)
	}
	if l.Sizes()["primes"] != 5 {
		t.Errorf("sizes %v: that of primes was given", l.Sizes())
	}
	for _, name := range []string{"workload=primes/model=gorutine", "workload=primes/model=gil/workers=0"} {
		if _, err := l.Case(cases(t, name)[0]); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A mechanism has no reference and no calibrated length; its variants run close
// together.
func TestACaseOfAMechanism(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux")
	}
	proctest.Tidy(t)
	all := cases(t, "mechanism=balance/model=gil/lock=mutex/workers=2", "mechanism=balance/model=thread/lock=mutex/workers=2", "mechanism=exits/way=fault")
	l := open(t, all)
	for i, want := range []struct {
		block string
		procs int
	}{{"mechanism=balance", 1}, {"mechanism=balance", 3}, {"mechanism=exits", runtime.NumCPU()}} {
		rc, err := l.Case(all[i])
		if err != nil || rc.Block != want.block || rc.Procs != want.procs {
			t.Errorf("%s: %+v, %v, want %+v", all[i].Variant, rc, err, want)
		}
		m, err := l.Child(time.Minute).Try(t.Context(), rc)
		if err != nil || m["tries"] != 6 || m["ns/op"] <= 0 || m["gomaxprocs"] != float64(want.procs) {
			t.Errorf("%s: %v, %v", all[i].Variant, m, err)
		}
	}
	for _, name := range []string{"mechanism=balance/model=gil", "mechanism=bilance"} {
		if _, err := l.Case(cases(t, name)[0]); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// A resumed run hands in the sizes of the run before; a new one finds them.
func TestOpenCalibratesWhatHasNoSize(t *testing.T) {
	proctest.Tidy(t)
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	l, err := testbed.Open(context.Background(), programs, t.TempDir(), nil, cases(t, "workload=allocate/model=serial"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if len(l.Sizes()) != 1 || l.Sizes()["allocate"] < 1 {
		t.Errorf("sizes %v", l.Sizes())
	}
}

// Tasks of an hour would be computed for hours, for their answers or for their size.
func TestAPreparationThatTakesTooLongIsEnded(t *testing.T) {
	t.Cleanup(testbed.PrepareWithin(50 * time.Millisecond))
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	for _, sizes := range []map[string]int{small(), nil} {
		proctest.Tidy(t)
		_, err := testbed.Open(t.Context(), programs, t.TempDir(), sizes, cases(t, "workload=primes/length=1h/model=serial"), time.Millisecond)
		const want = "computing the reference answers of workload=primes/length=1h: not done within 50ms: give it longer with --timeout, or name shorter tasks with length="
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestOpenFailsAndLeavesNothing(t *testing.T) {
	programs, err := testbed.Self()
	if err != nil {
		t.Fatal(err)
	}
	for want, try := range map[string]struct {
		programs testbed.Programs
		name     string
	}{
		"starting the delay server: fork/exec /no/such/program: no such file or directory": {testbed.Programs{Trial: []string{"/no/such/program"}}, "workload=empty/model=serial"},
		"starting the delay server: it did not tell its address":                           {testbed.Programs{Trial: []string{programs.Trial[0], "-test.run=^$"}}, "workload=empty/model=serial"},
		"starting the delay server: it did not tell its address: no threads":               {testbed.Programs{Trial: []string{"/bin/sh", "-c", "echo no threads >&2; echo and more >&2"}}, "workload=empty/model=serial"},
		`workload "prims" is not known`:                                                    {programs, "workload=prims/model=serial"},
		"a CPU share of 101 %":                                                             {programs, "workload=mix/cpu=101/model=serial"},
	} {
		t.Run(want, func(t *testing.T) {
			proctest.Tidy(t)
			_, err := testbed.Open(t.Context(), try.programs, t.TempDir(), small(), cases(t, try.name), time.Minute)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The programs are those that a run starts: they take the roles that this
// package gives them.
func TestBuild(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	if testing.Short() {
		t.Skip("builds two programs")
	}
	proctest.Tidy(t)
	// A cache folder of its own for the programs, the user's for the build.
	cache, err := exec.Command(goTool, "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	programs, err := testbed.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{programs.Trial[0], programs.Worker[0], programs.Part[0], programs.Empty[0], programs.Server[0], programs.NetServer[0], programs.Queue[0]} {
		if !filepath.IsAbs(path) {
			t.Errorf("%s depends on where a child starts", path)
		}
	}
	all := cases(t, "workload=primes/model=process/workers=2", "workload=primes/model=process-pool/workers=2", "workload=http/model=process/workers=2")
	if runtime.GOOS == "linux" {
		all = append(all, cases(t, "mechanism=create/unit=process", "mechanism=create/unit=empty", "mechanism=zombie", "mechanism=join")...)
	}
	l, err := testbed.Open(context.Background(), programs, t.TempDir(), small(), all, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range all {
		rc, err := l.Case(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Child(time.Minute).Try(t.Context(), rc); err != nil {
			t.Errorf("%s: %v", c.Variant, err)
		}
	}
	if !regexp.MustCompile("^small trial:[0-9a-f]{12} worker:[0-9a-f]{12} part:[0-9a-f]{12} empty:[0-9a-f]{12} server:[0-9a-f]{12} netserver:[0-9a-f]{12} queue:[0-9a-f]{12}$").MatchString(programs.Identity()) {
		t.Errorf("identity %q", programs.Identity())
	}
	neverReplaced(t, programs)
	// By hand they say what they are, and do nothing.
	for _, path := range []string{programs.Trial[0], programs.Worker[0], programs.Part[0], programs.Server[0], programs.NetServer[0], programs.Queue[0]} {
		out, err := exec.Command(path).CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("not by hand")) {
			t.Errorf("%s by hand: %v, %q", path, err, out)
		}
	}
}

// neverReplaced builds once more, under an environment that is made for other
// builds and beside a damaged copy: what there is stays.
func neverReplaced(t *testing.T, was testbed.Programs) {
	for key, value := range map[string]string{"GOOS": "plan9", "GOARCH": "arm64", "GOFLAGS": "-mod=vendor -race", "CGO_ENABLED": "1", "GOWORK": "/nowhere"} {
		t.Setenv(key, value)
	}
	before, err := os.Stat(was.Empty[0])
	if err != nil {
		t.Fatal(err)
	}
	again, err := testbed.Build(t.Context())
	after, gone := os.Stat(was.Empty[0])
	if err != nil || gone != nil || again.Identity() != was.Identity() || again.Trial[0] != was.Trial[0] || !os.SameFile(before, after) {
		t.Errorf("a second build: %v, %v, %+v, was %+v", err, gone, again, was)
	}
	if err := os.WriteFile(was.Worker[0]+".new", []byte("damaged"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(was.Worker[0]+".new", was.Worker[0]); err != nil {
		t.Fatal(err)
	}
	again, err = testbed.Build(t.Context())
	if err != nil || again.Identity() != was.Identity() || again.Worker[0] == was.Worker[0] {
		t.Errorf("beside a damaged set: %v, %+v", err, again)
	}
	damaged, err := os.ReadFile(was.Worker[0])
	if err != nil || string(damaged) != "damaged" {
		t.Errorf("the damaged set was touched: %v", err)
	}
	if err := os.Rename(again.Worker[0], was.Worker[0]); err != nil {
		t.Fatal(err)
	}
}

func TestTheIdentityOfThisProgram(t *testing.T) {
	programs, err := testbed.Self()
	if err != nil || !regexp.MustCompile("^parcon itself self:[0-9a-f]{12}$").MatchString(programs.Identity()) {
		t.Errorf("%q, %v", programs.Identity(), err)
	}
}

func Example() {
	programs, err := testbed.Self() // this program calls child.Main first thing
	if err != nil {
		fmt.Println(err)
		return
	}
	v := variant.New("workload", "primes", "model", "goroutine", "workers", "2")
	catalogue := []card.Case{{Variant: v, Tasks: 4}}
	l, err := testbed.Open(context.Background(), programs, os.TempDir(), map[string]int{"primes": 10}, catalogue, time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	var c runner.Case
	if c, err = l.Case(catalogue[0]); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Variant, c.Block, c.Tasks)
	// Output: workload=primes/model=goroutine/workers=2 workload=primes 4
}
