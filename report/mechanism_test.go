package report

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/variant"
)

// counted are the units that noise does not touch: what was counted.
var counted = func() map[string]bool {
	all := map[string]bool{card.UnitTries: true, card.UnitSeen: true, card.UnitEpisodes: true}
	for _, c := range chapters.Cards() {
		for _, unit := range c.Counts {
			all[unit] = true
		}
	}
	return all
}()

// What a run found to be in the way of a claim is why it is not measured.
func TestAHindranceIsTheReason(t *testing.T) {
	text := "cannot-reuse: nobody may\n" + world(14, 0.002, func(v variant.Variant) map[string]float64 {
		if v.Get(card.Key) == "reuse" {
			return nil
		}
		return textbook(v)
	})
	if j := verdicts(t, text)["F12"]; j.Verdict != NotMeasured || j.Reason != "nobody may" {
		t.Errorf("%s: %s", j.Verdict, j.Reason)
	}
}

// One trial that shows otherwise is enough, and only in what it refutes.
func TestOneCounterexampleRefutes(t *testing.T) {
	lost := 0
	text := world(14, 0.002, func(v variant.Variant) map[string]float64 {
		values := believed(v)
		if v.String() == "mechanism=balance/model=pool/lock=mutex/workers=2" {
			if lost++; lost == 5 {
				values["lost"] = 1
			}
		}
		return values
	})
	without := verdicts(t, world(14, 0.002, believed))
	for id, j := range verdicts(t, text) {
		if want := without[id]; id != "S5" && j.Verdict != want.Verdict {
			t.Errorf("%s: %s, without the counterexample %s: %s", id, j.Verdict, want.Verdict, j.Reason)
		}
		if found := j.Deciding.Name + ": " + j.Deciding.found(); id == "S5" &&
			(j.Verdict != Refuted || found != "lost, updates of one number, pool, with mutex, x 2: 1 of 1,400, in 1 of 14 trials") {
			t.Errorf("S5: %s, decided by %s", j.Verdict, found)
		}
	}
}

// What is said to happen needs to be seen once; what is not seen is not proven
// to be impossible by a few trials.
func TestWhatHappensIsSeenOnce(t *testing.T) {
	for _, c := range []struct {
		rounds, seen int
		want         Verdict
	}{{14, 1, Holds}, {14, 0, Refuted}, {1, 0, Undecided}, {4, 1, Holds}} {
		trial := 0
		text := world(c.rounds, 0.002, func(v variant.Variant) map[string]float64 {
			values := textbook(v)
			if v.String() == "mechanism=deadlock/unit=thread/order=opposite" {
				values["seen"], values["named"] = 0, 0
				if trial++; trial <= c.seen {
					values["seen"] = 1
				}
			}
			return values
		})
		for _, compared := range verdicts(t, text)["L4"].Compared {
			if compared.Name == "deadlock, thread, opposite" && compared.Verdict != c.want {
				t.Errorf("%d rounds, seen in %d: %s, want %s", c.rounds, c.seen, compared.Verdict, c.want)
			}
		}
	}
}

// What never failed is not settled if a trial of it gave no result: that may have
// been the exception.
func TestAFailedTrialLeavesAlwaysOpen(t *testing.T) {
	failed := false
	var text strings.Builder
	for line := range strings.Lines(world(14, 0.002, textbook)) {
		if name, _, _ := strings.Cut(line, " "); !failed && name == "BenchmarkLife/mechanism=join" {
			failed, line = true, name+"/failed=no_answer 1 1 failed 0 round\n"
		}
		text.WriteString(line)
	}
	got := verdicts(t, text.String())
	if j := got["F7"]; j.Verdict != Undecided || !strings.Contains(j.Reason, "a trial failed") {
		t.Errorf("F7: %s: %s", j.Verdict, j.Reason)
	}
	if got["F1"].Verdict != Holds {
		t.Errorf("F1: %s", got["F1"].Verdict)
	}
}

