package runner_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/runner"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

func try(t *testing.T, timeout time.Duration, role ...string) (protocol.Measurement, error) {
	t.Helper()
	c := runner.Child{Program: self(role...), Env: []string{proctest.QuickExit}, Timeout: timeout}
	return c.Try(t.Context(), runner.Case{Variant: "role=" + role[0], Procs: 1, Order: order{Number: 42}})
}

func TestAChildGetsItsOrderAndItsProcessors(t *testing.T) {
	proctest.Tidy(t)
	for _, procs := range []int{1, 3} {
		c := runner.Child{Program: self("measure"), Env: []string{proctest.QuickExit}, Timeout: time.Minute}
		m, err := c.Try(t.Context(), runner.Case{Procs: procs, Order: order{Number: 42}})
		if err != nil {
			t.Fatal(err)
		}
		if m["ns/op"] != 5 || m["order"] != 42 || m["gomaxprocs"] != float64(procs) {
			t.Errorf("GOMAXPROCS %d: %v", procs, m)
		}
	}
}

// An order longer than what a pipe holds needs a child that reads it.
func TestALongOrderArrives(t *testing.T) {
	proctest.Tidy(t)
	long := struct {
		Number int
		Text   string
	}{42, strings.Repeat("x", 1<<20)}
	c := runner.Child{Program: self("measure"), Env: []string{proctest.QuickExit}, Timeout: time.Minute}
	if m, err := c.Try(t.Context(), runner.Case{Procs: 1, Order: long}); err != nil || m["order"] != 42 {
		t.Errorf("%v, %v", m, err)
	}
}

// Each reason must tell a user what went wrong, in one line.
func TestAChildThatFailsSaysWhy(t *testing.T) {
	for _, c := range []struct{ role, want string }{
		{"crash at once", "the trial's process ended: exit status 3"},
		{"end at once", "it ended before it was ready"},
		{"complain at once", "the disk is full"},
		{"crash", "the trial's process ended: exit status 3"},
		{"panic", "panic: boom"},
		{"die", "the trial's process ended: signal: killed"},
		{"end without result", "it ended without a result"},
		{"greet", `it printed "hello\n" where "ready" was due`},
		{"babble", `its result "fast enough\n" is not JSON: invalid character 's' in literal false (expecting 'l')`},
		{"measure nothing", `its result "null\n" holds no value`},
		{"crash late", "the trial's process failed after its result: exit status 4"},
		{"complain late", "the trial's process failed after its result: no room to clean up"},
	} {
		t.Run(c.role, func(t *testing.T) {
			proctest.Tidy(t)
			m, err := try(t, time.Minute, c.role)
			if err == nil || err.Error() != c.want || m != nil {
				t.Errorf("got  %v, %v\nwant %s", m, err, c.want)
			}
		})
	}
}

func TestAChildThatHangsIsEnded(t *testing.T) {
	for _, role := range []string{"hang", "hang at once", "hang and hold on", "greet for ever"} {
		t.Run(role, func(t *testing.T) {
			proctest.Tidy(t)
			const want = "no result within 200ms: give it longer with --timeout"
			if m, err := try(t, 200*time.Millisecond, role); err == nil || err.Error() != want || m != nil {
				t.Errorf("got  %v, %v\nwant %s", m, err, want)
			}
		})
	}
}

func TestAChildThatHangsAfterItsResultIsEnded(t *testing.T) {
	proctest.Tidy(t)
	const want = "the trial's process failed after its result: signal: killed"
	if m, err := try(t, 200*time.Millisecond, "hang late"); err == nil || err.Error() != want || m != nil {
		t.Errorf("got  %v, %v\nwant %s", m, err, want)
	}
}

// A child that reads nothing must not hold up the parent that writes to it.
func TestAChildThatDoesNotReadALongOrderIsEnded(t *testing.T) {
	proctest.Tidy(t)
	c := runner.Child{Program: self("hang"), Env: []string{proctest.QuickExit}, Timeout: 200 * time.Millisecond}
	_, err := c.Try(t.Context(), runner.Case{Order: strings.Repeat("x", 1<<20)})
	if err == nil || !strings.HasPrefix(err.Error(), "no result within") {
		t.Errorf("error %v", err)
	}
}

