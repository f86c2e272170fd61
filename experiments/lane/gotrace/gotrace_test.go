package gotrace_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/gillock"
	"parcon/experiments/lane"
	"parcon/experiments/lane/gotrace"
)

func mark(m lane.Mark) { trace.Log(context.Background(), lane.Category, m.String()) }

// traced is the trace of what work does, after the mark of the beginning.
func traced(t testing.TB, work func()) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := trace.Start(&out); err != nil {
		t.Skip("tracing already: ", err)
	}
	mark(lane.Mark{Kind: lane.Begin, At: 1000})
	work()
	trace.Stop()
	return out.Bytes()
}

// task marks a task that begins on core 5 and ends on core 6.
func task(number int, work func()) {
	mark(lane.Mark{Kind: lane.Start, Task: number, Core: 5})
	work()
	mark(lane.Mark{Kind: lane.End, Task: number, Core: 6})
}

// spin computes until it is told to end, without giving up its turn.
func spin(end *atomic.Bool) {
	for !end.Load() {
	}
}

// of are the slices of a task, in order.
func of(number int, all []lane.Slice) []lane.Slice {
	var own []lane.Slice
	for _, s := range all {
		if s.Task == number {
			own = append(own, s)
		}
	}
	slices.SortFunc(own, func(a, b lane.Slice) int { return int(a.Start - b.Start) })
	return own
}

// check fails unless slices follow each other without a gap, from the first core to the last.
func check(t *testing.T, own []lane.Slice) {
	t.Helper()
	if len(own) == 0 || own[0].Core != 5 || own[len(own)-1].Last != 6 {
		t.Fatalf("slices %+v: they should be from core 5 to core 6", own)
	}
	for i, s := range own {
		if i > 0 && own[i-1].End != s.Start {
			t.Errorf("slice %+v does not begin where %+v ends", s, own[i-1])
		}
		if s.End <= s.Start || s.State == lane.Running && s.Lane == "" {
			t.Errorf("slice %+v", s)
		}
	}
}

func has(own []lane.Slice, state lane.State) bool {
	return slices.ContainsFunc(own, func(s lane.Slice) bool { return s.State == state })
}

// Two tasks share one processor: one sleeps, one computes meanwhile and is asked for its
// turn when the other wakes.
func TestGoroutinesOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	text := traced(t, func() {
		var awake atomic.Bool
		var both sync.WaitGroup
		both.Go(func() { task(0, func() { time.Sleep(time.Millisecond); awake.Store(true) }) })
		both.Go(func() { task(1, func() { spin(&awake) }) })
		both.Wait()
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Processor)
	if err != nil {
		t.Fatal(err)
	}
	sleeper, worker := of(0, all.Slices), of(1, all.Slices)
	check(t, sleeper)
	check(t, worker)
	if !has(sleeper, lane.Waiting) || has(worker, lane.Waiting) || !has(worker, lane.Running) {
		t.Errorf("the sleeper: %+v, the worker: %+v", sleeper, worker)
	}
	if all.Facts().AtOnce > 1 || !slices.Equal(all.Lanes(), []string{"P0"}) {
		t.Errorf("%d at once on the lanes %v", all.Facts().AtOnce, all.Lanes())
	}
	for _, s := range all.Slices {
		if (s.State == lane.Running) != (s.Lane == "P0") {
			t.Errorf("slice %+v", s)
		}
	}
}

// A task keeps its thread to its end, and its lane while it waits.
func TestThreadsKeepTheirTasks(t *testing.T) {
	text := traced(t, func() {
		var both sync.WaitGroup
		both.Add(2)
		meet := func() { both.Done(); both.Wait() }
		var ended sync.WaitGroup
		for number := range 2 {
			ended.Go(func() {
				runtime.LockOSThread()
				task(number, func() { meet(); time.Sleep(time.Millisecond) })
				runtime.UnlockOSThread()
			})
		}
		ended.Wait()
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Thread)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for number := range 2 {
		own := of(number, all.Slices)
		check(t, own)
		for _, s := range own {
			if s.Lane != own[0].Lane || !strings.HasPrefix(s.Lane, "thread ") {
				t.Errorf("slice %+v is not on the lane of %+v", s, own[0])
			}
		}
		if !has(own, lane.Waiting) {
			t.Errorf("nothing waits in %+v", own)
		}
		names[own[0].Lane] = true
	}
	if len(names) != 2 {
		t.Errorf("two tasks that met are on the lanes %v", names)
	}
}

// Who is blocked at the emulated global lock waits for a turn and for nothing else. Waking
// after each interval to ask for it is no turn.
func TestAThreadAtTheLockIsReady(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	text := traced(t, func() {
		var lock gillock.Lock
		var had atomic.Int32
		holds := make(chan bool)
		var all sync.WaitGroup
		thread := func(number int, work func()) {
			all.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				task(number, func() { lock.Take(gillock.Never); work(); lock.Release() })
			})
		}
		thread(0, func() {
			close(holds)
			for had.Load() < 2 {
				lock.Check()
			}
		})
		<-holds
		thread(1, func() { had.Add(1) })
		thread(2, func() { had.Add(1) })
		all.Wait()
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Thread)
	if err != nil {
		t.Fatal(err)
	}
	for number := range 3 {
		own := of(number, all.Slices)
		check(t, own)
		if has(own, lane.Waiting) || number > 0 && !has(own, lane.Ready) {
			t.Errorf("task %d: %+v", number, own)
		}
	}
	if f := all.Facts(); f.Hops > 10 { // each of them takes the lock once, the first one up to three times
		t.Errorf("%d hops", f.Hops)
	}
}

