package tasks

import (
	"fmt"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/tasks/workload"
)

func TestParse(t *testing.T) {
	g, err := Parse("workload=mix/cpu=25/delay=7ms/model=gil/workers=3/twin=1")
	if err != nil || g.Workload.Name != "mix" || g.Share != 25 || g.Delay != 7*time.Millisecond || g.Model.Name != "gil" || g.Workers != 3 {
		t.Errorf("%+v, %v", g, err)
	}
	g, err = Parse("workload=http/model=serial")
	if err != nil || g.Workload.Name != "http" || g.Share != 50 || g.Delay != 0 || g.Workers != 1 {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestParseGridRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"workload=primes/model=thread/workers=0":          "workers=0: give a number from 1 to 100000",
		"workload=primes/model=thread/workers=-1":         "workers=-1: give a number from 1 to 100000",
		"workload=primes/model=thread/workers=1000000000": "workers=1000000000: give a number from 1 to 100000",
		"workload=primes/model=thread/workers=100001":     "workers=100001: give a number from 1 to 100000",
		"workload=primes/model=thread/workers=many":       `variant "workload=primes/model=thread/workers=many": workers=many is not a whole number`,
		"workload=primes/model=threads":                   "model \"threads\" is not known: `parcon list` shows those that are",
		"workload=primes":                                 "model \"\" is not known: `parcon list` shows those that are",
		"workload=prims/model=thread":                     "workload \"prims\" is not known: `parcon list` shows those that are",
		"model=thread":                                    "workload \"\" is not known: `parcon list` shows those that are",
		"workload=sleep/model=loop/delay=long":            `variant "workload=sleep/model=loop/delay=long": delay=long is not a duration such as 100ms`,
		"workload=sleep/model=loop/delay=0s":              `variant "workload=sleep/model=loop/delay=0s": delay=0s is not a duration above zero such as 100ms`,
		"workload=sleep/model=loop/delay=-5ms":            `variant "workload=sleep/model=loop/delay=-5ms": delay=-5ms is not a duration above zero such as 100ms`,
		"workload=sleep/model=loop/length=1ms":            `variant "workload=sleep/model=loop/length=1ms": tasks of sleep have no length=: it is for CPU-bound ones`,
		"workload=hash/model=loop/length=no":              `variant "workload=hash/model=loop/length=no": length=no is not a duration such as 100ms`,
		"workload=mix/model=loop/cpu=half":                `variant "workload=mix/model=loop/cpu=half": cpu=half is not a whole number`,
		"primes":                                          `variant "primes": part "primes" is not of the form key=value`,
	} {
		if _, err := Parse(name); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("workload=mix/cpu=25/delay=7ms/model=gil/workers=3")
	f.Add("workload=primes/model=thread/workers=-1")
	f.Fuzz(func(t *testing.T, name string) {
		if g, err := Parse(name); err == nil && (g.Workers < 1 || g.Workers > MaxWorkers || g.Delay < 0 || g.Model.Start == nil || g.Workload.Name == "") {
			t.Fatalf("%q was read as %+v", name, g)
		}
	})
}

func ExampleParse() {
	g, err := Parse("workload=mix/cpu=25/model=gil/workers=4")
	fmt.Println(g.Workload.Name, g.Share, g.Model.Name, g.Workers, err)
	_, err = Parse("workload=mix/model=gil/workers=0")
	fmt.Println(err)
	// Output:
	// mix 25 gil 4 <nil>
	// workers=0: give a number from 1 to 100000
}

func Example() {
	for _, claim := range Waiting.Claims(card.Scale{Cores: 2}) {
		c := claim.Comparisons[0]
		fmt.Printf("%s: %s of %s over %s\n", claim.ID, c.Measure.Name, c.Of, c.Over)
	}
	// Output:
	// P5: gain on one core of workload=sleep/model=gil-lock/workers=8 over workload=sleep/model=serial/workers=1
	// P7: throughput of workload=sleep/model=process-pool/workers=8 over workload=sleep/model=thread/workers=8
}

// Trials that are compared must differ in nothing but their model: tasks of some seeds
// take a little longer than others, and a worker without a task is none.
func TestComputingTrialsHaveTheSameTasks(t *testing.T) {
	for _, cores := range []int{1, 2, 3, 6, 8, 64} {
		for _, c := range computeCases(card.Scale{Cores: cores, Depth: card.Full}) {
			workers, err := c.Variant.Int("workers", 0)
			if err != nil || workers == 0 || c.Tasks < workers || c.Tasks%workload.Seeds != 0 {
				t.Errorf("on %d cores %s has %d tasks: %v", cores, c.Variant, c.Tasks, err)
			}
		}
	}
}

// Crowds do the same work whatever their model and number, as long as there is a task for
// each, and those that a claim compares are in the shortest run.
func TestCrowdsDoTheSameWork(t *testing.T) {
	tasks := map[string]int{}
	for _, c := range Crowd.Cases(card.Scale{Cores: 2, Depth: card.Full}) {
		workers, err := c.Variant.Int("workers", 0)
		if err != nil || c.Tasks < workers {
			t.Errorf("%s has %d tasks: %v", c.Variant, c.Tasks, err)
		}
		if want := max(switchingTasks, each*workers); c.Variant.Get("model") == "thread" && c.Variant.Get("length") != "" && c.Tasks != want {
			t.Errorf("%s has %d tasks, want %d", c.Variant, c.Tasks, want)
		}
		tasks[c.Variant.Get("model")]++
	}
	if tasks["process-pool"] != 2 || tasks["thread"] != 2+5 {
		t.Errorf("%v", tasks)
	}
}

// Where there is no room for a crowd it is left out, and the claim says why.
func TestCrowdsThatHaveNoRoomAreLeftOut(t *testing.T) {
	all := card.Scale{Cores: 2, Depth: card.Full}
	few := card.Scale{Cores: 2, Depth: card.Full, Hindrances: map[string]string{"switching-100000": "too many"}}
	if more, fewer := len(Crowd.Cases(all)), len(Crowd.Cases(few)); fewer != more-1 {
		t.Errorf("%d and %d cases", more, fewer)
	}
	none := card.Scale{Cores: 2, Hindrances: map[string]string{switchingName: "no room"}}
	for _, claim := range Crowd.Claims(none) {
		if want := map[string]string{"P10": "no room"}[claim.ID]; claim.Unmeasured != want {
			t.Errorf("%s: %q, want %q", claim.ID, claim.Unmeasured, want)
		}
	}
}
