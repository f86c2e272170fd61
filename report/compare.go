package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/report/stat"
	"parcon/results"
)

// A Question is what is asked of two sides.
type Question struct {
	Margin       float64  // a share: changes within it are equal
	Threshold    float64  // a share: what is surely worse by more is Worse
	Paired       bool     // the i-th samples of a benchmark belong together
	OtherMachine bool     // the machines may differ
	OtherWork    bool     // the sizes of tasks may differ
	Ignored      []string // keys of the configuration that tell nothing apart
}

// Changes is what two sides say of what changed between them.
type Changes struct {
	Old, New         string // the files
	Unit             string
	Better           Better
	Question         Question
	Rows             []Change
	OnlyOld, OnlyNew []string // benchmarks of one side
	Notes            []string // what a reader must know beside the rows
	Broken           []string // what the files say of what failed when they were measured
}

// A Change is what changed of one benchmark. Its ratio is new/old: +Inf over zero, 1
// where both are zero.
type Change struct {
	Name       string
	Old, New   float64 // medians in the unit, of the samples that the ratio is of
	NOld, NNew int     // these samples
	Contrast
	Shape   stat.Shape
	PShape  float64 // of no change in shape, corrected by Holm; NaN if not measured
	Verdict string
	Worse   bool // surely by more than the threshold

	exact bool // counts that are the same each time
}

// ChangedShape is the difference of two sides whose middle stayed while other samples
// did not.
const ChangedShape Difference = "changed in shape"

// Compare tells of every benchmark that both sides have whether it changed. Not
// paired, its evidence is stat.Shifts: it cannot know what else changed between
// the two runs. Paired, it is stat.ZeroRatios. All rows are corrected together, see
// Contrasts, and so are the tests of their shapes, see stat.Shape: the chance that any
// row is called changed in shape wrongly is at most 5 %. It refuses sides of different
// machines, and of tasks of different sizes, unless told otherwise.
func Compare(old, new *Side, q Question) (Changes, error) {
	c := Changes{Old: old.Name, New: new.Name, Unit: old.unit, Question: q, Better: betterOf(old, new)}
	if err := c.agree(old, new); err != nil {
		return c, err
	}
	a, b, notes := listings(old, new, q.Ignored)
	c.Notes = append(c.Notes, notes...)
	names := naming(a, b)
	var both []benchmark
	for _, name := range a.names {
		if _, ok := b.of[name]; ok {
			both = append(both, name)
		} else {
			c.OnlyOld = append(c.OnlyOld, names(name))
		}
	}
	for _, name := range b.names {
		if _, ok := a.of[name]; !ok {
			c.OnlyNew = append(c.OnlyNew, names(name))
		}
	}
	if len(both) == 0 {
		return c, unmatched(old, new, c.OnlyOld, c.OnlyNew, q.Ignored)
	}
	if keys := toIgnore(old, new, q.Ignored); keys != "" {
		c.say("some benchmarks have a partner only if %s is left out of account: --ignore %s", strings.ReplaceAll(keys, ",", " and "), keys)
	}
	c.compare(both, names, a, b, exactly(old, new))
	c.sayOfSides(old, new)
	c.sayOfRows()
	c.sayWhatCannotBeSeen()
	return c, nil
}

