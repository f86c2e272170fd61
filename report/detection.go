package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

// The keys of a self-check's variants, and the values that they take.
const (
	KeyMachine    = "machine" // MachineQuiet, MachineDisturbed
	KeyEffect     = "effect"  // by how many percent side b does more work than side a
	KeyWay        = "way"     // WayParcon, WayUsual
	KeyComparison = "comparison"
	KeySide       = "side" // a, b

	MachineQuiet     = "quiet"
	MachineDisturbed = "disturbed"
	WayParcon        = "parcon"
	WayUsual         = "usual"
)

// SelfcheckExperiment is the name of the experiment that a self-check's trials
// belong to.
const SelfcheckExperiment = "selfcheck"

// A Detection is how often one way of comparing found what in one setting. Both
// ways call two sides different when their own test's p-value is at most 0.05,
// and nothing else counts: no margin within which a difference is none.
type Detection struct {
	Machine string
	Effect  int // percent; 0: both sides are the same
	Way     string
	Samples int // of a side, the fewest
	Tried   int
	Called  int     // different; where there is an effect, in its direction
	Missed  int     // intervals that do not cover the truth, of parcon's way
	Seconds float64 // that one comparison took, the mean
}

// Rate is how often the sides were called different.
func (h Detection) Rate() stat.Interval { return stat.Rate(h.Called, h.Tried) }

// Misses is how often parcon's interval did not cover the truth.
func (h Detection) Misses() stat.Interval { return stat.Rate(h.Missed, h.Tried) }

// Nominal is how often the way's test calls the same thing different if all that
// it assumes is true. Tests of few samples go in steps, so that is below 5 %.
func (h Detection) Nominal() float64 {
	if h.Way == WayUsual {
		return stat.ShiftSize(h.Samples, h.Samples, 1-stat.Level)
	}
	return stat.SignSize(h.Samples, 1-stat.Level)
}

// detectionsOf judges every comparison of a self-check.
func detectionsOf(t *Table) []Detection {
	type setting struct{ machine, effect, way string }
	sides := map[setting]map[string][2]*series{}
	var order []setting
	for _, name := range t.names {
		v, ok := strings.CutPrefix(name, card.Title(SelfcheckExperiment)+"/")
		if !ok {
			continue
		}
		at, err := variant.Parse(v)
		if err != nil {
			continue
		}
		s := setting{at.Get(KeyMachine), at.Get(KeyEffect), at.Get(KeyWay)}
		if sides[s] == nil {
			sides[s] = map[string][2]*series{}
			order = append(order, s)
		}
		pair := sides[s][at.Get(KeyComparison)]
		if at.Get(KeySide) == "b" {
			pair[1] = t.series[name]
		} else {
			pair[0] = t.series[name]
		}
		sides[s][at.Get(KeyComparison)] = pair
	}
	var all []Detection
	for _, s := range order {
		h := Detection{Machine: s.machine, Way: s.way}
		if _, err := fmt.Sscan(s.effect, &h.Effect); err != nil {
			continue
		}
		for _, pair := range sides[s] {
			if pair[0] != nil && pair[1] != nil {
				h.add(pair[0], pair[1])
			}
		}
		h.Seconds /= float64(max(1, h.Tried))
		all = append(all, h)
	}
	slices.SortStableFunc(all, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(a.Effect, b.Effect), -cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Way, b.Way))
	})
	return all
}

// add judges one comparison of two sides.
func (h *Detection) add(a, b *series) {
	h.Tried++
	for _, s := range []*series{a, b} {
		for i := range s.rounds {
			h.Seconds += s.at(s.unit("life-ns"), i) / 1e9
		}
	}
	if n := min(len(a.rounds), len(b.rounds)); h.Tried == 1 || n < h.Samples {
		h.Samples = n
	}
	wall := a.unit("ns/op")
	if h.Way == WayUsual {
		if slower, different := usually(a.values[wall], b.values[wall]); different && (h.Effect == 0 || slower) {
			h.Called++
		}
		return
	}
	ratio := stat.Ratios(pair(b, wall, a, wall))
	slower, faster := 2*ratio.Above(1) <= 1-stat.Level, 2*ratio.Below(1) <= 1-stat.Level
	if slower || faster && h.Effect == 0 {
		h.Called++
	}
	truth, i := 1+float64(h.Effect)/100, ratio.Interval(stat.Level)
	if i.Low > truth || i.High < truth {
		h.Missed++
	}
}

// usually compares two samples as benchstat does: Mann and Whitney's test at 0.05.
func usually(a, b []float64) (slower, different bool) {
	x, y := benchmath.NewSample(slices.Clone(a), &benchmath.DefaultThresholds), benchmath.NewSample(slices.Clone(b), &benchmath.DefaultThresholds)
	p := benchmath.AssumeNothing.Compare(x, y).P
	median := func(v []float64) float64 { return stat.Values(v).Interval(stat.Level).Estimate }
	return median(b) > median(a), p < 0.05
}

