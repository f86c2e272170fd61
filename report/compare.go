package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchunit"

	"parcon/report/stat"
)

// A Question is what is asked of two sides.
type Question struct {
	Margin       float64 // a share: changes within it are equal
	Threshold    float64 // a share: what is surely worse by more is Worse
	Paired       bool    // the i-th samples of a benchmark belong together
	OtherMachine bool    // the machines may differ
	OtherWork    bool    // the sizes of tasks may differ
}

// Changes is what two sides say of what changed between them.
type Changes struct {
	Old, New         string // the files
	Unit             string
	Question         Question
	Rows             []Change
	OnlyOld, OnlyNew []string // benchmarks of one side
	Notes            []string // what a reader must know beside the rows
}

// A Change is what changed of one benchmark. Its ratio is new/old.
type Change struct {
	Name       string
	Old, New   float64 // medians in the unit; NaN if no sample is a number
	NOld, NNew int     // samples above zero
	Contrast
	Verdict string
	Worse   bool // surely by more than the threshold
}

// Compare tells of every benchmark that both sides have whether it changed. Not
// paired, its evidence is stat.Shifts: it cannot know what else changed between
// the two runs. Paired, it is stat.Ratios. All rows are corrected together, see
// Contrasts. It refuses sides of different machines, and of tasks of different
// sizes, unless told otherwise.
func Compare(old, new *Side, q Question) (Changes, error) {
	c := Changes{Old: old.Name, New: new.Name, Unit: old.unit, Question: q}
	if err := c.agree(old, new); err != nil {
		return c, err
	}
	old, new = withoutPackage(old, new)
	names := naming(old, new)
	var both []benchmark
	for _, b := range old.names {
		if new.samples[b] != nil {
			both = append(both, b)
		} else {
			c.OnlyOld = append(c.OnlyOld, names(b))
		}
	}
	for _, b := range new.names {
		if old.samples[b] == nil {
			c.OnlyNew = append(c.OnlyNew, names(b))
		}
	}
	if len(both) == 0 {
		return c, fmt.Errorf("nothing to compare: no benchmark is in both %s (it has %s) and %s (it has %s)", old.Name, list(c.OnlyOld), new.Name, list(c.OnlyNew))
	}
	evidence := make([]stat.Evidence, len(both))
	var odd, leftOut []string
	for i, b := range both {
		x, y := new.samples[b], old.samples[b]
		row := Change{Name: names(b), Old: middle(y), New: middle(x), NOld: usable(y), NNew: usable(x)}
		if row.NOld < len(y) || row.NNew < len(x) {
			leftOut = append(leftOut, row.Name)
		}
		if !q.Paired {
			evidence[i] = stat.Shifts(x, y)
		} else {
			of, over, whole := pairs(new, old, b)
			if !whole {
				odd = append(odd, row.Name)
			}
			evidence[i] = stat.Ratios(of, over)
		}
		c.Rows = append(c.Rows, row)
	}
	beyond := surelyWorse(evidence, c.Unit, 1+q.Threshold)
	for i, contrast := range Contrasts(evidence, 1+q.Margin) {
		c.Rows[i].decide(contrast, c.Unit, beyond[i])
	}
	for _, s := range []*Side{old, new} {
		if s.Failed > 0 {
			c.say("%s has %s without a result, which are no samples", s.Name, plural(s.Failed, "failed trial"))
		}
	}
	if len(odd) > 0 {
		c.say("some samples have no partner on the other side and are left out: %s", list(odd))
	}
	if len(leftOut) > 0 {
		c.say("samples that are zero, negative or no number have no ratio and are left out: %s", list(leftOut))
	}
	c.sayWhatCannotBeSeen()
	return c, nil
}

