package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestStandings(t *testing.T) {
	runs := [][]Ruling{
		{{"A1", "a", Holds}, {"A2", "b", Holds}, {"A3", "c", Refuted}, {"A4", "d", Holds}, {"A5", "e", Undecided}, {"A6", "f", Refuted}},
		{{"A1", "a", Holds}, {"A2", "b", Refuted}, {"A3", "c", Refuted}, {"A4", "d", Undecided}, {"A5", "e", NotMeasured}, {"A7", "g", Refuted}},
	}
	var got []string
	all := Standings(runs, strings.Compare)
	for _, s := range all {
		got = append(got, fmt.Sprintf("%s %s: %s | %s", s.ID, s.Accord, s.Verdicts[0], s.Verdicts[1]))
	}
	want := []string{
		"A2 differs: holds | refuted",
		"A1 holds everywhere: holds | holds",
		"A3 refuted everywhere: refuted | refuted",
		"A4 holds where it is decided: holds | undecided",
		"A6 refuted where it is decided: refuted | not asked",
		"A7 refuted where it is decided: not asked | refuted",
		"A5 decided nowhere: undecided | not measured",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for noun, want := range map[string]string{
		"machine": "Of 7 claims 1 holds on both machines, 1 is refuted on both machines (A3), 1 differs: A2; 3 are decided by some of them only; 1 is decided by none.",
		"run":     "Of 7 claims 1 holds in both runs, 1 is refuted in both runs (A3), 1 differs: A2; 3 are decided by some of them only; 1 is decided by none.",
	} {
		if got := finding(all, 2, noun); got != want {
			t.Errorf("%s", got)
		}
	}
	if got := finding(nil, 3, "run"); !strings.Contains(got, "None of these 3 runs") {
		t.Errorf("%s", got)
	}
}

// Whatever the verdicts: a difference needs two that contradict each other, every claim
// stands once, and the order of the runs changes nothing but the columns.
func TestNoOpenVerdictIsADifference(t *testing.T) {
	verdict := rapid.SampledFrom([]Verdict{Holds, Refuted, Undecided, NotMeasured, NotAsked})
	rapid.Check(t, func(t *rapid.T) {
		runs := make([][]Ruling, rapid.IntRange(1, 5).Draw(t, "runs"))
		ids := map[string]bool{}
		for i := range runs {
			for k := range rapid.IntRange(0, 6).Draw(t, "claims") {
				id := fmt.Sprint("C", k)
				ids[id] = true
				runs[i] = append(runs[i], Ruling{id, "text", verdict.Draw(t, "verdict")})
			}
		}
		all := Standings(runs, strings.Compare)
		if len(all) != len(ids) {
			t.Fatalf("%d standings of %d claims", len(all), len(ids))
		}
		rank := -1
		for _, s := range all {
			holds, refuted := slices.Contains(s.Verdicts, Holds), slices.Contains(s.Verdicts, Refuted)
			if (s.Accord == Differs) != (holds && refuted) {
				t.Fatalf("%v is called %q", s.Verdicts, s.Accord)
			}
			everywhere := s.Accord == HoldAll || s.Accord == RefutedAll
			if everywhere && slices.ContainsFunc(s.Verdicts, func(v Verdict) bool { return v != s.Verdicts[0] }) {
				t.Fatalf("%v is called %q", s.Verdicts, s.Accord)
			}
			if next := slices.Index(accords, s.Accord); next < rank {
				t.Fatalf("%s stands behind what is less important", s.ID)
			} else {
				rank = next
			}
		}
		slices.Reverse(runs)
		back := Standings(runs, strings.Compare)
		slices.SortFunc(all, func(a, b Standing) int { return cmp.Compare(a.ID, b.ID) })
		slices.SortFunc(back, func(a, b Standing) int { return cmp.Compare(a.ID, b.ID) })
		for i, s := range back {
			slices.Reverse(s.Verdicts)
			if s.Accord != all[i].Accord || !slices.Equal(s.Verdicts, all[i].Verdicts) {
				t.Fatalf("the order of runs matters: %v, %v", s, all[i])
			}
		}
	})
}

func TestNamesAreDistinct(t *testing.T) {
	for _, c := range []struct{ hosts, folders, want []string }{
		{[]string{"a", "b"}, []string{"x", "y"}, []string{"a", "b"}},
		{[]string{"a", "a", "b"}, []string{"old/x", "new/y/", "z"}, []string{"a (x)", "a (y)", "b"}},
		{[]string{"a", "a"}, []string{"old/x", "new/x"}, []string{"a (old/x)", "a (new/x)"}},
		{[]string{"", "unknown"}, []string{"p/x", "p/y"}, []string{"x", "y"}},
		{[]string{"", "x"}, []string{"p/x", "p/y"}, []string{"unknown (x)", "x (y)"}},
	} {
		if got := distinct(c.hosts, c.folders); !slices.Equal(got, c.want) {
			t.Errorf("%v in %v are %q, not %q", c.hosts, c.folders, got, c.want)
		}
	}
}
