package report

import (
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/report/stat"
	"parcon/results"
)

// A Follower says, round by round, what a run still has to measure: it follows the
// evidence. What it says depends on the trials so far alone, so that a run that is
// resumed goes on as it would have.
type Follower struct {
	table  *Table
	claims []asked
	cases  map[string]string // the A/A partner of each "Experiment/variant", "" for none
	odds   float64
	least  int // rounds that everything has, for its intervals
	first  int // rounds of what is to be decided first, before all others
	// headline are the variants that the answer of a report is about.
	headline map[string]bool
	added    int // trials that the table holds
	judged   []Judged
}

// Follow begins with the claims of some chapters, at odds of so many to one, or those
// for all of them if odds is 0. Each variant has at least so many rounds. A hurry has what
// is to be decided first measured before all else.
func Follow(c Catalogue, chosen []card.Chapter, s card.Scale, odds float64, least int, hurry bool) *Follower {
	f := &Follower{table: NewTable(c), odds: odds, least: least, cases: map[string]string{}, headline: map[string]bool{}}
	early := false
	for _, e := range chosen {
		for _, claim := range e.Claims(s) {
			f.claims = append(f.claims, asked{e.Name, claim})
			early = early || claim.First
		}
		for _, k := range e.Cases(s) {
			name := card.Title(e.Name) + "/" + k.Variant.String()
			f.cases[name], f.headline[name] = "", headline(k.Variant, s)
		}
	}
	for name := range f.cases {
		if base := withoutPair(name); base != name {
			f.cases[name] = base
		}
	}
	if f.odds == 0 {
		f.odds = f.table.odds(f.claims)
	}
	if hurry && early && len(f.claims) > 1 {
		f.first = stat.Least(f.odds)
	}
	f.judged = judge(f.table, f.claims, f.odds)
	return f
}

// withoutPair is the name of the variant that a second one is the same as.
func withoutPair(name string) string {
	experiment, rest, _ := strings.Cut(name, "/")
	v, err := variant.Parse(rest)
	if err != nil {
		return name
	}
	return experiment + "/" + v.Without(card.AA).String()
}

// headline says whether the answer of a report is about a variant.
func headline(v variant.Variant, s card.Scale) bool {
	workers, err := v.Int("workers", 0)
	if err != nil {
		return false
	}
	switch taskOf(v) {
	case "primes":
		return workers == s.Cores || v.Get("model") == "serial"
	case "sleep":
		return workers == s.Many() || v.Get("model") == "serial"
	}
	return false
}

// rounds is how many a variant has, failed ones too.
func (f *Follower) rounds(name string) int {
	n := 0
	if s := f.table.series[name]; s != nil {
		n = len(s.rounds)
	}
	experiment, v, _ := strings.Cut(name, "/")
	for _, failed := range f.table.Failed {
		if failed.Experiment == experiment && failed.Variant == v {
			n++
		}
	}
	return n
}

// Odds are those that are asked of each claim, to one.
func (f *Follower) Odds() float64 { return f.odds }

// Rest names what needs no trial in a round, as "Experiment/variant", after the trials
// of the rounds before it. Trials must be in the order of their rounds.
func (f *Follower) Rest(round int, trials []results.Result) map[string]bool {
	for ; f.added < len(trials) && trials[f.added].Round < round; f.added++ {
		f.table.Keep(trials[f.added])
	}
	if len(f.claims) == 0 {
		return nil
	}
	f.judged = judge(f.table, f.claims, f.odds)
	needed := map[string]bool{}
	for _, j := range f.judged {
		early := round < f.first
		if j.Unmeasured != "" || early && !j.First {
			continue
		}
		for _, c := range j.Compared {
			if early || j.needs(c) {
				needed[card.Title(j.Experiment)+"/"+c.Of.String()] = true
				needed[card.Title(j.Experiment)+"/"+c.Over.String()] = true
			}
		}
	}
	rest := map[string]bool{}
	for name, base := range f.cases {
		scarce := f.rounds(name) < f.least // too few for its interval
		if round < f.first {
			scarce = f.headline[name]
		}
		if !needed[name] && !(base != "" && needed[base]) && !scarce {
			rest[name] = true
		}
	}
	return rest
}

// needs says that a further round of a comparison may help to decide the claim. Where one
// will hardly ever be found inside its bound, only those matter that may refute it.
func (j *Judged) needs(c Compared) bool {
	if j.Verdict == Holds || j.Verdict == Refuted || c.inside >= j.need {
		return false
	}
	hopeless := slices.ContainsFunc(j.Compared, func(c Compared) bool { return c.hopeless(j.need) })
	if c.Occurrence != nil { // what failed may have been the exception, and no trial can tell
		return !hopeless && (c.lost == 0 || !c.Occurrence.Every)
	}
	return !hopeless || !stat.Hopeless(c.rounds.N(), c.rounds.RightOutside(c.Low, c.High), j.need)
}

// hopeless says that a comparison will hardly ever be found to lie inside its bound.
func (c Compared) hopeless(need float64) bool {
	return c.Occurrence == nil && stat.Hopeless(c.rounds.N(), c.rounds.RightInside(c.Low, c.High), need)
}

// Decided are the claims that have a verdict so far, of those that are measured.
func (f *Follower) Decided() (decided []Judged, measured int) {
	for _, j := range f.judged {
		if j.Unmeasured != "" {
			continue
		}
		measured++
		if j.Verdict == Holds || j.Verdict == Refuted {
			decided = append(decided, j)
		}
	}
	return decided, measured
}

// Open are the claims that have no verdict, in words, with what would decide them.
func (f *Follower) Open() []string {
	var open []string
	for _, j := range f.judged {
		if j.Unmeasured == "" && j.Verdict == Undecided {
			open = append(open, j.ID+": "+j.Reason)
		}
	}
	return open
}

// String tells a verdict in a line.
func (j Judged) String() string {
	return fmt.Sprintf("%s %s, at odds of %s: %s", j.ID, j.Verdict, toOne(j.Odds), j.Text)
}