// compare makes the rows. exact says that samples are what they are, by the file.
func (c *Changes) compare(both []benchmark, names func(benchmark) string, old, new listing, exact bool) {
	evidence := make([]stat.Evidence, len(both))
	worse := make([]float64, len(both)) // p-values of a shape that got no worse
	p := make([]float64, len(both))
	var odd []string
	for i, b := range both {
		x, y := new.of[b].values, old.of[b].values
		if c.Question.Paired {
			var whole bool
			if x, y, whole = pairs(new.of[b], old.of[b]); !whole {
				odd = append(odd, names(b))
			}
		}
		row := Change{Name: names(b), Old: middle(y), New: middle(x), NOld: len(y), NNew: len(x)}
		evidence[i], row.exact = c.evidence(x, y, exact)
		row.Shape = c.shape(x, y, 1+c.Question.Margin)
		if row.exact {
			row.Shape = stat.Shape{}
		}
		p[i], worse[i] = row.Shape.P(), math.NaN()
		if !math.IsNaN(p[i]) {
			far := c.shape(x, y, 1+max(c.Question.Margin, c.Question.Threshold))
			worse[i] = min(1, 2*far.Higher)
			if c.Better.More {
				worse[i] = min(1, 2*far.Lower)
			}
		}
		c.Rows = append(c.Rows, row)
	}
	beyond := surelyWorse(evidence, c.Better.More, 1+c.Question.Threshold)
	p, worse = stat.Holm(p), stat.Holm(worse)
	for i, contrast := range Contrasts(evidence, 1+c.Question.Margin) {
		c.Rows[i].PShape = p[i]
		c.Rows[i].decide(contrast, c, beyond[i], worse[i] <= 1-stat.Level)
	}
	if len(odd) > 0 {
		c.say("some samples have no partner on the other side and are left out: %s", list(odd))
	}
}

// evidence is what two sides say of a ratio. Counts that are the same each time, as
// allocations may be, are what they are: of what is neither time nor rate two samples
// tell, or one if the file says that it is exact.
func (c *Changes) evidence(x, y []float64, exact bool) (e stat.Evidence, isExact bool) {
	least := 2
	if exact {
		least = 1
	}
	counted := exact || !IsTime(c.Unit) && !isRate(c.Unit)
	if counted && min(len(x), len(y)) >= least && constant(x) && constant(y) {
		return stat.Exact{New: x[0], Old: y[0], N: min(len(x), len(y))}, true
	}
	if c.Question.Paired {
		return stat.Once{Series: stat.ZeroRatios(x, y)}, false
	}
	return stat.Shifts(x, y), false
}

func (c *Changes) shape(x, y []float64, margin float64) stat.Shape {
	if c.Question.Paired {
		return stat.PairShapes(x, y, margin)
	}
	return stat.Shapes(x, y, margin)
}

func constant(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return v != values[0] })
}