func (c *Changes) say(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// agree notes in what the two sides differ, and refuses what must not.
func (c *Changes) agree(old, new *Side) error {
	for _, key := range machineKeys {
		if text := differ(old, new, key); text != "" {
			if !c.Question.OtherMachine {
				return fmt.Errorf("not measured on one machine: %s: measure both on the same, or compare them all the same with --other-machine", text)
			}
			c.say("not measured on one machine: %s", text)
		}
	}
	for _, key := range workKeys {
		if text := differ(old, new, key); text != "" {
			if !c.Question.OtherWork {
				return fmt.Errorf("not the same work: %s, so an op of one is not an op of the other: measure both with the same, or compare them all the same with --other-work", text)
			}
			c.say("not the same work: %s", text)
		}
	}
	for _, key := range noteKeys {
		if text := differ(old, new, key); text != "" {
			c.say("%s", text)
		}
	}
	return nil
}

// differ says how two sides differ in a key, "" if they do not or one of them
// does not have it.
func differ(old, new *Side, key string) string {
	a, b := old.config[key], new.config[key]
	if key == "sizes" {
		a, b = otherSizes(a, b)
	}
	if len(a) == 0 || len(b) == 0 || len(a) == 1 && slices.Equal(a, b) {
		return ""
	}
	return fmt.Sprintf("%s is %s in %s and %s in %s", key, quoted(a), old.Name, quoted(b), new.Name)
}

// otherSizes keeps the sizes ("primes:10705 hash:863") of the first workload that
// has several: a run has sizes only of what it measured.
func otherSizes(a, b []string) (x, y []string) {
	left, right := sizes(a), sizes(b)
	for _, workload := range sorted(left) {
		if p, q := left[workload], right[workload]; len(q) > 0 && (len(p) > 1 || !slices.Equal(p, q)) {
			return p, q
		}
	}
	return nil, nil
}

// sizes lists the different fields of each workload.
func sizes(values []string) map[string][]string {
	all := map[string][]string{}
	for _, v := range values {
		for _, field := range strings.Fields(v) {
			workload, _, _ := strings.Cut(field, ":")
			if !slices.Contains(all[workload], field) {
				all[workload] = append(all[workload], field)
			}
		}
	}
	return all
}

func quoted(values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf("%q", v))
	}
	return strings.Join(all, " and ")
}

// withoutPackage lets names alone count where one side has lost its "pkg" line, as
// after grep, and the other has one package: no two benchmarks become one.
func withoutPackage(old, new *Side) (*Side, *Side) {
	p, q := packages(old), packages(new)
	if len(p) != 1 || len(q) != 1 || !p[""] && !q[""] {
		return old, new
	}
	strip := func(s *Side) *Side {
		stripped := *s
		stripped.names, stripped.samples, stripped.rounds = nil, map[benchmark][]float64{}, map[benchmark][]int{}
		for _, b := range s.names {
			bare := benchmark{name: b.name}
			stripped.names = append(stripped.names, bare)
			stripped.samples[bare], stripped.rounds[bare] = s.samples[b], s.rounds[b]
		}
		return &stripped
	}
	return strip(old), strip(new)
}

func packages(sides ...*Side) map[string]bool {
	all := map[string]bool{}
	for _, s := range sides {
		for _, b := range s.names {
			all[b.pkg] = true
		}
	}
	return all
}

// naming returns how benchmarks are called: with their package where the sides
// have several.
func naming(sides ...*Side) func(benchmark) string {
	several := len(packages(sides...)) > 1
	return func(b benchmark) string {
		if !several || b.pkg == "" {
			return b.name
		}
		return b.pkg + "." + b.name
	}
}

// list names the first of many.
func list(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}

func sorted[V any](set map[string]V) []string {
	var all []string
	for v := range set {
		all = append(all, v)
	}
	slices.Sort(all)
	return all
}

func middle(values []float64) float64 { return stat.Values(values).Interval(stat.Level).Estimate }

// usable counts the samples that have a ratio.
func usable(values []float64) int {
	n := 0
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			n++
		}
	}
	return n
}

