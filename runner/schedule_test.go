package runner_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parcon/results"
	"parcon/runner"
)

// anyPlan draws a plan of up to four experiments. Cases of different
// experiments share their variants' names, as those of the catalogue do.
func anyPlan(t *rapid.T) runner.Plan {
	plan := runner.Plan{Seed: rapid.Uint64().Draw(t, "seed"), Rounds: 3}
	for e := range rapid.IntRange(0, 4).Draw(t, "experiments") {
		experiment := runner.Experiment{Name: fmt.Sprintf("E%d", e)}
		blocks := rapid.SliceOfN(rapid.IntRange(0, 3), 0, 12).Draw(t, "blocks")
		for c, block := range blocks {
			experiment.Cases = append(experiment.Cases, runner.Case{
				Variant: fmt.Sprintf("case=%d", c), Block: fmt.Sprint(block),
				ComparedWith: rapid.SliceOfN(rapid.SampledFrom([]string{"case=0", "case=1", "case=2", "case=3", "case=4", "case=5"}), 0, 2).Draw(t, "beside"),
			})
		}
		plan.Experiments = append(plan.Experiments, experiment)
	}
	return plan
}

// wide is a plan with so many orders that two draws of one are never the same
// by chance: 2! * (2! * 10! * 10!)^2.
func wide(seed uint64) runner.Plan {
	plan := runner.Plan{Seed: seed, Rounds: 4}
	for _, name := range []string{"Left", "Right"} {
		e := runner.Experiment{Name: name}
		for c := range 20 {
			e.Cases = append(e.Cases, runner.Case{Variant: fmt.Sprintf("case=%d", c), Block: fmt.Sprint(c % 2), Tasks: c + 1})
		}
		plan.Experiments = append(plan.Experiments, e)
	}
	return plan
}

// blockOf finds the block of a slot's case.
func blockOf(plan runner.Plan, s results.Slot) string {
	for _, e := range plan.Experiments {
		for _, c := range e.Cases {
			if e.Name == s.Experiment && c.Variant == s.Variant {
				return c.Block
			}
		}
	}
	return "none"
}

func TestARoundHoldsEveryCaseOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := anyPlan(t)
		round := rapid.IntRange(0, 1000).Draw(t, "round")
		var want, got []string
		for _, e := range plan.Experiments {
			for _, c := range e.Cases {
				want = append(want, e.Name+" "+c.Variant)
			}
		}
		for i, s := range runner.Round(plan, round, nil) {
			got = append(got, s.Experiment+" "+s.Variant)
			if s.Round != round || s.Position != i {
				t.Fatalf("slot %d of round %d calls itself %+v", i, round, s)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

// What is compared runs close together: an experiment is one run of slots, and
// a block within it too.
func TestExperimentsAndBlocksStayTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := anyPlan(t)
		var groups []string
		for _, s := range runner.Round(plan, rapid.IntRange(0, 1000).Draw(t, "round"), nil) {
			if group := s.Experiment + " " + blockOf(plan, s); len(groups) == 0 || groups[len(groups)-1] != group {
				groups = append(groups, group)
			}
		}
		var experiments []string
		for _, g := range groups {
			if len(experiments) == 0 || experiments[len(experiments)-1] != g[:2] {
				experiments = append(experiments, g[:2])
			}
		}
		for _, list := range [][]string{groups, experiments} {
			sorted := slices.Sorted(slices.Values(list))
			if len(slices.Compact(sorted)) != len(list) {
				t.Fatalf("torn apart: %v", list)
			}
		}
	})
}