func (c *Changes) say(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

func middle(values []float64) float64 { return stat.SeriesOf(values).Median() }

// surelyWorse tells which ratios are worse by more than a factor, corrected over
// all of them as the verdicts are.
func surelyWorse(ratios []stat.Evidence, moreIsBetter bool, factor float64) []bool {
	p := make([]float64, len(ratios))
	for i, r := range ratios {
		one := r.Above(factor)
		if moreIsBetter {
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

// decide gives a row its verdict in words. beyond says that its ratio is surely worse
// by more than the threshold, shape that samples beyond the threshold surely became
// more. Such a row is Worse too: what six of 20 users wait for twice as long is no gain
// for the others.
func (r *Change) decide(found Contrast, c *Changes, beyond, shape bool) {
	r.Contrast = found
	margin := 1 + c.Question.Margin
	inside := func(v float64) bool { return v >= 1/margin && v <= margin }
	switch {
	case r.Difference == Higher && !(r.Ratio.Low > 1), r.Difference == Lower && !(r.Ratio.High < 1):
		r.Difference = NotTold // a difference without an interval convinces nobody
	case r.Difference == Equal && !r.exact && !(inside(r.Ratio.Low) && inside(r.Ratio.High) && r.alike()):
		r.Difference = NotTold
	}
	if r.Difference == NotTold && inside(r.Ratio.Estimate) && r.PShape <= 1-stat.Level {
		r.Difference = ChangedShape
	}
	r.Verdict = string(r.Difference)
	less, more := words(c.Unit)
	switch r.Difference {
	case Lower:
		r.Verdict = less
	case Higher:
		r.Verdict = more
	}
	worse := Higher
	if c.Better.More {
		worse = Lower
	}
	r.Worse = r.Difference == worse && beyond || r.Difference == ChangedShape && shape
}

// A fifth of the samples apart is too much for two sides that are called equal, however
// few they are.
const mostApart = 0.2

// alike says whether nothing speaks against one shape of both sides.
func (r *Change) alike() bool {
	return r.Shape.Apart < mostApart-1e-9 && !(r.Shape.Chance <= 1-stat.Level) && !(r.PShape <= 1-stat.Level)
}

// sayOfSides notes what the files say beside their samples.
func (c *Changes) sayOfSides(old, new *Side) {
	if a, b := old.units.Get(old.unit, "better"), new.units.Get(new.unit, "better"); a != nil && b != nil && a.Value != b.Value {
		c.say("%s says that of %s %s is better, and %s that %s is: %s is taken as better", old.Name, c.Unit, a.Value, new.Name, b.Value, c.Better)
	}
	for _, s := range []*Side{old, new} {
		if s.Failed > 0 {
			c.say("%s has %s without a result, which are no samples", s.Name, number.Plural(s.Failed, "failed trial"))
		}
		if len(s.Broken) > 0 {
			c.Broken = append(c.Broken, results.FewFaults(s.Broken))
			c.say("what was measured failed, and what is missing because of that is not compared: %s", results.FewFaults(s.Broken))
		}
	}
}

// sayOfRows explains what a reader may take for a mistake: a ratio that is not that of
// the medians beside it, one over zero, and in what a shape changed.
func (c *Changes) sayOfRows() {
	var zero []string
	for _, r := range c.Rows {
		if (r.Old == 0) != (r.New == 0) && r.Ratio.N > 0 {
			zero = append(zero, r.Name)
		}
		if r.Difference == ChangedShape {
			c.say("%s: %s", r.Name, c.shapeWords(r.Shape, r))
		}
		medians := r.New / r.Old
		off := math.Abs(math.Log(medians) - math.Log(r.Ratio.Estimate))
		within := medians >= r.Ratio.Low && medians <= r.Ratio.High && (medians > 1) == (r.Ratio.Estimate > 1) && off < math.Log(striking)
		if off > math.Log1p(c.Question.Margin) && !math.IsInf(off, 0) && !within {
			c.say("%s: the medians differ by a factor of %.3f and the ratio is %.3f: it is not that of the medians, but the median of the ratios of %s; where samples fall into groups, as fast and slow ones, the two can be far apart",
				r.Name, medians, r.Ratio.Estimate, c.whichRatios())
		}
	}
	if len(zero) > 0 {
		c.say("zero on one side has no ratio, the verdict rests on the order of the samples: %s", list(zero))
	}
}

// striking is by what factor a ratio may differ from that of the medians beside it
// without a word.
const striking = 1.1

func (c *Changes) whichRatios() string {
	if c.Question.Paired {
		return "the pairs"
	}
	return "all samples of one side to all of the other"
}

// shapeWords say in what a shape changed.
func (c *Changes) shapeWords(s stat.Shape, r Change) string {
	by := Percent(1 + c.Question.Margin)
	if c.Question.Paired {
		return fmt.Sprintf("the middle stayed, but in %s new is higher by more than %s, in %d lower", number.Plural(s.NewAbove, "pair"), by, s.OldAbove)
	}
	return fmt.Sprintf("the middle stayed, but of the %d new samples %d lie more than %s above it and %d below, of the %d old ones %d and %d",
		r.NNew, s.NewAbove, by, s.NewBelow, r.NOld, s.OldAbove, s.OldBelow)
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
		samples := fmt.Sprintf("%d and %s", r.NOld, number.Plural(r.NNew, "sample"))
		switch {
		case c.Question.Paired:
			samples = number.Plural(r.Ratio.N, "pair")
		case r.NOld == r.NNew:
			samples = number.Plural(r.NNew, "sample") + " a side"
		}
		blind[samples] = append(blind[samples], r.Name)
	}
	tail := (1 - stat.Level) / 2 / float64(measured)
	needs := number.Plural(stat.ShiftNeeds(tail), "sample") + " a side"
	if c.Question.Paired {
		needs = number.Plural(int(math.Ceil(-math.Log2(tail))), "pair")
	}
	for _, samples := range sorted(blind) {
		c.say("visible: none, %s cannot show anything among %s, %s could: %s", samples, number.Plural(measured, "row"), needs, list(blind[samples]))
	}
}
