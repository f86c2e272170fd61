package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parcon/results"
	"parcon/runner"
	"parcon/runner/protocol"
)

// diary is a fake machine and a fake file: it notes what Run asks of both.
type diary struct {
	lines []string // "try VARIANT", "keep VARIANT", "tell VARIANT"
	kept  []results.Result
	// before is called first in try with the number of the try; nil: not.
	before func(try int) error
	tries  int
	values protocol.Measurement // of the next try; nil: sound ones
}

func (d *diary) try(_ context.Context, c runner.Case) (protocol.Measurement, error) {
	d.lines = append(d.lines, "try "+c.Variant)
	d.tries++
	if d.before != nil {
		if err := d.before(d.tries - 1); err != nil {
			return nil, err
		}
	}
	if values := d.values; values != nil {
		d.values = nil
		return values, nil
	}
	return protocol.Measurement{"ns/op": float64(c.Tasks)}, nil
}

func (d *diary) keep(r results.Result) error {
	d.lines = append(d.lines, "keep "+r.Variant)
	d.kept = append(d.kept, r)
	return nil
}

func (d *diary) tell(r results.Result, _, _ int, _ time.Duration) {
	d.lines = append(d.lines, "tell "+r.Variant)
}

func (d *diary) run(ctx context.Context, plan runner.Plan, done []results.Result) ([]results.Result, error) {
	return runner.Run(ctx, plan, done, d.try, d.keep, d.tell)
}

// schedule is all slots of a plan that ends no experiment early.
func schedule(plan runner.Plan) []results.Slot {
	var slots []results.Slot
	for round := range plan.Rounds {
		slots = append(slots, runner.Round(plan, round, nil)...)
	}
	return slots
}

func slotsOf(trials []results.Result) []results.Slot {
	var slots []results.Slot
	for _, r := range trials {
		slots = append(slots, r.Slot)
	}
	return slots
}

func TestRunFollowsTheSchedule(t *testing.T) {
	plan, d := wide(7), &diary{}
	trials, err := d.run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schedule(plan), slotsOf(trials)); diff != "" {
		t.Error("order of results:", diff)
	}
	if diff := cmp.Diff(trials, d.kept); diff != "" {
		t.Error("what was kept is not what was returned:", diff)
	}
	var lines []string
	for _, s := range schedule(plan) {
		lines = append(lines, "try "+s.Variant, "keep "+s.Variant, "tell "+s.Variant)
	}
	if diff := cmp.Diff(lines, d.lines); diff != "" {
		t.Error("a result must be kept before the next try:", diff)
	}
	for _, r := range trials {
		var number int
		if _, err := fmt.Sscanf(r.Variant, "case=%d", &number); err != nil {
			t.Fatal(err)
		}
		if r.Values["ns/op"] != float64(number+1) || r.Failed != "" {
			t.Fatalf("%+v has the values of another case, want ns/op %d", r, number+1)
		}
	}
}