// Who sleeps without the lock waits for no turn.
func TestAThreadThatBlocksWithoutTheLockWaits(t *testing.T) {
	text := traced(t, func() {
		var lock gillock.Lock
		task(0, func() {
			lock.Take(gillock.Never)
			lock.Block(func() { time.Sleep(5 * time.Millisecond) })
			lock.Release()
		})
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Processor)
	if err != nil {
		t.Fatal(err)
	}
	if f := all.Facts(); !f.Waits || !has(of(0, all.Slices), lane.Waiting) {
		t.Errorf("%+v of %+v: a task that sleeps should be seen to wait", f, all.Slices)
	}
}

// Go sees a task run that has let the emulated lock go and was not put aside yet: it does
// not compute.
func TestWhoRunsWithoutTheLockDoesNotCompute(t *testing.T) {
	text := traced(t, func() {
		task(0, func() {
			trace.WithRegion(context.Background(), lane.Blocked, func() {
				for range 10_000_000 {
					runtime.KeepAlive(t)
				}
				runtime.Gosched()
			})
		})
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Processor)
	if err != nil {
		t.Fatal(err)
	}
	check(t, of(0, all.Slices))
	if f := all.Facts(); !f.Waits {
		t.Errorf("%+v of %+v", f, all.Slices)
	}
}

func TestTasksOfOtherProcesses(t *testing.T) {
	text := traced(t, func() {
		ran := lane.Mark{Kind: lane.Ran, Worker: 77, Core: 5, Last: 6, At: 1000 + 200, End: 1000 + 1200, Rest: lane.Ready}
		for number, cpu := range []time.Duration{1000, 950, 400} {
			ran.Task, ran.CPU = number, cpu
			mark(ran)
		}
		ran.Task, ran.At = 3, 500 // before the beginning
		mark(ran)
	})
	all, err := gotrace.Read(bytes.NewReader(text), gotrace.Processor)
	if err != nil {
		t.Fatal(err)
	}
	whole := lane.Slice{Lane: "process 77", State: lane.Running, Core: 5, Last: 6, Start: 200, End: 1200}
	second := whole
	second.Task = 1
	ran := lane.Slice{Lane: "process 77", Task: 2, State: lane.Running, Core: 5, Last: lane.Unknown, Start: 200, End: 600}
	rest := lane.Slice{Lane: "process 77", Task: 2, State: lane.Ready, Core: lane.Unknown, Last: 6, Start: 600, End: 1200}
	if want := []lane.Slice{whole, second, ran, rest}; !slices.Equal(all.Slices, want) {
		t.Errorf("%+v\nwant %+v", all, want)
	}
}

func TestWhatIsNoTraceOfARun(t *testing.T) {
	var bare bytes.Buffer
	if err := trace.Start(&bare); err != nil {
		t.Skip("tracing already: ", err)
	}
	trace.Stop()
	wrong := traced(t, func() { trace.Log(context.Background(), lane.Category, "start soon") })
	whole := traced(t, func() { task(0, runtime.Gosched) })
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"empty":      {nil, "reading an execution trace: "},
		"other text": {[]byte("goos: linux"), "reading an execution trace: "},
		"cut off":    {whole[:len(whole)/2], "reading an execution trace: "},
		"unmarked":   {bare.Bytes(), "nothing marks the beginning"},
		"bad mark":   {wrong, `the mark "start soon"`},
	} {
		if _, err := gotrace.Read(bytes.NewReader(c.text), gotrace.Processor); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}

func Example() {
	var out bytes.Buffer
	if err := trace.Start(&out); err != nil {
		fmt.Println(err)
		return
	}
	mark(lane.Mark{Kind: lane.Begin})
	for number := range 3 {
		task(number, func() { time.Sleep(5 * time.Millisecond) })
	}
	trace.Stop()
	all, err := gotrace.Read(&out, gotrace.Processor)
	fmt.Println(all.Finding(), err)
	// Output: one task waits at a time <nil>
}