// surelyWorse tells which ratios are worse by more than a factor, corrected over
// all of them as the verdicts are.
func surelyWorse(ratios []stat.Evidence, unit string, factor float64) []bool {
	p := make([]float64, len(ratios))
	for i, r := range ratios {
		one := r.Above(factor)
		if moreIsBetter(unit) {
			one = r.Below(1 / factor)
		}
		if p[i] = min(1, 2*one); r.Interval(stat.Level).N == 0 {
			p[i] = math.NaN()
		}
	}
	worse := make([]bool, len(ratios))
	for i, corrected := range stat.Holm(p) {
		worse[i] = corrected <= 1-stat.Level
	}
	return worse
}

// decide gives a row its verdict in words. beyond says that it is surely worse
// by more than the threshold.
func (r *Change) decide(c Contrast, unit string, beyond bool) {
	r.Contrast = c
	if c.Difference != NoneToTell && !c.Ratio.Known() {
		r.Difference = NotTold // a difference without an interval convinces nobody
	}
	r.Verdict = string(r.Difference)
	less, more := words(unit)
	switch r.Difference {
	case Lower:
		r.Verdict = less
	case Higher:
		r.Verdict = more
	}
	worse := Higher
	if moreIsBetter(unit) {
		worse = Lower
	}
	r.Worse = r.Difference == worse && beyond
}

// Worsening is the factor by which a row got worse; below 1 it got better.
func (r Change) Worsening(unit string) stat.Interval {
	i := r.Ratio
	if moreIsBetter(unit) {
		return stat.Interval{Estimate: 1 / i.Estimate, Low: 1 / i.High, High: 1 / i.Low, N: i.N}
	}
	return i
}

func moreIsBetter(unit string) bool { return strings.HasSuffix(unit, "/s") }

// IsTime says whether a unit, as benchunit tidies it, counts seconds.
func IsTime(unit string) bool {
	_, tidy := benchunit.Tidy(1, unit)
	counted, _, _ := strings.Cut(tidy, "/")
	return slices.Contains(strings.Split(counted, "-"), "sec")
}

// words are what a lower and a higher value of a unit mean.
func words(unit string) (lower, higher string) {
	switch {
	case moreIsBetter(unit):
		return "slower", "faster"
	case IsTime(unit):
		return "faster", "slower"
	}
	return "less", "more"
}

// sayWhatCannotBeSeen notes of which rows the samples are too few to tell
// anything among so many.
func (c *Changes) sayWhatCannotBeSeen() {
	measured := 0
	blind := map[string][]string{}
	for _, r := range c.Rows {
		if r.Ratio.N == 0 {
			continue
		}
		measured++
		if !math.IsInf(r.Visible, 1) {
			continue
		}
		samples := fmt.Sprintf("%d and %s", r.NOld, plural(r.NNew, "sample"))
		switch {
		case c.Question.Paired:
			samples = plural(r.Ratio.N, "pair")
		case r.NOld == r.NNew:
			samples = plural(r.NNew, "sample") + " a side"
		}
		blind[samples] = append(blind[samples], r.Name)
	}
	tail := (1 - stat.Level) / 2 / float64(measured)
	needs := plural(stat.ShiftNeeds(tail), "sample") + " a side"
	if c.Question.Paired {
		needs = plural(int(math.Ceil(-math.Log2(tail))), "pair")
	}
	for _, samples := range sorted(blind) {
		c.say("visible: none, %s cannot show anything among %s, %s could: %s", samples, plural(measured, "row"), needs, list(blind[samples]))
	}
}