func TestAProgramThatDoesNotExist(t *testing.T) {
	proctest.Tidy(t)
	c := runner.Child{Program: []string{"/no/such/program"}, Timeout: time.Minute}
	const want = "starting a trial's process: fork/exec /no/such/program: no such file or directory"
	if _, err := c.Try(t.Context(), runner.Case{}); err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

func TestAnOrderThatIsNotJSON(t *testing.T) {
	proctest.Tidy(t)
	c := runner.Child{Program: self("measure"), Env: []string{proctest.QuickExit}, Timeout: time.Minute}
	if _, err := c.Try(t.Context(), runner.Case{Variant: "a=b", Order: func() {}}); err == nil || !strings.Contains(err.Error(), "a=b") {
		t.Errorf("error %v", err)
	}
}

// Ctrl-C in the middle of a trial: the child goes, and the run ends without it.
func TestACancelledRunLeavesNoChild(t *testing.T) {
	proctest.Tidy(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := runner.Child{Program: self("hang and hold on"), Env: []string{proctest.QuickExit}, Timeout: time.Minute}
	trial, err := c.Start(ctx, runner.Case{Order: order{}})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := trial.Measure(); err == nil || strings.Contains(err.Error(), "--timeout") {
		t.Errorf("error %v: nobody waited too long", err)
	}
}

// foreign is a context of another make than package context's: one that is
// derived from it keeps a goroutine until it is cancelled.
type foreign struct {
	context.Context
	done chan struct{}
}

func (f foreign) Done() <-chan struct{} { return f.done }

// A run is thousands of trials long: each lets go of its time-out, and does not
// kill whoever has its process number by then.
func TestATrialLetsGoOfItsTimeout(t *testing.T) {
	proctest.Tidy(t)
	ctx := foreign{t.Context(), make(chan struct{})}
	for _, role := range []string{"measure", "crash", "greet", "crash late"} {
		c := runner.Child{Program: self(role), Env: []string{proctest.QuickExit}, Timeout: time.Hour}
		if _, err := c.Try(ctx, runner.Case{Procs: 1, Order: order{}}); (err == nil) != (role == "measure") {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestAProcessThatOutlivesItsTrialIsKilled(t *testing.T) {
	proctest.Tidy(t)
	m, err := try(t, time.Minute, "leave a process")
	if err != nil {
		t.Fatal(err)
	}
	proctest.WaitUntilGone(t, int(m["pid"]))
}

func TestPanicsAndHangsBetweenGoodTrialsOnlyCostThemselves(t *testing.T) {
	proctest.Tidy(t)
	plan := runner.Plan{Rounds: 2, Experiments: []runner.Experiment{{Name: "Mixed"}}}
	for _, role := range []string{"measure", "panic", "die", "crash late"} {
		plan.Experiments[0].Cases = append(plan.Experiments[0].Cases, runner.Case{Variant: "role=" + role, Order: order{}})
	}
	one := func(ctx context.Context, of runner.Case) (protocol.Measurement, error) {
		c := runner.Child{Program: self(strings.TrimPrefix(of.Variant, "role=")), Env: []string{proctest.QuickExit}, Timeout: time.Minute}
		return c.Try(ctx, of)
	}
	d := &diary{}
	results, err := runner.Run(t.Context(), plan, nil, runner.Watch(one, nil), d.keep, d.tell)
	if err != nil || len(results) != 8 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, r := range results {
		if good := r.Variant == "role=measure"; good != (r.Failed == "") || good != (r.Values["ns/op"] == 5) {
			t.Errorf("%+v", r)
		}
	}
}

// A runner that is killed cannot clean up: its child, and the child's worker
// processes, which are busy, must go by themselves.
func TestNothingOutlivesAKilledRunner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc; elsewhere a busy worker ends only when it next reads its input")
	}
	proctest.Tidy(t)
	file := filepath.Join(t.TempDir(), "pids")
	parent := self("parent", file)
	cmd := exec.Command(parent[0], parent[1:]...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for i := 0; i < 1000 && len(text) == 0; i++ {
		time.Sleep(10 * time.Millisecond)
		text, _ = os.ReadFile(file)
	}
	_ = cmd.Process.Kill()
	if err := cmd.Wait(); err == nil {
		t.Error("the runner ended before it was killed")
	}
	pids := strings.Fields(string(text))
	if len(pids) != 3 {
		t.Fatalf("pids %q, want those of the child and its two workers", pids)
	}
	for _, pid := range pids {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		proctest.WaitUntilGone(t, n)
	}
}

// A real child program is started with the role of a trial (see package
// experiments/child); this one is a shell script of five lines.
func ExampleChild_Try() {
	script := `
		read -r order                        # one line of JSON
		echo ready
		read -r go                           # the measurement may begin
		echo "{\"ns/op\": $order, \"gomaxprocs\": $GOMAXPROCS}"`
	c := runner.Child{Program: []string{"/bin/sh", "-c", script}, Timeout: time.Minute}
	m, err := c.Try(context.Background(), runner.Case{Procs: 2, Order: 250})
	fmt.Println(m["ns/op"], m["gomaxprocs"], err)

	c.Program = []string{"/bin/sh", "-c", "echo no licence >&2; exit 1"}
	_, err = c.Try(context.Background(), runner.Case{})
	fmt.Println(err)
	// Output:
	// 250 2 <nil>
	// no licence
}
