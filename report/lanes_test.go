package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parcon/experiments/lane"
)

// traced are timelines as traced runs give them: of computing tasks in turns on one
// processor, on several threads one at a time, on processes at once, and of waiting ones.
func traced(workers, tasks int) []lane.Timeline {
	slice := func(name string, task int, state lane.State, from, to int) lane.Slice {
		return lane.Slice{
			Lane: name, Task: task, State: state, Core: task % 2, Last: lane.Unknown,
			Start: time.Duration(from) * time.Millisecond, End: time.Duration(to) * time.Millisecond,
		}
	}
	name := func(what string, n int) string { return what + " " + string(rune('1'+n%workers)) + "00000" }
	loop := lane.Timeline{Variant: "workload=primes/length=25ms/model=loop/workers=8", Cores: 2, Busy: 1}
	gil := lane.Timeline{Variant: "workload=primes/length=25ms/model=gil/workers=8", Cores: 2, Busy: 1, Left: 1}
	pool := lane.Timeline{Variant: "workload=primes/length=25ms/model=process-pool/workers=8", Cores: 2, Busy: 1.97, Left: 1}
	serial := lane.Timeline{Variant: "workload=sleep/model=serial/workers=1", Cores: 2, Busy: 0.01}
	for task := range tasks {
		for turn := range 2 {
			at := 10 * (2*task + turn)
			loop.Slices = append(loop.Slices, slice("P0", task^turn, lane.Running, at, at+10), slice("", task^turn, lane.Ready, at+10, at+20))
			gil.Slices = append(gil.Slices, slice(name("thread", task^turn), task^turn, lane.Running, at, at+10))
		}
		at := 20 * (task / workers)
		pool.Slices = append(pool.Slices, slice(name("process", task), task, lane.Running, at, at+20))
		serial.Slices = append(serial.Slices, slice("P0", task, lane.Running, 5*task, 5*task+1), slice("", task, lane.Waiting, 5*task+1, 5*task+5))
	}
	return []lane.Timeline{loop, gil, pool, serial}
}

func TestLanesSayWhatTheyShow(t *testing.T) {
	all := traced(8, 32)
	for want, of := range map[string][]lane.Timeline{
		"primes: one lane at a time with loop and gil; several lanes on shared cores with process-pool": all[:3],
		"sleep: one task waits at a time with serial":                                                   all[3:],
		"No lanes were seen": nil,
	} {
		if _, title := LanesFigure(of); title != want {
			t.Errorf("%q, want %q", title, want)
		}
	}
	drawn, title := LanesFigure(all[:3])
	var lines []string
	for _, b := range boxes(t, figure{"lanes-primes", title, drawn}) {
		lines = append(lines, b.text)
	}
	text := strings.Join(lines, " ")
	for _, want := range []string{
		"32 tasks on 8 workers", "cores busy 1.97", "one lane at a time, 47 hops between 8 threads", "one lane, cut in 48 turns of 32 tasks",
		"8 lanes at once on 2.0 cores", "P0, cores 0 1", "2 slices narrower than can be drawn",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}

// The lanes stand after the answer and what to use, and only where there are any.
func TestWhereTheLanesStandInAReport(t *testing.T) {
	table := read(t, "cores: 2\n\n"+only(world(2, 0.01, textbook), "Compute/", "Mixing/"))
	if page := newPage(table).markdown(); strings.Contains(page, "Who ran when") {
		t.Error("a report without lanes speaks of them")
	}
	table.Lanes = traced(4, 16)
	dir := t.TempDir()
	made, err := Write(table, dir)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for _, part := range []string{"(charts/answer.png)", "## What to use when", "## Who ran when", "(charts/lanes-primes.png)", "(charts/lanes-sleep.png)", "## "} {
		at := strings.Index(string(page)[last:], part)
		if at < 0 {
			t.Fatalf("%s does not follow in\n%s", part, page)
		}
		last += at + len(part)
	}
	for _, name := range []string{"lanes-primes.svg", "lanes-sleep.png"} {
		if _, err := os.Stat(filepath.Join(dir, "charts", name)); err != nil {
			t.Error(err)
		}
	}
}
