package report

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
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

// A Detection is how often one way of comparing found what in one setting. The usual
// way calls two sides different when its test's p-value is at most 0.05. Parcon's looks
// after every round and does so as soon as the running 95 % interval of their ratio
// leaves 1 out, which is when the evidence reaches 40 to 1 at one of its ends, 20 to 1
// for both; then it stops. Nothing else counts: no margin within which a difference is
// none.
type Detection struct {
	Machine string  `json:"machine"`
	Effect  int     `json:"effect_percent"` // 0: both sides are the same
	Way     string  `json:"way"`
	Samples int     `json:"samples"` // of a side: the fewest of the usual way, the most of parcon's
	Tried   int     `json:"tried"`
	Called  int     `json:"called_different"` // where there is an effect, in its direction
	Missed  int     `json:"missed"`           // intervals that do not cover the truth, of parcon's way
	Rounds  float64 `json:"rounds"`           // that one comparison took, the mean
	Seconds float64 `json:"seconds"`          // that one comparison took, the mean
}

// Rate is how often the sides were called different.
func (h Detection) Rate() stat.Interval { return stat.Rate(h.Called, h.Tried) }

// Misses is how often parcon's interval did not cover the truth.
func (h Detection) Misses() stat.Interval { return stat.Rate(h.Missed, h.Tried) }

// Told says that whoever looked after each of these rounds called the sides different:
// that the running 95 % interval of b/a leaves out 1. NaN and what is not positive stand
// for a trial that failed.
func Told(a, b []float64) bool {
	i := stat.RatioSeries(b, a).Running()
	return i.Low > 1 || i.High < 1
}

// stop is after how many rounds one is told: after the last if that never comes.
func stop(a, b []float64) int {
	return sort.Search(len(a), func(n int) bool { return Told(a[:n], b[:n]) })
}

// detectionsOf judges every comparison of a self-check.
func detectionsOf(t *Table) []Detection {
	type setting struct{ machine, effect, way string }
	found := map[setting]*Detection{}
	var all []*Detection
	for _, name := range t.names {
		v, ok := strings.CutPrefix(name, card.Title(SelfcheckExperiment)+"/")
		if !ok {
			continue
		}
		at, err := variant.Parse(v)
		effect, wrong := at.Int(KeyEffect, 0)
		if err != nil || wrong != nil || at.Get(KeySide) != "a" {
			continue
		}
		s := setting{at.Get(KeyMachine), at.Get(KeyEffect), at.Get(KeyWay)}
		if found[s] == nil {
			found[s] = &Detection{Machine: s.machine, Effect: effect, Way: s.way}
			all = append(all, found[s])
		}
		found[s].add(t, at, at.With(KeySide, "b"))
	}
	var judged []Detection
	for _, h := range all {
		if h.Tried > 0 {
			h.Rounds /= float64(h.Tried)
			h.Seconds /= float64(h.Tried)
			judged = append(judged, *h)
		}
	}
	slices.SortStableFunc(judged, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(a.Effect, b.Effect), -cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Way, b.Way))
	})
	return judged
}

// add judges one comparison of two sides, if both have samples.
func (h *Detection) add(t *Table, sideA, sideB variant.Variant) {
	_, a, b := t.shared(SelfcheckExperiment, sideA, "ns/op", sideB, "ns/op")
	if len(a) == 0 {
		return
	}
	h.Tried++
	rounds := len(a)
	if h.Way == WayUsual {
		if p, slower := Usually(a, b); p < UsualLevel && (h.Effect == 0 || slower) {
			h.Called++
		}
		if h.Tried == 1 || rounds < h.Samples {
			h.Samples = rounds
		}
	} else {
		h.Samples = max(h.Samples, rounds)
		rounds = stop(a, b)
		i := stat.RatioSeries(b[:rounds], a[:rounds]).Running()
		if i.Low > 1 || i.High < 1 && h.Effect == 0 {
			h.Called++
		}
		if truth := 1 + float64(h.Effect)/100; i.Low > truth || i.High < truth {
			h.Missed++
		}
	}
	h.Rounds += float64(rounds)
	_, a, b = t.shared(SelfcheckExperiment, sideA, "life-ns", sideB, "life-ns")
	for i := range min(rounds, len(a)) {
		if life := (a[i] + b[i]) / 1e9; life > 0 { // not that of a trial that failed
			h.Seconds += life
		}
	}
}

// Usually compares two samples as benchstat does, by Mann and Whitney's test, whose p-value
// it calls a difference below UsualLevel. slower says where the median of b lies.
func Usually(a, b []float64) (p float64, slower bool) {
	x, y := benchmath.NewSample(slices.Clone(a), &benchmath.DefaultThresholds), benchmath.NewSample(slices.Clone(b), &benchmath.DefaultThresholds)
	return benchmath.AssumeNothing.Compare(x, y).P, middle(b) > middle(a)
}

// UsualLevel is benchstat's.
const UsualLevel = 0.05

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
	head = []string{"compared", "way", "samples", "called different", "rate (95 % interval)", "interval misses the truth", "time each"}
	rate := func(i stat.Interval) string {
		return fmt.Sprintf("%s (%s to %s)", number.Percent(i.Estimate), number.Percent(i.Low), number.Percent(i.High))
	}
	for _, h := range all {
		samples, missed := fmt.Sprintf("%d + %d", h.Samples, h.Samples), "–"
		if h.Way == WayParcon {
			samples = fmt.Sprintf("%s of up to %s", number.Short(h.Rounds), number.Plural(h.Samples, "round"))
			missed = rate(h.Misses())
		}
		rows = append(rows, []string{
			h.subject(), wayNames[h.Way], samples, fmt.Sprintf("%d of %d", h.Called, h.Tried), rate(h.Rate()),
			missed, number.Span(1e9 * h.Seconds),
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
			parts = append(parts, fmt.Sprintf("%s parcon, looking after every round, calls the same code different in %s of comparisons, the usual way in %s", where, ours, usual))
		}
	}
	for _, h := range all {
		if usual, ok := rate(WayUsual, h.Effect, h.Machine); h.Effect != 0 && h.Way == WayParcon && ok {
			parts = append(parts, fmt.Sprintf("a slow-down of %d %% is found in %s of tries, after %s of measuring, the usual way finds it in %s", h.Effect, number.Percent(h.Rate().Estimate), number.Span(1e9*h.Seconds), usual))
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
		Subtitle: "How often two sides were called different, by parcon after any round: the same code should never be, more work always",
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
