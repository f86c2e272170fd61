package model_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/remote/role"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc/proctest"
)

// workloads are those that the tests' worker processes know.
var workloads = []workload.Workload{
	{Name: "short", New: func(p workload.Params) (workload.Task, error) {
		return func(seed uint64) (uint64, error) {
			p.Check()
			p.Sleep(time.Millisecond) // long enough to meet others
			return 100 + seed, nil
		}, nil
	}},
	{Name: "broken", New: func(workload.Params) (workload.Task, error) {
		return func(seed uint64) (uint64, error) {
			if seed == workload.Seed(failing) {
				return 0, errBroken
			}
			return 100 + seed, nil
		}, nil
	}},
}

const failing = 5

var errBroken = errors.New("task five is broken")

// The test binary starts itself as the worker processes: "worker" and their
// own arguments.
func TestMain(m *testing.M) {
	role.Child()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if err := worker.Main(workloads, os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// usesProcesses says whether a model runs tasks in other processes.
func usesProcesses(m model.Model) bool { return strings.HasPrefix(m.Name, "process") }

// log notes what a crew does. Models without processes call Run, the others
// Report.
type log struct {
	mu       sync.Mutex
	order    []int // tasks as they ended
	spans    [][2]int64
	answers  []uint64
	now      atomic.Int64
	most     atomic.Int64 // at once, in this process
	workload workload.Task
}

func newLog(t testing.TB, m model.Model, name string) (*log, model.Job) {
	t.Helper()
	w, err := workload.Find(workloads, name)
	if err != nil {
		t.Fatal(err)
	}
	l, host := &log{}, hostOf(m)
	if l.workload, err = w.New(workload.Params{Host: host}); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return l, model.Job{Host: host, Run: l.run, Report: l.report, Worker: model.WorkerCommand{
		Program: []string{program, "worker"},
		Params:  workload.Params{Name: name}.Args(),
		Env:     []string{proctest.QuickExit},
	}}
}

func (l *log) run(task int) error {
	now := l.now.Add(1)
	for most := l.most.Load(); now > most && !l.most.CompareAndSwap(most, now); most = l.most.Load() {
	}
	defer l.now.Add(-1)
	answer, err := l.workload(workload.Seed(task))
	if err != nil {
		return err
	}
	return l.report(task, answer, 0, 0)
}

func (l *log) report(task int, answer uint64, start, end int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order = append(l.order, task)
	l.answers = append(l.answers, answer)
	l.spans = append(l.spans, [2]int64{start, end})
	return nil
}

// mostAtOnce is how many tasks ran at one moment.
func (l *log) mostAtOnce() int {
	most := int(l.most.Load())
	for _, a := range l.spans {
		now := 0
		for _, b := range l.spans { // all that were running when a started
			if b[0] <= a[0] && a[0] < b[1] {
				now++
			}
		}
		most = max(most, now)
	}
	return most
}

// checkEachOnce fails unless the tasks 0 to n-1 ran once each, with their own
// answers.
func (l *log) checkEachOnce(t *testing.T, n int) {
	t.Helper()
	if tasks := slices.Sorted(slices.Values(l.order)); !slices.Equal(tasks, upTo(n)) {
		t.Errorf("tasks %v ran, want each of %d once", tasks, n)
	}
	for i, task := range l.order {
		if want := 100 + workload.Seed(task); l.answers[i] != want {
			t.Errorf("task %d answered %d, want %d", task, l.answers[i], want)
		}
	}
}

// hostOf is what tasks of a model tell what they do.
func hostOf(m model.Model) workload.Host {
	if m.Host == nil {
		return nil
	}
	return m.Host()
}

func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

func start(t *testing.T, m model.Model, workers int, job model.Job) model.Crew {
	t.Helper()
	crew, err := m.Start(workers, job)
	if err != nil {
		t.Fatal(err)
	}
	return crew
}

func closed(t *testing.T, crew model.Crew) {
	t.Helper()
	if err := crew.Close(); err != nil {
		t.Errorf("closing the crew: %v", err)
	}
}

func forEach(t *testing.T, test func(*testing.T, model.Model)) {
	for _, m := range model.All {
		t.Run(m.Name, func(t *testing.T) {
			if m.Name == "process-pool-ring" && runtime.GOOS != "linux" {
				t.Skip("the ring is Linux's")
			}
			if m.Python {
				t.Skip("its tasks are in Python: see below TestPython")
			}
			if m.Remote {
				t.Skip("it keeps its answers until they are asked for: see TestACrewOnAQueue")
			}
			proctest.Tidy(t)
			test(t, m)
		})
	}
}

// Twice and again, since a crew is warmed up before it is measured.
func TestACrewRunsEachTaskOnce(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		for _, workers := range []int{1, 3} {
			l, job := newLog(t, m, "short")
			crew := start(t, m, workers, job)
			for _, n := range []int{2, 0, 1, 40} {
				l.order, l.answers = nil, nil
				if err := crew.Run(n); err != nil {
					t.Error(err)
				}
				l.checkEachOnce(t, n)
			}
			closed(t, crew)
			if most := l.mostAtOnce(); most > workers {
				t.Errorf("%d tasks at once on %d workers", most, workers)
			}
			if l.now.Load() != 0 {
				t.Errorf("%d tasks still run", l.now.Load())
			}
		}
	})
}

