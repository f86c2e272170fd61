package lane_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"parcon/experiments/lane"
)

// run is a slice of a task that runs, in milliseconds.
func run(name string, task, from, to int) lane.Slice { return cut(name, task, lane.Running, from, to) }

func cut(name string, task int, state lane.State, from, to int) lane.Slice {
	return lane.Slice{
		Lane: name, Task: task, State: state, Core: lane.Unknown, Last: lane.Unknown,
		Start: time.Duration(from) * time.Millisecond, End: time.Duration(to) * time.Millisecond,
	}
}

func timeline(all ...lane.Slice) lane.Timeline {
	return lane.Timeline{Variant: "workload=primes/model=gil/workers=2", Cores: 2, Busy: 2, Slices: all}
}

func TestFindings(t *testing.T) {
	for want, of := range map[string]lane.Timeline{
		"no task seen":                                  timeline(),
		"one lane, one task after another":              timeline(run("P0", 0, 0, 10), run("P0", 1, 10, 20)),
		"one lane, cut in 4 turns of 2 tasks":           timeline(run("P0", 0, 0, 10), run("P0", 1, 10, 20), run("P0", 0, 20, 30), run("P0", 1, 30, 40), cut("", 0, lane.Ready, 10, 20), cut("", 1, lane.Ready, 20, 30)),
		"2 lanes at once":                               timeline(run("P0", 0, 0, 10), run("P1", 1, 0, 10)),
		"2 lanes at once, 3 tasks in flight":            timeline(run("P0", 0, 0, 10), run("P1", 1, 0, 10), cut("", 2, lane.Waiting, 0, 5), run("P0", 2, 10, 20)),
		"3 lanes at once on 2.0 cores":                  timeline(run("thread 1", 0, 0, 10), run("thread 2", 1, 0, 10), run("thread 3", 2, 0, 10)),
		"one lane at a time, 2 hops between 2 threads":  timeline(run("thread 1", 0, 0, 10), run("thread 2", 1, 10, 20), run("thread 1", 0, 20, 30)),
		"one lane at a time, 1 hop between 2 processes": timeline(run("process 1", 0, 0, 10), run("process 2", 1, 10, 20)),
		"one lane at a time, 1 hop between 2 lanes":     timeline(run("P0", 0, 0, 10), run("P1", 1, 10, 20)),
		"2 tasks wait at once":                          timeline(run("P0", 0, 0, 1), run("P1", 1, 0, 1), cut("", 0, lane.Waiting, 1, 50), cut("", 1, lane.Waiting, 1, 50)),
		"one task waits at a time":                      timeline(run("P0", 0, 0, 1), cut("", 0, lane.Waiting, 1, 50), cut("", 1, lane.Waiting, 50, 100)),
	} {
		if got := of.Finding(); got != want {
			t.Errorf("%v: %q, want %q", of.Slices, got, want)
		}
	}
}

// What lanes of one kind are called together does not tell how many they are.
func TestKinds(t *testing.T) {
	two := timeline(run("P0", 0, 0, 10), run("P1", 1, 0, 10))
	few := two
	few.Busy = 1
	for want, of := range map[string]lane.Timeline{
		"several lanes at once":         two,
		"several lanes on shared cores": few,
		"several tasks wait at once":    timeline(cut("", 0, lane.Waiting, 0, 50), cut("", 1, lane.Waiting, 0, 50)),
		"one lane at a time":            timeline(run("P0", 0, 0, 10)),
	} {
		if got := of.Kind(); got != want {
			t.Errorf("%v: %q, want %q", of.Slices, got, want)
		}
	}
}

// Lanes that meet for a moment, where one ends as the other begins, do not run at once.
func TestAMomentIsNotAtOnce(t *testing.T) {
	if got := timeline(run("P0", 0, 0, 501), run("P1", 1, 500, 1000)); got.Facts().AtOnce != 1 || got.Facts().Hops != 1 {
		t.Errorf("%d at once, %d hops", got.Facts().AtOnce, got.Facts().Hops)
	}
}

