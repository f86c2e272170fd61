package report

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/variant"
	"parcon/results"
)

// simulated runs a Follower's plan in a simulated world until all rests, and returns
// the trials, by round.
func simulated(t testing.TB, f *Follower, names map[string]variant.Variant, most int, cost func(variant.Variant) map[string]float64) []results.Result {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	var trials []results.Result
	for round := range most {
		rest := f.Rest(round, trials)
		before := len(trials)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if rest[name] {
				continue
			}
			values := map[string]float64{}
			for unit, v := range cost(names[name]) {
				if !counted[unit] {
					v *= math.Exp(0.005 * random.NormFloat64())
				}
				values[unit] = v
			}
			experiment, v, _ := cutName(name)
			trials = append(trials, results.Result{Slot: results.Slot{Experiment: experiment, Variant: v, Round: round}, Values: values})
		}
		if len(trials) == before {
			return trials
		}
	}
	return trials
}

func cutName(name string) (experiment, v string, ok bool) {
	for i := range name {
		if name[i] == '/' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}

// chapterOf is the chapter of a claim with what that alone compares.
func chapterOf(claim string) []card.Chapter {
	return slices.DeleteFunc(slices.Clone(card.Asked(chapters.All, []string{claim})), func(c card.Chapter) bool { return c.Only == nil })
}

func casesOf(chosen []card.Chapter, s card.Scale) map[string]variant.Variant {
	all := map[string]variant.Variant{}
	for _, e := range chosen {
		for _, c := range e.Cases(s) {
			all[card.Title(e.Name)+"/"+c.Variant.String()] = c.Variant
		}
	}
	return all
}

// A run ends when every claim has its verdict; each of its variants has the rounds that
// its interval needs, or the few that a fact does; and what was clear early has had fewer trials than what was not.
func TestARunFollowsTheEvidence(t *testing.T) {
	s := card.Scale{Cores: testCores, Python: true}
	all := casesOf(chapters.All, s)
	f := Follow(catalogue(), chapters.All, s, 0, 7, true)
	trials := simulated(t, f, all, 300, textbook)
	decided, measured := f.Decided()
	if len(decided) != measured || measured < 40 {
		t.Errorf("%d of %d claims are decided: %v", len(decided), measured, f.Open())
	}
	had := map[string]int{}
	last := 0
	for _, r := range trials {
		had[r.Experiment+"/"+r.Variant]++
		last = r.Round
	}
	for name := range all {
		least := 4
		if !card.Names(all[name]) {
			least = 7
		}
		if had[name] < least {
			t.Errorf("%s has %d trials", name, had[name])
		}
	}
	if last < 20 || last > 299 {
		t.Errorf("it ended after round %d", last)
	}
	if a, b := had["Life/mechanism=zombie"], had["Sharing/mechanism=balance/model=goroutine/lock=mutex/workers=2"]; a >= b {
		t.Errorf("%d trials of a zombie, %d of a lock", a, b)
	}
	if had["Life/mechanism=zombie"] != had["Life/mechanism=zombie/twin=1"] {
		t.Error("an A/A pair does not rest together")
	}
}

// What it says depends on the rounds before alone: a run that was resumed goes on as it
// would have.
func TestAPlanIsThatOfTheRoundsBefore(t *testing.T) {
	s := card.Scale{Cores: testCores}
	chosen := []card.Chapter{chapters.All[0]}
	all := casesOf(chosen, s)
	trials := simulated(t, Follow(catalogue(), chosen, s, 20, 7, true), all, 40, textbook)
	again := Follow(catalogue(), chosen, s, 20, 7, true)
	for round := range trials[len(trials)-1].Round + 1 {
		rest := again.Rest(round, trials) // all of them
		ran := map[string]bool{}
		for _, r := range trials {
			if r.Round == round {
				ran[r.Experiment+"/"+r.Variant] = true
			}
		}
		for name := range all {
			if ran[name] == rest[name] {
				t.Fatalf("round %d: %s rests: %v, and ran: %v", round, name, rest[name], ran[name])
			}
		}
	}
}

// Where little is left to measure, rounds are filled with what rests, so that they do not
// follow each other at once; with nothing left they end.
func TestShortRoundsAreFilled(t *testing.T) {
	s := card.Scale{Cores: testCores, Python: true}
	all := casesOf(chapters.All, s)
	f := Follow(catalogue(), chapters.All, s, 0, 7, true)
	timed := func(v variant.Variant) map[string]float64 {
		values := maps.Clone(textbook(v))
		values["life-ns"] = 5e7
		return values
	}
	ran := map[int]map[string]bool{}
	for _, r := range simulated(t, f, all, 300, timed) {
		if ran[r.Round] == nil {
			ran[r.Round] = map[string]bool{}
		}
		ran[r.Round][r.Experiment+"/"+r.Variant] = true
	}
	if len(ran) < 30 {
		t.Fatalf("%d rounds", len(ran))
	}
	seen := map[string]bool{}
	for round, names := range ran {
		if least := int(leastRound/0.05) - 1; round >= f.first && len(names) < least {
			t.Errorf("%d trials in round %d, want %d", len(names), round, least)
		}
		for name := range names {
			if base := withoutPair(name); base != name && !names[base] {
				t.Errorf("%s runs without its pair in round %d", name, round)
			}
			if round > len(ran)-10 {
				seen[name] = true
			}
		}
	}
	if len(seen) < 150 {
		t.Errorf("the last rounds were filled with the same %d of %d", len(seen), len(all))
	}
}

// A round that was interrupted and measured in two sittings has no part in it, as it has
// none in a report.
func TestARoundOfTwoSittingsIsNotFollowed(t *testing.T) {
	s := card.Scale{Cores: testCores}
	chosen := chapterOf("U6")
	all := casesOf(chosen, s)
	trials := simulated(t, Follow(catalogue(), chosen, s, 20, 7, false), all, 30, textbook)
	ran := 0
	for n := range trials {
		if trials[n].Variant == trials[0].Variant {
			ran++
		}
		if r := &trials[n]; r.Round > 2 || r.Round == 2 && n%len(all) > 1 {
			r.Sitting = 1
		}
	}
	f := Follow(catalogue(), chosen, s, 20, 7, false)
	f.Rest(1000, trials)
	if n := f.rounds(trials[0].Experiment + "/" + trials[0].Variant); n != ran-1 {
		t.Errorf("%d of %d rounds count", n, ran)
	}
}

// A claim that lies at its bound is given up, and says so.
func TestWhatIsTooCloseToCallIsGivenUp(t *testing.T) {
	s := card.Scale{Cores: testCores}
	chosen := chapterOf("U6")
	close := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		values["ns/op"] = 1000 // of both, and the claim is that one beats the other
		return values
	}
	f := Follow(catalogue(), chosen, s, 900, 7, false)
	trials := simulated(t, f, casesOf(chosen, s), 1000, close)
	if last := trials[len(trials)-1].Round; last > 200 {
		t.Errorf("it was given up after round %d", last)
	}
	if open := f.Open(); len(open) != 1 || !strings.Contains(open[0], "U6: ") || !strings.Contains(open[0], "too close to call") {
		t.Errorf("%q", open)
	}
}