func TestAnErrorOfATaskComesBack(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		l, job := newLog(t, m, "broken")
		crew := start(t, m, 2, job)
		defer closed(t, crew)
		n := 1000
		if m.Name == "process" {
			n = 20
		}
		err := crew.Run(n)
		if err == nil || !strings.Contains(err.Error(), errBroken.Error()) {
			t.Errorf("error %v, want %v", err, errBroken)
		}
		if now := l.now.Load(); now != 0 {
			t.Errorf("%d tasks still run", now)
		}
		if slices.Contains(l.order, failing) {
			t.Error("the broken task has an answer")
		}
		// The crew goes on: nothing of the failed run comes after it.
		l.order, l.answers = nil, nil
		if err := crew.Run(failing); err != nil {
			t.Errorf("a run without the broken task: %v", err)
		}
		l.checkEachOnce(t, failing)
	})
}

// An error of Report, such as a wrong answer, counts as one of the task.
func TestAnErrorOfReportComesBack(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		if !usesProcesses(m) {
			t.Skip("calls no Report")
		}
		_, job := newLog(t, m, "short")
		wrong := errors.New("wrong answer")
		job.Report = func(task int, _ uint64, start, end int64) error {
			if start <= 0 || end < start {
				t.Errorf("task %d ran from %d to %d", task, start, end)
			}
			if task == failing {
				return wrong
			}
			return nil
		}
		crew := start(t, m, 2, job)
		defer closed(t, crew)
		if err := crew.Run(20); !errors.Is(err, wrong) {
			t.Errorf("error %v, want %v", err, wrong)
		}
	})
}

// Where workers are asked, each task's place comes before its result, with a worker of its own
// for each task or for many.
func TestPlacesOfTasksAreHandedOn(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		if !usesProcesses(m) {
			t.Skip("has no other processes")
		}
		const n = 6
		l, job := newLog(t, m, "short")
		job.Worker.Env = append(job.Worker.Env, worker.PlaceEnv)
		var mu sync.Mutex
		workers := map[int]bool{}
		var placed []int
		job.Placed = func(task int, r worker.Result) {
			mu.Lock()
			defer mu.Unlock()
			workers[r.Place.Worker] = true
			placed = append(placed, task)
		}
		crew := start(t, m, 2, job)
		defer closed(t, crew)
		if err := crew.Run(n); err != nil {
			t.Fatal(err)
		}
		l.checkEachOnce(t, n)
		slices.Sort(placed)
		if !slices.Equal(placed, []int{0, 1, 2, 3, 4, 5}) || workers[os.Getpid()] {
			t.Errorf("the places of %v, in the processes %v", placed, workers)
		}
		if single := m.Name == "process"; single != (len(workers) == n) {
			t.Errorf("%d processes for %d tasks", len(workers), n)
		}
	})
}

