package chapters_test

import (
	"slices"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
)

var two = card.Scale{Cores: 2, System: "linux", Pythons: []card.Python{"3.12.1"}}

func TestWhatIsNamedIsChosen(t *testing.T) {
	for _, c := range []struct {
		args, experiments, names []string
	}{
		{[]string{"life"}, []string{"life"}, []string{"life"}},
		{[]string{"f7", "P2"}, []string{"compute", "life"}, []string{"F7", "P2"}},
		{[]string{"F7", "life"}, []string{"life"}, []string{"F7", "life"}},
		{[]string{"model=gil/workers=2,3", "workload=mix/model=gil/workers=3"}, []string{"single"}, nil},
		{[]string{"workload=pri*/model=gil/workers=3,5"}, []string{"single"}, []string{"workload=primes/model=gil/workers=3", "workload=primes/model=gil/workers=5"}},
		{[]string{"workload=primes/model=p[oq]ol"}, []string{"single"}, []string{"workload=primes/model=pool/workers=2"}},
		{[]string{"mechanism=exits/way=*", "mechanism=exits/way=done"}, []string{"single"}, []string{"mechanism=exits/way=done", "mechanism=exits/way=error", "mechanism=exits/way=fault", "mechanism=exits/way=killed"}},
		{[]string{"zombie=1,2/model=gil", "life"}, nil, nil},
	} {
		chosen, names, err := chapters.Choose(c.args, two)
		if (err != nil) != (c.experiments == nil) {
			t.Fatalf("%v: %v", c.args, err)
		}
		var got []string
		for _, e := range chosen {
			got = append(got, e.Name)
		}
		if !slices.Equal(got, c.experiments) || c.names != nil && !slices.Equal(names, c.names) {
			t.Errorf("%v: %v, %v", c.args, got, names)
		}
		// What the result file says is asked for again means the same.
		if again, same, err := chapters.Choose(names, two); err == nil && (len(again) != len(chosen) || !slices.Equal(same, names)) {
			t.Errorf("%v chosen again: %v", names, same)
		}
	}
}

// Of a claim that is named alone everything is measured that it compares, and
// nothing else but their A/A pairs.
func TestAClaimAloneHasWhatItCompares(t *testing.T) {
	for _, whole := range chapters.All {
		for _, claim := range whole.Claims(two) {
			chosen, _, err := chapters.Choose([]string{claim.ID}, two)
			if err != nil || len(chosen) != 1 || chosen[0].Name != whole.Name {
				t.Fatalf("%s: %v, %v", claim.ID, chosen, err)
			}
			if got := chosen[0].Claims(two); len(got) != 1 || got[0].ID != claim.ID {
				t.Errorf("%s decides %d claims", claim.ID, len(got))
			}
			has, compared := map[string]bool{}, map[string]bool{}
			for _, c := range chosen[0].Cases(two) {
				has[c.Variant.Without("twin").String()] = true
			}
			for _, one := range claim.All() {
				for _, c := range one.Comparisons {
					compared[c.Of.String()] = true
					if name := c.Over.String(); name != "" {
						compared[name] = true
					}
				}
			}
			for _, c := range whole.Cases(two) {
				if name := c.Variant.Without("twin").String(); has[name] != compared[name] {
					t.Errorf("%s: %s is measured: %v, compared: %v", claim.ID, name, has[name], compared[name])
				}
			}
		}
	}
}

// A run measures what is compared one after the other, and the two of an A/A pair.
func TestAChapterTellsWhatIsCompared(t *testing.T) {
	pairs, twins := 0, 0
	for _, c := range chapters.All {
		with := c.ComparedWith(two)
		for _, claim := range c.Claims(two) {
			for _, k := range claim.AllComparisons() {
				if !slices.Contains(with[k.Of.String()], k.Over.String()) {
					t.Errorf("%s: %s is not told to be compared with %s", claim.ID, k.Of, k.Over)
				}
				pairs++
			}
		}
		for _, k := range c.Cases(two) {
			name, base := k.Variant.String(), k.Variant.Without(card.AA).String()
			if slices.Contains(with[name], base) != (name != base) {
				t.Errorf("%s is told to be compared with %v", name, with[name])
			}
			if name != base {
				twins++
			}
		}
	}
	if pairs < 100 || twins < 10 {
		t.Errorf("%d comparisons, %d A/A pairs", pairs, twins)
	}
}

func TestAMistakeNamesTheNearestRightWord(t *testing.T) {
	for name, want := range map[string]string{
		"comput":                             `did you mean "compute"?`,
		"P22":                                `did you mean "P2"?`,
		"frobnicate":                         "`parcon list` shows those that are",
		"workload=primes":                    "has no model",
		"model=pool":                         "has no workload: write, for example, workload=primes/model=pool/workers=2",
		"workload=sleep/model=pool":          "has no number of workers: write, for example, workload=sleep/model=pool/workers=2",
		"workload=prims/model=serial":        `did you mean "primes"?`,
		"workload=primes/model=gorutine":     `did you mean "goroutine"?`,
		"workload=primes/model=gil/worker=2": `did you mean "workers"?`,
		"mechanism=zombi":                    `did you mean "zombie"?`,
		"mechanism=create":                   "its key unit is missing",
		"workload=mix/cpu=200/model=serial":  "give a share from 0 to 100",
		"workload=primes/cpu=20/model=loop/workers=2":    "it is for workload=mix",
		"workload=sleep/model=pool/workers=2/twin=1":     "leave it out",
		"mechanism=zombie/twin=1":                        "leave it out",
		"workload=*/model=pool/workers=2/twin=1":         "leave it out",
		"workload=x*/model=gil/workers=2":                "no variant is like",
		"workload=[/model=gil/workers=2":                 "needs its ]",
		"workload=primes/model=gil/workers=2,":           "not of the form",
		"workload=primes/model=gil/workers=2/workload=x": "stands there twice",
	} {
		_, _, err := chapters.Choose([]string{name}, two)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// One variant has one name: written in two ways it would be measured twice, as two.
func TestAVariantIsNamedOnce(t *testing.T) {
	for _, c := range []struct{ one, other string }{
		{"workload=sleep/model=pool/workers=2", "workload=sleep/model=pool/workers=2"},
		{"workload=sleep/model=pool/workers=2", "model=pool/workload=sleep/workers=2"},
		{"workload=primes/model=serial", "workload=primes/model=serial/workers=1"},
		{"workload=sleep/delay=10ms/model=pool/workers=2", "workload=sleep/delay=0.01s/model=pool/workers=2"},
	} {
		_, _, err := chapters.Choose([]string{c.one, c.other}, two)
		if err == nil || !strings.Contains(err.Error(), "name it once") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s and %s: %v", c.one, c.other, err)
		}
	}
	for _, number := range []string{"02", "+2", "-0"} {
		_, _, err := chapters.Choose([]string{"workload=sleep/model=pool/workers=" + number}, two)
		if err == nil || !strings.Contains(err.Error(), "so that it has one name") {
			t.Errorf("workers=%s: %v", number, err)
		}
	}
	for _, word := range []string{"", "/", "x"} { // everything is near to these
		if _, _, err := chapters.Choose([]string{word}, two); err == nil || strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%q: %v", word, err)
		}
	}
}
