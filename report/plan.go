package report

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/report/stat"
	"parcon/results"
)

// A Follower says, round by round, what a run still has to measure: it follows the
// evidence. What it says depends on the trials so far and the time they took alone, so that
// a run that is resumed goes on as it would have.
type Follower struct {
	Budget time.Duration // of a sitting; 0: it may take as long as it likes

	table  *Table
	claims []asked
	cases  map[string]string // the A/A partner of each "Experiment/variant", "" for none
	odds   float64
	least  map[string]int // rounds that each variant has at least
	first  int            // rounds that what is to be decided first has at most, before all others
	// headline are the variants that the answer of a report is about.
	headline map[string]bool
	added    int // trials that the table holds
	judged   []Judged
	sitting  int // the last one, whose first trial began and whose last one ended
	began    float64
	ended    float64 // in seconds
}

// Follow begins with the claims of some chapters, at odds of so many to one, or those
// for all of them if odds is 0. Each variant has at least so many rounds, for its
// intervals, or a quarter of them if only facts are asked of it: one trial tells what
// happens, and a fact that happens every time has no interval. A hurry has what is to be
// decided first measured before all else.
func Follow(c Catalogue, chosen []card.Chapter, s card.Scale, odds float64, least int, hurry bool) *Follower {
	f := &Follower{table: NewTable(c), odds: odds, least: map[string]int{}, cases: map[string]string{}, headline: map[string]bool{}}
	early := false
	for _, e := range chosen {
		claims := e.Claims(s)
		for _, claim := range claims {
			f.claims = append(f.claims, ask(e.Name, claim)...)
			early = early || claim.First
		}
		fact := onlyFacts(claims)
		for _, k := range e.Cases(s) {
			name := card.Title(e.Name) + "/" + k.Variant.String()
			f.cases[name], f.headline[name], f.least[name] = "", headline(k.Variant, s), least
			if fact(k.Variant.Without(card.AA)) {
				f.least[name] = (least + 1) / 4
			}
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

// onlyFacts says of which variants no number is estimated: claims ask only for facts of
// them, or, where they compare none, of all others of their card.
func onlyFacts(claims []card.Claim) func(variant.Variant) bool {
	facts, cards := map[string]bool{}, map[string]bool{}
	note := func(in map[string]bool, key string, fact bool) {
		was, seen := in[key]
		in[key] = fact && (was || !seen)
	}
	for _, claim := range claims {
		for _, k := range claim.AllComparisons() {
			for _, v := range []variant.Variant{k.Of, k.Over} {
				note(facts, v.String(), k.Measure.Observed())
				note(cards, v.Get(card.Key), k.Measure.Observed())
			}
		}
	}
	return func(v variant.Variant) bool {
		fact, compared := facts[v.String()]
		return fact || !compared && cards[v.Get(card.Key)]
	}
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
	f.keep(round, trials)
	if len(f.claims) == 0 {
		return nil
	}
	f.judged = judge(f.table, f.claims, f.odds)
	needed := map[string]bool{}
	early := round < f.first && slices.ContainsFunc(f.judged, func(j Judged) bool {
		return j.First && j.Unmeasured == "" && slices.ContainsFunc(j.Compared, j.needs)
	})
	var open []Judged
	for _, j := range f.judged {
		if j.Unmeasured == "" && (j.First || !early) && slices.ContainsFunc(j.Compared, j.needs) {
			open = append(open, j)
		}
	}
	left := 0.0
	if !early {
		open, left = f.afford(open)
	}
	for _, j := range open {
		for _, c := range j.Compared {
			if j.needs(c) {
				needed[card.Title(j.Experiment)+"/"+c.Of.String()] = true
				needed[card.Title(j.Experiment)+"/"+c.Over.String()] = true
			}
		}
	}
	scarce := f.scarce(early, left)
	rest := map[string]bool{}
	for name, base := range f.cases {
		if !needed[name] && !(base != "" && needed[base]) && !scarce[name] {
			rest[name] = true
		}
	}
	f.fill(round, rest)
	return rest
}

// scarce are the variants that have too few rounds for an interval, as far as the seconds left
// are enough for all of them: else only those that never ran, whose time is not known yet.
// Early they are what the answer is about.
func (f *Follower) scarce(early bool, left float64) map[string]bool {
	costs, missing, all := f.costs(), map[string]float64{}, map[string]bool{}
	for name, base := range f.cases {
		if n := f.least[name] - f.rounds(name); n > 0 {
			missing[cmp.Or(base, name)] = float64(n)
		}
	}
	enough := price(missing, nil, costs) <= left
	for name := range f.cases {
		if early && f.headline[name] || !early && f.rounds(name) < f.least[name] && (enough || f.rounds(name) == 0) {
			all[name] = true
			// Of what is drawn over serial code a round without that is worth nothing.
			all[serialOf(name)] = true
		}
	}
	return all
}

// serialOf is the name of the serial code that a task under a model is set against, "" of
// all else.
func serialOf(name string) string {
	experiment, rest, _ := strings.Cut(name, "/")
	v, err := variant.Parse(rest)
	if err != nil || v.Get("workload") == "" {
		return ""
	}
	return experiment + "/" + baseline(v.Without(card.AA)).String()
}

// leastRound is how long the trials of a round are to take. Rounds that follow each other
// at once lean on each other, and evidence takes them for independent: the median lag-1
// correlation of their signs was 0.03 and 0.05 in runs that ended in rounds of a second,
// where independent ones give -0.06. With rounds of 3 s, after eleven of 2.5 s, it was -0.05 to
// -0.08 in six runs of eight and 0.00 in two.
const leastRound = 2.0 // seconds

// fill wakes what rests, in an order that changes with each round, until a round is long
// enough: so the others have it between them, with the neighbours that they had before,
// and its own intervals gain. An A/A pair wakes together.
func (f *Follower) fill(round int, rest map[string]bool) {
	if len(rest) == len(f.cases) {
		return // it is the end
	}
	spent := 0.0
	pairs := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(f.cases)) { // a sum depends on the order
		if !rest[name] {
			spent += f.seconds(name)
			continue
		}
		pair := cmp.Or(f.cases[name], name)
		pairs[pair] = append(pairs[pair], name)
	}
	turn := func(pair string) uint64 {
		sum := fnv.New64a()
		fmt.Fprint(sum, round, pair)
		return sum.Sum64()
	}
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), func(a, b string) int { return cmp.Compare(turn(a), turn(b)) }) {
		cost := 0.0
		for _, name := range pairs[pair] {
			cost += f.seconds(name)
		}
		if cost == 0 || spent+cost > leastRound {
			continue
		}
		spent += cost
		for _, name := range pairs[pair] {
			delete(rest, name)
		}
	}
}

