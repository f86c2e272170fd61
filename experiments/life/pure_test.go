package life

import (
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"

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

func TestStretches(t *testing.T) {
	const ms = int64(time.Millisecond)
	// inQueue is a gap that somebody else had the core in, stolen one that nobody had.
	inQueue := func(from, to int64) gap { return gap{from * ms, to * ms, time.Duration((to - from) * ms)} }
	stolen := func(from, to int64) gap { return gap{from * ms, to * ms, 0} }
	for name, c := range map[string]struct {
		gaps []gap
		want []time.Duration // in ms
	}{
		"no gap":                      {nil, nil},
		"one":                         {[]gap{inQueue(4, 8)}, nil},
		"turn and turn about":         {[]gap{inQueue(0, 4), inQueue(8, 12), inQueue(15, 19)}, []time.Duration{4, 3}},
		"stolen time is no turn":      {[]gap{inQueue(0, 4), stolen(5, 7), inQueue(10, 14)}, []time.Duration{4}},
		"stolen twice":                {[]gap{inQueue(0, 4), stolen(5, 7), stolen(8, 9), inQueue(10, 14), inQueue(20, 21)}, []time.Duration{3, 6}},
		"stolen before and behind":    {[]gap{stolen(0, 2), inQueue(4, 8), inQueue(9, 12), stolen(14, 20)}, []time.Duration{1}},
		"only stolen":                 {[]gap{stolen(0, 2), stolen(4, 8)}, nil},
		"stolen for the smaller part": {[]gap{{0, 4 * ms, time.Duration(3 * ms)}, {6 * ms, 10 * ms, time.Duration(2 * ms)}}, []time.Duration{2}},
	} {
		got := stretchesOf(c.gaps)
		for i := range got {
			got[i] /= time.Millisecond
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Whatever a process saw: its stretches and gaps fill the time from the end of its
// first turn's gap to the beginning of the last.
func TestStretchesAndGapsFillTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var gaps []gap
		now := int64(0)
		for range rapid.IntRange(0, 30).Draw(t, "gaps") {
			from := now + rapid.Int64Range(0, 1e7).Draw(t, "on the core")
			now = from + rapid.Int64Range(5e5, 1e8).Draw(t, "off the core")
			gaps = append(gaps, gap{from, now, time.Duration(rapid.Int64Range(0, now-from).Draw(t, "in the queue"))})
		}
		list := stretchesOf(gaps)
		var filled int64
		for _, s := range list {
			if s < 0 {
				t.Fatalf("%v have the stretch %v", gaps, s)
			}
			filled += int64(s)
		}
		ends := slices.DeleteFunc(slices.Clone(gaps), func(g gap) bool { return 2*int64(g.waited) < g.to-g.from })
		if len(ends) < 2 {
			if len(list) > 0 {
				t.Fatalf("%v have the stretches %v", gaps, list)
			}
			return
		}
		first, last := ends[0], ends[len(ends)-1]
		for _, g := range gaps {
			if g.from > first.from && g.to < last.to {
				filled += g.to - g.from
			}
		}
		if len(list) != len(ends)-1 || filled != last.from-first.to {
			t.Fatalf("%v have the stretches %v, which fill %d of %d", gaps, list, filled, last.from-first.to)
		}
	})
}

func TestParseStretches(t *testing.T) {
	if got, err := parseStretches("stretches 4000000 17"); err != nil || !slices.Equal(got, []time.Duration{4e6, 17}) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := parseStretches("stretches"); err != nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
	for _, line := range []string{"", "turns 1", "stretches one", "stretches -4", "stretches 1.5"} {
		if got, err := parseStretches(line); err == nil {
			t.Errorf("%q was read as %v", line, got)
		}
	}
}

// variants are all there are.
var variants = func() []string {
	var all []string
	for _, c := range Chapter.Cards {
		for _, v := range cardtest.Variants(c, nil) {
			all = append(all, v.String())
		}
	}
	return all
}()

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
		"mechanism=turns":                       "its key others is missing",
		"mechanism=turns/others=2":              "give 1, 3, 7",
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
		{"reuse", "first"},
		{"exhaust", "child"},
		{"exhaust", "child", "me"},
		{"exits", "child"},
		{"exits", "child", "slowly"},
		{"states", "worker"},
		{"turns", "worker"},
		{"turns", "worker", "one"},
		{"turns", "worker", "-1"},
		{"turns", "worker", "1", "2"},
	} {
		if err := card.RunPart(Chapter.Cards, args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: %v, want an error of one line", args, err)
		}
	}
}