func TestLanesAndTheirCores(t *testing.T) {
	a, b := run("thread 9", 0, 0, 10), run("thread 10", 1, 5, 20)
	a.Core, a.Last, b.Last = 3, 1, 3
	of := timeline(b, a, cut("", 2, lane.Waiting, 0, 30))
	if got := of.Lanes(); !reflect.DeepEqual(got, []string{"thread 9", "thread 10"}) {
		t.Errorf("lanes %v", got)
	}
	if got := of.Seen("thread 9"); !reflect.DeepEqual(got, []int{1, 3}) {
		t.Errorf("cores %v", got)
	}
	if of.Span() != 30*time.Millisecond {
		t.Errorf("span %v", of.Span())
	}
}

func TestThinLeavesWhatCanBeToldApart(t *testing.T) {
	of := timeline(
		run("P0", 0, 0, 100), cut("", 0, lane.Ready, 100, 101), run("P0", 0, 101, 200), // one task, hardly interrupted
		run("P0", 1, 200, 202), // lost beside it
		run("P0", 2, 300, 301), // alone, and seen
		cut("", 1, lane.Waiting, 202, 290),
	).Thin(10 * time.Millisecond)
	want := []lane.Slice{run("P0", 0, 0, 200), cut("", 1, lane.Waiting, 202, 290), run("P0", 2, 300, 301)}
	if !reflect.DeepEqual(of.Slices, want) || of.Left != 3 {
		t.Errorf("%d left out of %v, want %v", of.Left, of.Slices, want)
	}
}

// Lanes that hop faster than a picture can tell apart overlap in it; what is said of them
// is what was to be seen before.
func TestWhatWasSeenOutlivesThinning(t *testing.T) {
	var all []lane.Slice
	for i := range 1000 {
		all = append(all, run(fmt.Sprintf("thread %d", 1+i%2), i%2, i, i+1))
	}
	of := timeline(all...)
	whole := of.Facts()
	of.Whole = &whole
	if got, want := of.Thin(50*time.Millisecond).Finding(), "one lane at a time, 999 hops between 2 threads"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// However many slices there are, those that are left fit the resolution.
func TestThinIsBounded(t *testing.T) {
	const steps = 100
	var all []lane.Slice
	for i := range 100_000 {
		s := cut("P0", i, lane.Running, 0, 0)
		s.Start, s.End = time.Duration(2*i), time.Duration(2*i+1)
		all = append(all, s)
	}
	of := timeline(all...)
	thin := of.Thin(of.Span() / steps)
	if n := len(thin.Slices); n > 2*steps || n < steps/2 || n+thin.Left != len(all) {
		t.Errorf("%d slices, %d left out", n, thin.Left)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	a := run("thread 4711", 0, 0, 10)
	a.Core, a.Last = 1, 0
	all := []lane.Timeline{
		{Variant: "workload=mix/cpu=25/model=loop/workers=4", Cores: 64, Busy: 1.97, Left: 3, Whole: &lane.Facts{AtOnce: 2, InFlight: 5, Hops: 9, Turns: 12, Tasks: 4, Waits: true}, Slices: []lane.Slice{a, cut("", 7, lane.Ready, 3, 4), cut("", 8, lane.Waiting, 3, 40)}},
		timeline(),
	}
	var text bytes.Buffer
	if err := lane.Write(&text, all); err != nil {
		t.Fatal(err)
	}
	got, err := lane.Read(&text)
	if err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%v, %v, want %v", got, err, all)
	}
}

func TestReadNamesTheLine(t *testing.T) {
	const head = "parcon lanes 1\n# said\n"
	for text, want := range map[string]string{
		"cores: 2\n":                                             `line 1 is "cores: 2"`,
		head + "slice 0 1 running 0 0 0 P0\n":                    `line 3: it begins with "slice", want a timeline first`,
		head + "lane\n":                                          `line 3: it begins with "lane"`,
		head + "timeline v 2 1\n":                                "line 3: a timeline of 3 words",
		head + "timeline v 2 NaN 0\n":                            `"NaN" of them busy`,
		head + "timeline v -2 1 0\n":                             `"-2" cores`,
		head + "timeline v 2 1 0\nlane\n":                        `line 4: it begins with "lane", want timeline, seen or slice`,
		head + "timeline v 2 1 0\nseen 1\n":                      "line 4: what was seen has 1 words, want 7",
		head + "timeline v 2 1 0\nseen 1 1 1 1 1 2 0\n":          `"2" where a number is due`,
		head + "timeline v 2 1 0\nslice 0 1\n":                   "line 4: a slice of 2 words",
		head + "timeline v 2 1 0\nslice 0 1 idle 0 0 0 P0\n":     `the state "idle"`,
		head + "timeline v 2 1 0\nslice 0 x running 0 0 0 P0\n":  `"x" where a number is due`,
		head + "timeline v 2 1 0\nslice 9 1 running 0 0 0 P0\n":  "from 9ns to 1ns",
		head + "timeline v 2 1 0\nslice 0 1 running 0 -2 0 P0\n": "cores -2 and 0",
		head + strings.Repeat("x", 1<<17):                        "token too long",
	} {
		if _, err := lane.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.80q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("parcon lanes 1\n# said\ntimeline v 2 1.5 0\nslice 0 10 running 0 0 -1 thread 4711\nslice 10 20 waiting 0 -1 -1 -\n")
	f.Add("parcon lanes 1\ntimeline v 2 1.5 4\nseen 1 2 3 4 5 0 1\n")
	f.Add("parcon lanes 1\nslice\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := lane.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := lane.Write(&again, all); err != nil {
			t.Fatal(err)
		}
		same, err := lane.Read(&again)
		if err != nil || len(same) != len(all) {
			t.Fatalf("%q is read as %v, but not when written again: %v", text, all, err)
		}
		for i := range all {
			if !reflect.DeepEqual(same[i].Slices, all[i].Slices) || same[i].Variant != all[i].Variant {
				t.Fatalf("%q: %v became %v", text, all[i], same[i])
			}
			_ = all[i].Finding()
			_ = all[i].Thin(all[i].Span() / 10)
		}
	})
}