// seconds is what a trial of a variant takes; 0 if none was measured.
func (f *Follower) seconds(name string) float64 {
	s := f.table.series[name]
	if s == nil {
		return 0
	}
	lives, sum := s.values[f.table.unit("life-ns")], 0.0
	for _, life := range lives {
		sum += life
	}
	return sum / 1e9 / float64(max(1, len(lives)))
}

// keep adds the trials of the rounds before one, but for those of an experiment's round
// that was measured in two sittings: no report believes them.
func (f *Follower) keep(round int, trials []results.Result) {
	type part struct {
		experiment string
		round      int
	}
	first := f.added
	sitting, cut := map[part]int{}, map[part]bool{}
	for ; f.added < len(trials) && trials[f.added].Round < round; f.added++ {
		r := trials[f.added]
		p := part{r.Experiment, r.Round}
		was, seen := sitting[p]
		cut[p] = cut[p] || seen && was != r.Sitting
		sitting[p] = r.Sitting
	}
	for _, r := range trials[first:f.added] {
		f.clock(r)
		if !cut[part{r.Experiment, r.Round}] {
			f.table.Keep(r)
		}
	}
}

// clock notes when a trial began and ended.
func (f *Follower) clock(r results.Result) {
	start := r.Values["start-unix-s"]
	if f.ended == 0 || r.Sitting != f.sitting {
		f.sitting, f.began = r.Sitting, start
	}
	f.ended = max(f.ended, start+r.Values["life-ns"]/1e9) // a failed one has neither
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

// Decided are the claims that count and have a verdict so far, of those that are measured.
func (f *Follower) Decided() (decided []Judged, measured int) {
	for _, j := range f.judged {
		if j.Unmeasured != "" || j.Beside {
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
			open = append(open, j.Name()+": "+j.Reason)
		}
	}
	return open
}

// Soon says which claims some more time would decide, if rounds fall as so far; "" if
// none. A round holds all variants that open claims need, and is filled if that is little.
func (f *Follower) Soon(more time.Duration) string {
	rounds, needed := map[string]float64{}, map[string]bool{}
	for _, j := range f.judged {
		if j.Unmeasured != "" || j.Verdict != Undecided {
			continue
		}
		most := math.Inf(1) // of what nothing is needed any more nothing will be told
		if of := j.rounds(j.further); len(of) > 0 {
			most = slices.Max(slices.Collect(maps.Values(of)))
			for name := range of {
				if !math.IsInf(most, 1) {
					needed[name] = true
				}
			}
		}
		rounds[j.Name()] = most
	}
	spent := 0.0
	for name := range needed {
		spent += f.seconds(name)
	}
	var ids []string
	for _, j := range f.judged {
		if n, open := rounds[j.Name()]; open && n*max(spent, leastRound) <= more.Seconds() {
			ids = append(ids, j.Name())
		}
	}
	return strings.Join(ids, ", ")
}

// awaits are the comparisons that the claim's likelier verdict waits for: all that are not yet
// found inside, or, that it is refuted, the one that speaks loudest against it.
func (j *Judged) awaits() []Compared {
	if j.refuted > j.holds {
		return []Compared{j.Deciding}
	}
	return slices.DeleteFunc(slices.Clone(j.Compared), func(c Compared) bool { return !j.needs(c) })
}

// rounds are how many of each variant that it needs decide the claim, if a comparison that it
// awaits takes so many.
func (j *Judged) rounds(of func(Compared) float64) map[string]float64 {
	all := map[string]float64{}
	for _, c := range j.Compared {
		if !j.needs(c) {
			continue
		}
		decides := c
		if j.refuted > j.holds {
			decides = j.Deciding
		}
		n := of(decides)
		for _, v := range []variant.Variant{c.Of, c.Over} {
			if v.String() != "" {
				name := card.Title(j.Experiment) + "/" + v.String()
				all[name] = max(all[name], n)
			}
		}
	}
	return all
}

// further is after how many rounds a comparison will be found to lie inside its bound, or
// outside if that is what the claim looks like; infinite if it hardly ever will.
func (j *Judged) further(c Compared) float64 {
	if o := c.Occurrence; o != nil {
		return math.Ceil(float64(o.needs(j.need)) * float64(o.trials) / float64(max(1, o.samples)))
	}
	right, missing := j.right(c), j.missing(c)
	if stat.Hopeless(c.rounds.N(), right, j.need) {
		return math.Inf(1)
	}
	return stat.Further(c.rounds.N(), right, missing)
}

// fewest is after how many rounds a comparison will be found so, if none of them falls otherwise.
func (j *Judged) fewest(c Compared) float64 {
	if c.Occurrence != nil {
		return j.further(c)
	}
	right := j.right(c)
	return float64(stat.Fewest(c.rounds.N(), right, stat.LogOdds(c.rounds.N(), right)+j.missing(c)))
}

// missing is the evidence that a comparison lacks: against a claim that of all together.
func (j *Judged) missing(c Compared) float64 {
	switch {
	case c.rounds.N() == 0: // nothing speaks for it yet, and nothing against it
		return j.need
	case j.refuted > j.holds:
		return j.need - j.refuted
	}
	return j.need - c.inside
}

// right is how many rounds of a comparison lie where the claim is likelier to go.
func (j *Judged) right(c Compared) int {
	if j.refuted > j.holds {
		return c.rounds.RightOutside(c.Low, c.High)
	}
	return c.rounds.RightInside(c.Low, c.High)
}

// Name is the claim's ID, and under what it is judged if that does not count.
func (j Judged) Name() string {
	if j.Beside {
		return j.ID + " under " + j.Under
	}
	return j.ID
}

// String tells a verdict in a line.
func (j Judged) String() string {
	return fmt.Sprintf("%s %s, at odds of %s: %s", j.ID, j.Verdict, toOne(j.Odds), j.Text)
}