// tooOften is the chance below which so many missed intervals are no chance.
const tooOften = 0.001

// Deceives says that parcon's 95 % intervals miss the truth, in comparisons of
// the same code, more often than chance can explain.
func Deceives(t *Table) bool {
	return slices.ContainsFunc(detectionsOf(t), func(h Detection) bool {
		return h.Effect == 0 && h.Way == WayParcon && stat.AtLeast(h.Missed, h.Tried, 1-stat.Level) < tooOften
	})
}

// subject says what was compared, for a row.
func (h Detection) subject() string {
	what := "the same code"
	if h.Effect != 0 {
		what = fmt.Sprintf("%d %% more work", h.Effect)
	}
	if h.Machine == MachineDisturbed {
		return what + ", beside a drifting load"
	}
	return what + ", quiet machine"
}

var wayNames = map[string]string{
	WayParcon: "parcon",
	WayUsual:  "all of A, then all of B",
}

// DetectionRows is the table of a self-check, empty if the trials are not of one.
func DetectionRows(t *Table) (head []string, rows [][]string) { return detectionRows(detectionsOf(t)) }

func detectionRows(all []Detection) (head []string, rows [][]string) {
	head = []string{"compared", "way", "samples", "called different", "rate (95 % interval)", "rate of its test", "interval misses the truth", "time each"}
	rate := func(i stat.Interval) string {
		return fmt.Sprintf("%s (%s to %s)", number.Percent(i.Estimate), number.Percent(i.Low), number.Percent(i.High))
	}
	for _, h := range all {
		samples, missed := fmt.Sprintf("%d + %d", h.Samples, h.Samples), "–"
		if h.Way == WayParcon {
			samples, missed = number.Plural(h.Samples, "round"), rate(h.Misses())
		}
		nominal := "–"
		if h.Effect == 0 {
			nominal = number.Percent(h.Nominal())
		}
		rows = append(rows, []string{
			h.subject(), wayNames[h.Way], samples, fmt.Sprintf("%d of %d", h.Called, h.Tried), rate(h.Rate()),
			nominal, missed, number.Span(1e9 * h.Seconds),
		})
	}
	return head, rows
}

// detectionFinding is the answer of a self-check in one sentence.
func detectionFinding(all []Detection) string {
	rate := func(way string, effect int, machine string) (string, bool) {
		for _, h := range all {
			if h.Way == way && h.Effect == effect && h.Machine == machine {
				return number.Percent(h.Rate().Estimate), true
			}
		}
		return "", false
	}
	var parts []string
	for _, machine := range []string{MachineQuiet, MachineDisturbed} {
		ours, ok1 := rate(WayParcon, 0, machine)
		usual, ok2 := rate(WayUsual, 0, machine)
		if ok1 && ok2 {
			where := "on the quiet machine"
			if machine == MachineDisturbed {
				where = "beside a drifting load"
			}
			parts = append(parts, fmt.Sprintf("%s parcon calls the same code different in %s of comparisons, the usual way in %s", where, ours, usual))
		}
	}
	for _, h := range all {
		if usual, ok := rate(WayUsual, h.Effect, h.Machine); h.Effect != 0 && h.Way == WayParcon && ok {
			parts = append(parts, fmt.Sprintf("a slow-down of %d %% is found in %s of tries, the usual way finds it in %s", h.Effect, number.Percent(h.Rate().Estimate), usual))
		}
	}
	if len(parts) == 0 {
		return "The self-check has no whole comparison"
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// detectionFigure shows the rates: what should be short, then what should be long.
func detectionFigure(all []Detection) figure {
	var panels []chart.BarPanel
	for _, h := range all {
		title := h.subject()
		if n := len(panels); n == 0 || panels[n-1].Title != title {
			panels = append(panels, chart.BarPanel{Title: title})
		}
		p := &panels[len(panels)-1]
		p.Rows = append(p.Rows, wayNames[h.Way])
		p.Values = append(p.Values, chart.Interval{Estimate: h.Rate().Estimate, Low: h.Rate().Low, High: h.Rate().High})
		if h.Effect == 0 {
			p.Reference, p.ReferenceLabel = 1-stat.Level, "5 %"
		}
	}
	title := detectionTitle(all)
	return figure{"false-positives", title, chart.Bars(chart.Text{
		Title:    title,
		Subtitle: "How often two sides were called different: the same code should never be, more work always",
		Whiskers: "Whiskers: 95 % intervals (Clopper and Pearson).",
	}, panels, number.Percent)}
}

// detectionTitle is short enough to stand over the picture.
func detectionTitle(all []Detection) string {
	worst := map[string]float64{}
	for _, h := range all {
		if h.Effect == 0 {
			worst[h.Way] = max(worst[h.Way], h.Rate().Estimate)
		}
	}
	return fmt.Sprintf("False alarms: parcon up to %s, the usual way up to %s", number.Percent(worst[WayParcon]), number.Percent(worst[WayUsual]))
}