// What holds without an exception says how rare one may still be: of independent tries
// each counts, and with 1,400 of them the one-sided 95 % limit is 1-0.05^(1/1400); of
// others a trial does.
func TestWhatWasNotSeenIsBounded(t *testing.T) {
	for rounds, want := range map[int]map[string]string{
		14:  {"F1": "in up to 0.21 % of such tries"},
		140: {"S6": "in up to 2.12 % of such trials"},
	} {
		got := verdicts(t, only(world(rounds, 0.002, textbook), "zombie", "mechanism=lines"))
		for id, words := range want {
			if !strings.Contains(got[id].Reason, words) {
				t.Errorf("%s: %s", id, got[id].Reason)
			}
		}
	}
}

// Where tries share their luck each episode counts, and a trial that tells of none, as in
// an older file, counts as one. How much was counted stays as it was.
func TestEpisodesCountSingly(t *testing.T) {
	for in, want := range map[int]struct { // trials of four that tell of 36
		verdict Verdict
		words   string
	}{
		4: {Holds, "in up to 2.06 % of such episodes"}, // 1-0.05^(1/144)
		2: {Undecided, "; 30 episodes without an exception would decide"},
		0: {Undecided, "; 100 trials without an exception would decide"},
	} {
		told := map[string]int{}
		text := world(4, 0.002, func(v variant.Variant) map[string]float64 {
			values := textbook(v)
			if told[v.String()]++; v.Get(card.Key) == "lines" && told[v.String()] <= in {
				values[card.UnitEpisodes] = 36
			}
			return values
		})
		j := verdicts(t, only(text, "mechanism=lines"))["S6"]
		if j.Verdict != want.verdict || !strings.Contains(j.Reason, want.words) {
			t.Errorf("%d trials with episodes: %s: %s", in, j.Verdict, j.Reason)
		}
		for _, c := range j.Compared {
			if c.Measure.How == card.Every && c.found() != "0 of 400" {
				t.Errorf("%s: %s", c.Name, c.found())
			}
		}
	}
}

// A report tells if the claims are not those that its run wrote down.
func TestChangedClaimsAreTold(t *testing.T) {
	scale := card.Scale{Cores: testCores}
	find := func(name string) []card.Claim {
		e, err := chapters.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return e.Claims(scale)
	}
	same := card.Fingerprint(find("life"))
	harder := find("locks")
	harder[0].Comparisons[1].High += 0.01
	head := "claims: life:" + same + " locks:" + card.Fingerprint(harder) + "\n"
	page := newPage(read(t, head+world(2, 0.002, textbook))).markdown()
	if !strings.Contains(page, "the claims or bounds of locks are not those") || strings.Contains(page, "bounds of life") {
		t.Error("the report does not tell that the claims on locks have changed, and those on life have not")
	}
}

// A report explains what is in it, and counts one thing as one.
func TestWordsOfASmallReport(t *testing.T) {
	texts := map[string]string{
		"all": world(14, 0.002, textbook),
		"one": "experiments: F1\n" + only(world(14, 0.002, textbook), "mechanism=zombie"),
		"few": "experiments: U2\n" + only(world(4, 0.002, textbook), "mechanism=switch"),
	}
	for words, in := range map[string]string{
		"1 of 1 comparison holds":  "all one",
		"The one comparison":       "one",
		"Ratios are of throughput": "all",
		`"x 8" means`:              "all",
		`"200 of 200"`:             "all one",
	} {
		for name, text := range texts {
			page := newPage(read(t, text)).markdown()
			if got, want := strings.Contains(page, words), slices.Contains(strings.Fields(in), name); got != want {
				t.Errorf("the report of %s says %q: %v", name, words, got)
			}
		}
	}
	for name, want := range map[string]bool{"all": false, "few": true} {
		p := newPage(read(t, texts[name]))
		drawn := strings.Join(slices.Collect(maps.Values(drawnText(t, p))), "\n")
		if got := strings.Contains(drawn, "a hollow dot is undecided"); got != want {
			t.Errorf("the chart of %s explains hollow dots: %v", name, got)
		}
	}
}