// Worse lists the rows that surely got worse by more than the threshold, the
// worst first.
func (c Changes) Worse() []Change {
	var worse []Change
	for _, r := range c.Rows {
		if r.Worse {
			worse = append(worse, r)
		}
	}
	slices.SortStableFunc(worse, func(a, b Change) int {
		switch x, y := a.Worsening(c.Unit).Estimate, b.Worsening(c.Unit).Estimate; {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return worse
}

// Summary is the outcome in one line: "3 benchmarks: 1 slower, 2 equal within
// 1 %".
func (c Changes) Summary() string {
	better, worse := words(c.Unit)
	if moreIsBetter(c.Unit) {
		better, worse = worse, better
	}
	counts := map[string]int{}
	for _, r := range c.Rows {
		counts[r.Verdict]++
	}
	var parts []string
	for _, verdict := range []string{worse, better, string(Equal), string(NotTold), string(NoneToTell)} {
		n := counts[verdict]
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, verdict)
		if verdict == string(Equal) {
			part += fmt.Sprintf(" within %s", Percent(1+c.Question.Margin))
		}
		parts = append(parts, part)
	}
	text := fmt.Sprintf("%s: %s", plural(len(c.Rows), "benchmark"), strings.Join(parts, ", "))
	switch beyond := c.Worse(); {
	case len(beyond) > 0:
		i := beyond[0].Worsening(c.Unit)
		text += fmt.Sprintf("; %s is the worst: %s by %s (%s to %s)", beyond[0].Name, worse, Percent(i.Estimate), Percent(i.Low), Percent(i.High))
	case counts[worse] > 0:
		text += fmt.Sprintf(", none of them surely by more than %s", Percent(1+c.Question.Threshold))
	}
	return text
}

// Percent writes by how much a factor differs from 1: "4.2 %".
func Percent(factor float64) string {
	switch p := math.Abs(100 * (factor - 1)); {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "none"
	case p >= 99.95:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.995 || p == 0:
		return strings.Replace(fmt.Sprintf("%.1f %%", p), ".0 ", " ", 1)
	default:
		return fmt.Sprintf("%.2f %%", p)
	}
}

// MarshalJSON writes the changes for programs. Numbers that do not exist are
// null, and what is a share (margin, threshold, visible) is no percentage.
func (c Changes) MarshalJSON() ([]byte, error) {
	type row struct {
		Name    string   `json:"name"`
		Old     *float64 `json:"old"`
		New     *float64 `json:"new"`
		Ratio   *float64 `json:"ratio"`
		Low     *float64 `json:"low"`
		High    *float64 `json:"high"`
		Verdict string   `json:"verdict"`
		P       *float64 `json:"p"`
		Visible *float64 `json:"visible"`
		NOld    int      `json:"n_old"`
		NNew    int      `json:"n_new"`
	}
	rows := make([]row, len(c.Rows))
	for i, r := range c.Rows {
		rows[i] = row{r.Name, finite(r.Old), finite(r.New), finite(r.Ratio.Estimate), finite(r.Ratio.Low), finite(r.Ratio.High), r.Verdict, finite(r.P), finite(r.Visible - 1), r.NOld, r.NNew}
		if !r.Ratio.Known() {
			rows[i].Low, rows[i].High = nil, nil
		}
	}
	text, err := json.Marshal(struct {
		Old       string   `json:"old"`
		New       string   `json:"new"`
		Unit      string   `json:"unit"`
		Margin    float64  `json:"margin"`
		Threshold float64  `json:"threshold"`
		Paired    bool     `json:"paired"`
		Rows      []row    `json:"rows"`
		OnlyOld   []string `json:"only_old"`
		OnlyNew   []string `json:"only_new"`
		Notes     []string `json:"notes"`
		Worse     bool     `json:"worse"`
	}{
		c.Old, c.New, c.Unit, c.Question.Margin, c.Question.Threshold, c.Question.Paired, rows,
		notNil(c.OnlyOld), notNil(c.OnlyNew), notNil(c.Notes), len(c.Worse()) > 0,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the changes: %w", err)
	}
	return text, nil
}

// notNil makes JSON's [] of no strings.
func notNil(all []string) []string { return append([]string{}, all...) }