// What rests leaves the order of the others alone: a resumed run must find them where
// they were.
func TestRestingLeavesTheOthersInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := anyPlan(t)
		round := rapid.IntRange(0, 1000).Draw(t, "round")
		rest, in := map[string]bool{}, map[string]int{}
		for _, e := range plan.Experiments {
			for _, c := range e.Cases {
				name := e.Name + "/" + c.Variant
				if rest[name] = rapid.Bool().Draw(t, "rests "+name); !rest[name] {
					in[e.Name]++
				}
			}
		}
		var want []results.Slot
		for _, s := range runner.Round(plan, round, nil) {
			if !rest[s.Experiment+"/"+s.Variant] {
				s.Position, s.Of = len(want), in[s.Experiment]
				want = append(want, s)
			}
		}
		if diff := cmp.Diff(want, runner.Round(plan, round, rest)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestARoundIsTheSameEachTimeAndUnlikeOthers(t *testing.T) {
	order := func(seed uint64, round int) string {
		var names []string
		for _, s := range runner.Round(wide(seed), round, nil) {
			names = append(names, s.Experiment+" "+s.Variant)
		}
		return fmt.Sprint(names)
	}
	seen := map[string]string{}
	for seed := range uint64(5) {
		for round := range 5 {
			this := order(seed, round)
			if again := order(seed, round); again != this {
				t.Fatalf("seed %d, round %d:\n%s\nand then\n%s", seed, round, this, again)
			}
			name := fmt.Sprintf("seed %d, round %d", seed, round)
			if other, found := seen[this]; found {
				t.Errorf("%s is ordered as %s", name, other)
			}
			seen[this] = name
		}
	}
}

// Over many rounds every case comes first.
func TestEveryCaseComesFirstAtTimes(t *testing.T) {
	plan := wide(1)
	firsts := map[string]bool{}
	for round := range 2000 {
		s := runner.Round(plan, round, nil)[0]
		firsts[s.Experiment+" "+s.Variant] = true
	}
	if len(firsts) != 40 {
		t.Errorf("%d of 40 cases came first in 2000 rounds: %v", len(firsts), firsts)
	}
}

// Of two that are compared, either comes first in half of the rounds, and what
// came first says nothing of the next round: the A/A pairs of a run rest on that.
func TestOrderWithinABlockIsAFairCoin(t *testing.T) {
	const rounds = 4000
	plan := runner.Plan{Seed: 11, Experiments: []runner.Experiment{{Name: "Pair", Cases: []runner.Case{
		{Variant: "side=a", Block: "x", ComparedWith: []string{"side=b"}}, {Variant: "side=b", Block: "x"},
	}}}}
	first, changes, last := 0, 0, ""
	for round := range rounds {
		v := runner.Round(plan, round, nil)[0].Variant
		if v == "side=a" {
			first++
		}
		if v != last {
			changes++
		}
		last = v
	}
	// Four standard deviations of a fair coin.
	const wide = 4 * 0.5 * 63.3
	for what, n := range map[string]int{"a comes first": first, "the order changes": changes} {
		if math.Abs(float64(n)-rounds/2) > wide {
			t.Errorf("%s in %d of %d rounds", what, n, rounds)
		}
	}
}

// Two that are compared follow each other. Of several that are compared with one, half of them
// stand on either side of it, and each on either side in half of the rounds; what is compared
// with one of those stands beside that one.
func TestWhatIsComparedStandsTogether(t *testing.T) {
	const rounds = 4000
	plan := runner.Plan{Seed: 5, Experiments: []runner.Experiment{{Name: "All"}}}
	e := &plan.Experiments[0]
	add := func(variant string, with ...string) {
		e.Cases = append(e.Cases, runner.Case{Variant: variant, Block: "x", ComparedWith: with})
	}
	for n := range 5 {
		add(fmt.Sprintf("pair=%d/side=a", n))
		add(fmt.Sprintf("pair=%d/side=b", n), fmt.Sprintf("pair=%d/side=a", n))
	}
	leaves := []string{"leaf=0", "leaf=1", "leaf=2", "leaf=3"}
	for _, leaf := range leaves {
		add(leaf, "hub")
	}
	add("hub")
	add("twin", "leaf=0")
	add("stranger", "case=of/another=block")
	before := map[string]int{}
	for round := range rounds {
		at := map[string]int{}
		for i, s := range runner.Round(plan, round, nil) {
			at[s.Variant] = i
		}
		apart := func(a, b string) int { return max(at[a]-at[b], at[b]-at[a]) }
		for n := range 5 {
			if d := apart(fmt.Sprintf("pair=%d/side=a", n), fmt.Sprintf("pair=%d/side=b", n)); d != 1 {
				t.Fatalf("round %d: the sides of pair %d are %d apart", round, n, d)
			}
		}
		if d := apart("twin", "leaf=0"); d != 1 {
			t.Fatalf("round %d: a twin is %d apart", round, d)
		}
		left := 0
		for _, leaf := range leaves {
			if d := apart(leaf, "hub"); d > 3 {
				t.Fatalf("round %d: %s is %d from its hub", round, leaf, d)
			}
			if at[leaf] < at["hub"] {
				left++
				before[leaf]++
			}
		}
		if left != 2 {
			t.Fatalf("round %d: %d of 4 come before their hub", round, left)
		}
		if at["pair=0/side=a"] < at["pair=0/side=b"] {
			before["pair"]++
		}
		if at["pair=0/side=a"] < at["hub"] {
			before["group"]++
		}
	}
	for _, what := range append(leaves, "pair") {
		// Four standard deviations of a fair coin.
		if n := before[what]; math.Abs(float64(n)-rounds/2) > 4*0.5*math.Sqrt(rounds) {
			t.Errorf("%s comes first in %d of %d rounds", what, n, rounds)
		}
	}
	if n := before["group"]; n < rounds/5 || n > rounds*4/5 {
		t.Errorf("a pair comes before a larger group in %d of %d rounds", n, rounds)
	}
}

func ExampleRound() {
	plan := runner.Plan{Seed: 1, Experiments: []runner.Experiment{{
		Name: "Sums",
		Cases: []runner.Case{
			{Variant: "size=1/by=hand", Block: "size=1"},
			{Variant: "size=1/by=machine", Block: "size=1"},
			{Variant: "size=2/by=hand", Block: "size=2"},
			{Variant: "size=2/by=machine", Block: "size=2"},
		},
	}}}
	for _, slot := range runner.Round(plan, 0, nil) {
		fmt.Println(slot.Position, slot.Variant)
	}
	// Output:
	// 0 size=1/by=machine
	// 1 size=1/by=hand
	// 2 size=2/by=hand
	// 3 size=2/by=machine
}