func TestAFailedTrialCostsOneResult(t *testing.T) {
	plan := wide(7)
	d := &diary{before: func(try int) error {
		if try == 3 {
			return errors.New("out of luck")
		}
		return nil
	}}
	trials, err := d.run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(schedule(plan), slotsOf(trials)); diff != "" {
		t.Error("a failure changed the order:", diff)
	}
	for i, r := range trials {
		if failed := r.Failed != ""; failed != (i == 3) || failed != (r.Values == nil) {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if trials[3].Failed != "out of luck" {
		t.Errorf("failed because of %q", trials[3].Failed)
	}
	if diff := cmp.Diff(trials, d.kept); diff != "" {
		t.Error("a failure is kept as others are:", diff)
	}
}

// A trial that says what is no measurement failed; the run goes on.
func TestNonsenseIsAFailure(t *testing.T) {
	d := &diary{values: protocol.Measurement{"ns/op": -5}}
	trials, err := d.run(t.Context(), wide(2), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range trials {
		if failed := r.Failed != ""; failed != (i == 0) || failed != (r.Values == nil) {
			t.Errorf("result %d: %+v", i, r)
		}
	}
	if want := "what it says of itself is no measurement: -5 is no value of ns/op"; trials[0].Failed != want {
		t.Errorf("failed because of %q, want %q", trials[0].Failed, want)
	}
}

func TestWhatCannotBeKeptEndsTheRun(t *testing.T) {
	full := errors.New("disk full")
	d := &diary{}
	keep := func(r results.Result) error {
		if len(d.kept) == 5 {
			return full
		}
		return d.keep(r)
	}
	_, err := runner.Run(t.Context(), wide(7), nil, d.try, keep, d.tell)
	if !errors.Is(err, full) || d.tries != 6 {
		t.Fatalf("error %v after %d tries, want %v after 6", err, d.tries, full)
	}
}

func TestAnEndedContextEndsTheRunWithoutTheTrialThatItCut(t *testing.T) {
	for name, cut := range map[string]error{"cancelled": context.Canceled, "past its deadline": context.DeadlineExceeded} {
		t.Run(name, func(t *testing.T) {
			ctx := &endable{Context: t.Context()}
			d := &diary{before: func(try int) error {
				if try != 4 {
					return nil
				}
				ctx.err = cut // as of a Ctrl-C that killed the child
				return errors.New("signal: killed")
			}}
			trials, err := d.run(ctx, wide(7), nil)
			if !errors.Is(err, cut) {
				t.Errorf("error %v, want %v", err, cut)
			}
			if diff := cmp.Diff(schedule(wide(7))[:4], slotsOf(trials)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(trials, d.kept); diff != "" {
				t.Error("kept:", diff)
			}
			if d.tries != 5 {
				t.Errorf("%d tries, want 5", d.tries)
			}
		})
	}
}

// endable is a context that ends when the test says so, for any reason.
type endable struct {
	context.Context
	err error
}

func (e *endable) Err() error { return e.err }

func TestAnEndedContextStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := &diary{}
	if _, err := d.run(ctx, wide(7), nil); !errors.Is(err, context.Canceled) || d.tries != 0 {
		t.Errorf("error %v after %d tries", err, d.tries)
	}
}

// A run that was cut anywhere and resumed ends with the same results in the
// same order as one that was not.
func TestAResumedRunDoesExactlyTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := anyPlan(t)
		// A variant rests when it has enough trials: a decision that later rounds must
		// not be part of.
		plan.Rest = func(round int, trials []results.Result) map[string]bool {
			had, rest := map[string]int{}, map[string]bool{}
			for _, r := range trials {
				if name := r.Experiment + "/" + r.Variant; r.Round < round {
					had[name]++
					rest[name] = had[name] >= 1+len(r.Variant)%3
				}
			}
			return rest
		}
		whole, err := (&diary{}).run(t.Context(), plan, nil)
		if err != nil {
			t.Fatal(err)
		}
		cut := rapid.IntRange(0, len(whole)).Draw(t, "cut")
		rest := &diary{}
		resumed, err := rest.run(t.Context(), plan, slices.Clone(whole[:cut]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, resumed); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(slotsOf(whole[cut:]), slotsOf(rest.kept)); diff != "" {
			t.Fatal("not exactly the rest was run:", diff)
		}
	})
}

// What rests has no trial in that round, and a run ends when all does.
// What a round needs is made before its first trial, with all that runs in it; a run ends
// where that fails, with what was measured.
func TestARoundBegins(t *testing.T) {
	d := &diary{}
	broken := errors.New("no room")
	plan := runner.Plan{Experiments: []runner.Experiment{{Name: "A", Cases: []runner.Case{{Variant: "x=1", Tasks: 1}, {Variant: "x=2", Tasks: 1}}}}, Rounds: 5}
	plan.Rest = func(round int, _ []results.Result) map[string]bool { return map[string]bool{"A/x=2": round > 0} }
	plan.Begin = func(_ context.Context, round []results.Slot) error {
		d.lines = append(d.lines, fmt.Sprintf("begin %d of %d", round[0].Round, len(round)))
		if round[0].Round == 2 {
			return broken
		}
		return nil
	}
	trials, err := d.run(t.Context(), plan, nil)
	if len(trials) != 3 || !errors.Is(err, broken) {
		t.Errorf("%d trials, %v", len(trials), err)
	}
	if len(d.lines) != 12 || d.lines[0] != "begin 0 of 2" || d.lines[7] != "begin 1 of 1" || d.lines[11] != "begin 2 of 1" {
		t.Errorf("%q", d.lines)
	}
}

func TestARunEndsWhenAllRests(t *testing.T) {
	plan := wide(7)
	plan.Rounds = 9
	names := map[string]bool{}
	for _, e := range plan.Experiments {
		for _, c := range e.Cases {
			names[e.Name+"/"+c.Variant] = true
		}
	}
	first := plan.Experiments[0].Name + "/" + plan.Experiments[0].Cases[0].Variant
	plan.Rest = func(round int, _ []results.Result) map[string]bool {
		switch round {
		case 0:
			return nil
		case 1:
			return map[string]bool{first: true}
		}
		return names
	}
	all, err := (&diary{}).run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := 2*len(names) - 1; len(all) != want {
		t.Errorf("%d trials, want %d", len(all), want)
	}
	for _, r := range all {
		if r.Round > 1 || r.Round == 1 && r.Experiment+"/"+r.Variant == first {
			t.Errorf("%s/%s ran in round %d", r.Experiment, r.Variant, r.Round)
		}
		in := len(plan.Experiments[0].Cases)
		if r.Experiment == plan.Experiments[0].Name && r.Round == 1 {
			in--
		} else if r.Experiment != plan.Experiments[0].Name {
			continue
		}
		if r.Of != in {
			t.Errorf("round %d of %s has %d trials, its lines say %d", r.Round, r.Experiment, in, r.Of)
		}
	}
}

// The shortest budget allows one round, because less than a round says
// nothing, and never a part of a second one.
func TestABudgetEndsBetweenRounds(t *testing.T) {
	plan := wide(7)
	plan.Budget = time.Nanosecond
	trials, err := (&diary{}).run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(runner.Round(plan, 0, nil), slotsOf(trials)); diff != "" {
		t.Error(diff)
	}
	plan.Budget = time.Hour
	if trials, err = (&diary{}).run(t.Context(), plan, nil); err != nil || len(trials) != 40*plan.Rounds {
		t.Errorf("%d results in an hour, %v, want all %d", len(trials), err, 40*plan.Rounds)
	}
}

func TestProgressCountsUpToTheTotal(t *testing.T) {
	plan, last := wide(7), 0
	tell := func(_ results.Result, finished, total int, left time.Duration) {
		if finished != last+1 || total != 160 || left < 0 {
			t.Errorf("%d of %d, %v left, after %d of 160", finished, total, left, last)
		}
		last = finished
	}
	d := &diary{}
	if _, err := runner.Run(t.Context(), plan, nil, d.try, d.keep, tell); err != nil || last != 160 {
		t.Errorf("error %v at %d of 160", err, last)
	}
}

func ExampleRun() {
	plan := runner.Plan{Rounds: 2, Seed: 1, Experiments: []runner.Experiment{{
		Name:  "Sums",
		Cases: []runner.Case{{Variant: "by=hand"}, {Variant: "by=machine"}},
	}}}
	// A real one is the Try of a Child.
	try := func(_ context.Context, c runner.Case) (protocol.Measurement, error) {
		if c.Variant == "by=hand" {
			return nil, errors.New("no hand free")
		}
		return protocol.Measurement{"ns/op": 12}, nil
	}
	keep := func(r results.Result) error {
		if r.Failed != "" {
			fmt.Println("round", r.Round, r.Variant, r.Failed)
			return nil
		}
		fmt.Println("round", r.Round, r.Variant, r.Values["ns/op"], "ns")
		return nil
	}
	tell := func(results.Result, int, int, time.Duration) {}
	_, err := runner.Run(context.Background(), plan, nil, try, keep, tell)
	fmt.Println(err)
	// Output:
	// round 0 by=hand no hand free
	// round 0 by=machine 12 ns
	// round 1 by=machine 12 ns
	// round 1 by=hand no hand free
	// <nil>
}

// What is done between blocks parts nothing that is compared, and its error ends the run.
func TestBetweenIsBetweenBlocksOnly(t *testing.T) {
	plan, d := wide(7), &diary{}
	plan.Between = func(context.Context) error {
		d.lines = append(d.lines, "between")
		return nil
	}
	trials, err := d.run(t.Context(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	slots, calls := slotsOf(trials), 0
	d.lines = slices.DeleteFunc(d.lines, func(line string) bool { return line[0] == 'k' || line[:2] == "te" })
	for i, at := 0, 0; i < len(slots); i, at = i+1, at+1 {
		called := d.lines[at] == "between"
		if called {
			calls++
			at++
		}
		edge := i > 0 && (slots[i].Experiment != slots[i-1].Experiment || blockOf(plan, slots[i]) != blockOf(plan, slots[i-1]))
		if called != edge {
			t.Errorf("before trial %d: called %v, at an edge %v", i, called, edge)
		}
	}
	if want := plan.Rounds*4 - 1; calls != want {
		t.Errorf("called %d times between %d blocks", calls, want+1)
	}
	full := errors.New("full")
	plan.Between = func(context.Context) error { return full }
	if trials, err := (&diary{}).run(t.Context(), plan, nil); !errors.Is(err, full) || len(trials) != 10 {
		t.Errorf("%d trials, then %v", len(trials), err)
	}
}