func FuzzMark(f *testing.F) {
	f.Add("start 3 -1 0 0 0 0 0 waiting")
	f.Add("begin")
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := lane.ParseMark(text); err == nil {
			if again, err := lane.ParseMark(m.String()); err != nil || again != m {
				t.Fatalf("%q: %+v became %+v, %v", text, m, again, err)
			}
		}
	})
}

func Example() {
	t := lane.Timeline{Variant: "workload=primes/model=gil/workers=2", Cores: 2, Busy: 1, Slices: []lane.Slice{
		{Lane: "thread 7", Task: 0, State: lane.Running, Core: 1, Last: lane.Unknown, End: 10 * time.Millisecond},
		{Lane: "thread 7", Task: 0, State: lane.Ready, Core: lane.Unknown, Last: lane.Unknown, Start: 10 * time.Millisecond, End: 20 * time.Millisecond},
		{Lane: "thread 8", Task: 1, State: lane.Running, Core: 1, Last: 1, Start: 10 * time.Millisecond, End: 20 * time.Millisecond},
	}}
	fmt.Println(t.Finding())
	if err := lane.Write(os.Stdout, []lane.Timeline{t}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// one lane at a time, 1 hop between 2 threads
	// parcon lanes 1
	// # timeline VARIANT CORES CORES-BUSY SLICES-LEFT-OUT
	// # seen LANES-AT-ONCE TASKS-IN-FLIGHT HOPS TURNS TASKS WAITS(0,1) CORES-SHARED(0,1), before slices were left out
	// # slice START END STATE TASK CORE-AT-START CORE-AT-END LANE
	// # times in nanoseconds since the beginning of the run; core -1 was not looked at; lane - is none
	// timeline workload=primes/model=gil/workers=2 2 1 0
	// slice 0 10000000 running 0 1 -1 thread 7
	// slice 10000000 20000000 ready 0 -1 -1 thread 7
	// slice 10000000 20000000 running 1 1 1 thread 8
}
