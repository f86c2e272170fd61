package affinity_test

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"parcon/runner/affinity"
)

// cores lists what the process may use, and gives it back after the test.
func cores(t *testing.T) []int {
	t.Helper()
	all, err := affinity.Cores()
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	t.Cleanup(func() {
		if err := affinity.Process(all...); err != nil {
			t.Error(err)
		}
	})
	return all
}

// allowed is what the system says about every thread of this process.
func allowed(t *testing.T) map[int]unix.CPUSet {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	sets := map[int]unix.CPUSet{}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		var set unix.CPUSet
		if unix.SchedGetaffinity(id, &set) == nil {
			sets[id] = set
		}
	}
	return sets
}

// Threads that were there, and those that are started afterwards, are on the
// one core. Other goroutines start threads meanwhile.
func TestProcessPinsAllThreadsNowAndLater(t *testing.T) {
	all := cores(t)
	var stop, started sync.WaitGroup
	stop.Add(1)
	hold := func(n int) {
		started.Add(n)
		for range n {
			go func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				started.Done()
				stop.Wait()
			}()
		}
	}
	hold(10)
	started.Wait()
	hold(20)
	if err := affinity.Process(all[0]); err != nil {
		t.Fatal(err)
	}
	hold(10)
	started.Wait()
	sets := allowed(t)
	stop.Done()
	if len(sets) < 40 {
		t.Fatalf("%d threads, want 40 at least", len(sets))
	}
	for id, set := range sets {
		if set.Count() != 1 || !set.IsSet(all[0]) {
			t.Errorf("thread %d may use %d cores", id, set.Count())
		}
	}
	if now, err := affinity.Cores(); err != nil || !slices.Equal(now, all[:1]) {
		t.Errorf("cores %v, %v, want %v", now, err, all[:1])
	}
}

func TestThreadPinsOnlyItself(t *testing.T) {
	all := cores(t)
	if len(all) < 2 {
		t.Skip("needs two cores to tell")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := affinity.Thread(all[1]); err != nil {
		t.Fatal(err)
	}
	for id, set := range allowed(t) {
		want := len(all)
		if id == unix.Gettid() {
			want = 1
		}
		if set.Count() != want {
			t.Errorf("thread %d of %d may use %d cores, want %d", id, unix.Gettid(), set.Count(), want)
		}
	}
}

// Whatever is asked for, the cores are afterwards those, or it was an error and
// they are of one line.
func TestAnyCores(t *testing.T) {
	all := cores(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rapid.Check(t, func(t *rapid.T) {
		ask := rapid.SliceOf(rapid.IntRange(-2, 1030)).Draw(t, "cores")
		if rapid.Bool().Draw(t, "possible") {
			ask = rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "of those there are")
		}
		possible := len(ask) > 0
		for _, core := range ask {
			possible = possible && slices.Contains(all, core)
		}
		err := affinity.Thread(ask...)
		if !possible {
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("cores %v of %v: error %v", ask, all, err)
			}
			return
		}
		slices.Sort(ask)
		want := slices.Compact(ask)
		if now, errNow := affinity.Cores(); err != nil || errNow != nil || !slices.Equal(now, want) {
			t.Fatalf("cores %v, want %v, %v %v", now, want, err, errNow)
		}
	})
}

func TestProcessRefusesNoCores(t *testing.T) {
	if err := affinity.Process(); err == nil {
		t.Error("no error")
	}
}

func TestCoreIsTheOneThatAThreadIsKeptOn(t *testing.T) {
	for _, core := range cores(t) {
		runtime.LockOSThread() // and never given back: the thread ends with its goroutine
		if err := affinity.Thread(core); err != nil {
			t.Fatal(err)
		}
		if got := affinity.Core(); got != core {
			t.Errorf("on core %d, kept on %d", got, core)
		}
	}
}