// All workers have a task at the same moment: each waits until the last one
// has come.
func TestWorkersWorkBesideEachOther(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		if m.Name == "serial" || usesProcesses(m) {
			t.Skip("serial does not, and other processes cannot meet here")
		}
		const workers = 5
		var here atomic.Int64
		p := workload.Params{Host: hostOf(m)}
		crew := start(t, m, workers, model.Job{Host: p.Host, Run: func(int) error {
			for here.Add(1); here.Load() < workers; {
				p.Sleep(time.Millisecond)
			}
			return nil
		}})
		defer closed(t, crew)
		if err := crew.Run(workers); err != nil {
			t.Error(err)
		}
	})
}

func TestSerialKeepsTheOrder(t *testing.T) {
	m, err := model.Find("serial")
	if err != nil {
		t.Fatal(err)
	}
	l, job := newLog(t, m, "short")
	crew := start(t, m, 4, job)
	defer closed(t, crew)
	if err := crew.Run(20); err != nil || !slices.Equal(l.order, upTo(20)) || l.most.Load() != 1 {
		t.Errorf("order %v, %d at once, %v", l.order, l.most.Load(), err)
	}
}

// Worker processes are counted with the trial, and only they.
func TestUsageIsThatOfWorkerProcesses(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		_, job := newLog(t, m, "short")
		crew := start(t, m, 2, job)
		defer closed(t, crew)
		if err := crew.Run(4); err != nil {
			t.Fatal(err)
		}
		u, err := crew.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if want := usesProcesses(m) && runtime.GOOS == "linux"; (u.PeakRSS > 0) != want {
			t.Errorf("peak memory of its processes: %d", u.PeakRSS)
		}
		if want := strings.HasPrefix(m.Name, "process-pool"); (u.CPU() > 0) != want {
			t.Errorf("CPU time of its live processes: %v", u.CPU())
		}
	})
}

func TestAWorkerProgramThatDoesNotExist(t *testing.T) {
	forEach(t, func(t *testing.T, m model.Model) {
		if !usesProcesses(m) {
			t.Skip("needs no worker program")
		}
		_, job := newLog(t, m, "short")
		job.Worker.Program = []string{"/no/such/worker"}
		crew, err := m.Start(2, job)
		if err == nil { // process starts them later
			err = crew.Run(3)
			closed(t, crew)
		}
		if err == nil || !strings.Contains(err.Error(), "/no/such/worker") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	})
}

func TestProcessors(t *testing.T) {
	const workers, cores = 8, 4
	want := map[string]int{"serial": 1, "gil": 1, "loop": 1, "coroutine": 1, "thread": workers, "gil-lock": workers + 1, "process-pool-ring": workers + 1}
	for _, m := range model.All {
		expected := cores
		if m.Python || m.Remote {
			expected = 1
		}
		if n, found := want[m.Name]; found {
			expected = n
		}
		if got := m.Procs(workers, cores); got != expected {
			t.Errorf("%s: GOMAXPROCS %d, want %d", m.Name, got, expected)
		}
		if got := m.Procs(100_000, cores); got > 1000 {
			t.Errorf("%s of 100,000 workers: GOMAXPROCS %d", m.Name, got)
		}
	}
}

func TestFind(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range model.All {
		if found, err := model.Find(m.Name); err != nil || found.Name != m.Name || found.Mapping == "" || seen[m.Name] {
			t.Errorf("%s: found %q, %v", m.Name, found.Name, err)
		}
		seen[m.Name] = true
	}
	if _, err := model.Find("threads"); err == nil || !strings.Contains(err.Error(), `"threads"`) {
		t.Errorf("error %v", err)
	}
}

func Example() {
	m, err := model.Find("goroutine")
	if err != nil {
		fmt.Println(err)
		return
	}
	var sum atomic.Int64
	crew, err := m.Start(4, model.Job{Run: func(task int) error {
		sum.Add(int64(task))
		return nil
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer crew.Close()
	fmt.Println(crew.Run(101), sum.Load())
	// Output: <nil> 5050
}
