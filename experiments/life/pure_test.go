package life

import (
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/card"

	"pgregory.net/rapid"
)

func TestTheFourWaysToEnd(t *testing.T) {
	for e, want := range map[ending]string{
		{code: 0}:             wayDone,
		{code: 3}:             wayError,
		{code: 2}:             wayError,
		{-1, syscall.SIGSEGV}: wayFault,
		{-1, syscall.SIGABRT}: wayFault,
		{-1, syscall.SIGKILL}: wayKilled,
		{-1, syscall.SIGTERM}: "",
		{-1, syscall.SIGINT}:  "",
	} {
		if got := e.way(); got != want {
			t.Errorf("%v is %q, want %q", e, got, want)
		}
	}
}

func TestRank(t *testing.T) {
	for _, c := range []struct {
		sorted  []time.Duration
		percent int
		want    time.Duration
	}{
		{[]time.Duration{7}, 50, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{1, 2, 3, 4}, 50, 2},
		{[]time.Duration{1, 2, 3}, 50, 2},
		{[]time.Duration{1, 2, 3, 4}, 99, 4},
		{[]time.Duration{1, 2, 3, 4}, 0, 1},
	} {
		if got := rank(c.sorted, c.percent); got != c.want {
			t.Errorf("%d %% of %v: %v, want %v", c.percent, c.sorted, got, c.want)
		}
	}
}

func TestRankIsOneOfTheValuesAndNotExceededByItsShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Map(rapid.Int64Range(0, 1000), func(n int64) time.Duration { return time.Duration(n) }), 1, 300).Draw(t, "values")
		slices.Sort(values)
		percent := rapid.IntRange(0, 100).Draw(t, "percent")
		got, below := rank(values, percent), 0
		for _, v := range values {
			if v <= got {
				below++
			}
		}
		if !slices.Contains(values, got) || below*100 < percent*len(values) {
			t.Fatalf("%d %% of %v: %v", percent, values, got)
		}
	})
}

func TestShares(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []account
		want          share
	}{
		"one":             {[]account{{100, 10, 5}}, []account{{200, 60, 30}}, share{0.5, 0.25, 0.25}},
		"two":             {[]account{{0, 0, 0}, {0, 7, 7}}, []account{{100, 100, 0}, {100, 7, 7}}, share{0.5, 0, 0.5}},
		"a lag too much":  {[]account{{0, 0, 0}}, []account{{100, 110, 20}}, share{1, 0, 0}},
		"more than there": {[]account{{0, 0, 0}}, []account{{100, 75, 50}}, share{0.75, 0.25, 0}},
		"none":            {nil, nil, share{0, 0, 1}},
	} {
		if got := shares(c.before, c.after); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSharesAddUpToOne(t *testing.T) {
	d := rapid.Map(rapid.Int64Range(0, 1<<40), func(n int64) time.Duration { return time.Duration(n) })
	accounts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) account {
		return account{d.Draw(t, "at"), d.Draw(t, "ran"), d.Draw(t, "waited")}
	}), 5, 5)
	rapid.Check(t, func(t *rapid.T) {
		s := shares(accounts.Draw(t, "before"), accounts.Draw(t, "after"))
		if math.Abs(s.running+s.ready+s.blocked-1) > 1e-9 || s.running < 0 || s.ready < 0 || s.blocked < 0 {
			t.Fatalf("%v", s)
		}
	})
}

// variants are all there are.
var variants = []string{
	"mechanism=zombie",
	"mechanism=orphan/adopter=init",
	"mechanism=orphan/adopter=subreaper",
	"mechanism=daemon/kind=daemon/end=exit",
	"mechanism=daemon/kind=daemon/end=kill",
	"mechanism=daemon/kind=plain/end=exit",
	"mechanism=daemon/kind=plain/end=kill",
	"mechanism=terminate/way=term",
	"mechanism=terminate/way=kill",
	"mechanism=exits/way=done",
	"mechanism=exits/way=error",
	"mechanism=exits/way=fault",
	"mechanism=exits/way=killed",
	"mechanism=states/work=compute",
	"mechanism=states/work=wait",
	"mechanism=states/work=oversubscribed",
	"mechanism=join",
	"mechanism=grandchild/way=term",
	"mechanism=grandchild/way=kill",
	"mechanism=grandchild/way=cpython-term",
	"mechanism=interrupt",
	"mechanism=number",
	"mechanism=exhaust",
	"mechanism=offspring/daemon=cpython",
	"mechanism=offspring/daemon=kernel",
}

func TestVariantsAreKnown(t *testing.T) {
	for _, name := range variants {
		if m, _, err := card.Parse(Chapter.Cards, name); err != nil || m.Unmet(card.Scale{System: "plan9"}) == "" || m.Doc == "" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestBadVariantsAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"mechanism=ghost":                       "is not known",
		"mechanism=zombie/kind=daemon":          `there is no key "kind"`,
		"mechanism=orphan":                      "its key adopter is missing",
		"mechanism=orphan/adopter=nobody":       "give init, subreaper",
		"mechanism=daemon/kind=daemon":          "its key end is missing",
		"mechanism=daemon/kind=plain/end=never": "give exit, kill",
		"mechanism=daemon/kind=evil/end=exit":   "give daemon, plain",
		"mechanism=terminate/way=ask":           "give term, kill",
		"mechanism=exits/way=0":                 "give done, error, fault, killed",
		"mechanism=states/work=2":               "give compute, wait, oversubscribed",
		"mechanism=grandchild/way=exit":         "give term, kill, cpython-term",
		"mechanism=join/timeout=2":              `there is no key "timeout"`,
	} {
		if _, _, err := card.Parse(Chapter.Cards, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestPartsRefuseWhatTheyAreNotGiven(t *testing.T) {
	for _, args := range [][]string{
		{"orphan", "parent"},
		{"daemon", "parent", "plain"},
		{"grandchild", "parent", "plain"},
		{"interrupt", "shell"},
		{"number", "first"},
		{"exhaust", "child"},
		{"exhaust", "child", "me"},
		{"exits", "child"},
		{"exits", "child", "slowly"},
		{"states", "worker"},
	} {
		if err := card.RunPart(Chapter.Cards, args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want an error of one line", args, err)
		}
	}
}
