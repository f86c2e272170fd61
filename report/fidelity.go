package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
	"parcon/results"
)

// emulations are the models that stand for CPython's threads.
var emulations = []string{"gil-lock", "gil"}

// fidelity is how far the speed-up of emulations is that of the real thing, for one task and
// number of threads.
type fidelity struct {
	python  card.Python
	task    string
	threads int
	real    stat.Interval   // CPython's threads over its serial code
	over    []stat.Interval // each emulation's speed-up over that
}

// realGILs are the CPythons of a file that have one.
func (t *Table) realGILs() []card.Python {
	return card.WithGIL(card.Pythons(t.Get(results.KeyPython)))
}

// fidelities are those to one CPython, of all tasks that both languages ran.
func (t *Table) fidelities(python card.Python) []fidelity {
	var all []fidelity
	for _, experiment := range []string{"compute", "waiting", "mixing"} {
		for _, v := range t.pythonThreads(experiment, python) {
			all = append(all, t.fidelity(experiment, python, v))
		}
	}
	return all
}

// pythonThreads are the variants of a CPython's threads, by task and number.
func (t *Table) pythonThreads(experiment string, python card.Python) []variant.Variant {
	var all []variant.Variant
	for _, name := range t.names {
		rest, ok := strings.CutPrefix(name, card.Title(experiment)+"/")
		v, err := variant.Parse(rest)
		if ok && err == nil && v.Get("python") == string(python) && v.Get("model") == cpythonThread && v.Get(card.AA) == "" {
			all = append(all, v)
		}
	}
	threads := func(v variant.Variant) int {
		n, _ := v.Int("workers", 1)
		return n
	}
	slices.SortFunc(all, func(a, b variant.Variant) int {
		if by := strings.Compare(taskOf(a), taskOf(b)); by != 0 {
			return by
		}
		return threads(a) - threads(b)
	})
	return all
}

// fidelity is that of one variant of CPython's threads. The two times of a speed-up are of the
// same round, and so are both speed-ups where there are enough rounds that have all four;
// else, as each variant rests when nobody needs it any more, the first of one is set against
// the first of the other, and so on.
func (t *Table) fidelity(experiment string, python card.Python, v variant.Variant) fidelity {
	threads, _ := v.Int("workers", 1)
	plain := v.Without("python")
	f := fidelity{python: python, task: taskOf(plain), threads: threads, real: t.ratio(experiment, baseline(v), v, "ns/op")}
	serial, mine := t.rounded(experiment, baseline(v), "ns/op"), t.rounded(experiment, v, "ns/op")
	goSerial := t.rounded(experiment, baseline(plain), "ns/op")
	for _, emulation := range emulations {
		emulated := t.rounded(experiment, plain.With("model", emulation), "ns/op")
		a, b := gains(goSerial, emulated), gains(serial, mine)
		over := stat.RatioSeries(ofTheSameRounds(a, b)).Running()
		if !over.Known() {
			over = stat.RatioSeries(inTheirOrder(a, b)).Running()
		}
		f.over = append(f.over, over)
	}
	return f
}

// gains are speed-ups by round, of the rounds in which both were measured.
func gains(serial, mine map[int]float64) map[int]float64 {
	all := map[int]float64{}
	for round, took := range mine {
		if gain := serial[round] / took; gain > 0 && !math.IsInf(gain, 0) {
			all[round] = gain
		}
	}
	return all
}

// ofTheSameRounds are the values of two in the rounds that have both.
func ofTheSameRounds(a, b map[int]float64) (x, y []float64) {
	for _, round := range slices.Sorted(maps.Keys(a)) {
		if of, both := b[round]; both {
			x, y = append(x, a[round]), append(y, of)
		}
	}
	return x, y
}

// inTheirOrder are as many values of each, the first round of one beside the first of the other.
func inTheirOrder(a, b map[int]float64) (x, y []float64) {
	first, second := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i := range min(len(first), len(second)) {
		x, y = append(x, a[first[i]]), append(y, b[second[i]])
	}
	return x, y
}

// furthest is the fidelity that is furthest from 1 of an emulation, and how far that is, as
// the logarithm of a ratio.
func furthest(all []fidelity, emulation int) (worst fidelity, by float64) {
	for _, f := range all {
		if far := math.Abs(math.Log(f.over[emulation].Estimate)); far > by {
			worst, by = f, far
		}
	}
	return worst, by
}

func (f fidelity) name() string {
	return fmt.Sprintf("%s, %s", f.task, number.Plural(f.threads, "thread"))
}

// fidelityTitle says how faithful the emulations are where they are least so.
func fidelityTitle(all []fidelity) string {
	var said []string
	for i, emulation := range emulations {
		if worst, by := furthest(all, i); by > 0 {
			said = append(said, fmt.Sprintf("%s %s (%s)", emulation, number.Times(worst.over[i].Estimate), worst.name()))
		}
	}
	if len(said) == 0 {
		return fmt.Sprintf("No emulated GIL was measured beside %s", all[0].python)
	}
	return fmt.Sprintf("What threads gain under an emulated GIL is at its worst, over %s: %s", all[0].python, strings.Join(said, ", "))
}

// fidelityFigures are a chart for each CPython.
func (v view) fidelityFigures() []figure {
	var all []figure
	for _, python := range v.table.realGILs() {
		if of := v.table.fidelities(python); len(of) > 0 {
			all = append(all, fidelityFigure(python, of, v.perCores()))
		}
	}
	return all
}

func fidelityFigure(python card.Python, of []fidelity, cores string) figure {
	var rows []string
	var panels []chart.Panel
	for _, emulation := range emulations {
		panels = append(panels, chart.Panel{Title: emulation + " over " + python.String(), Log: true, Shared: true, Format: number.Times})
	}
	for _, f := range of {
		rows = append(rows, fmt.Sprintf("%s x %d", f.task, f.threads))
		for i := range emulations {
			panels[i].Values = append(panels[i].Values, drawn(f.over[i]))
		}
	}
	title := fidelityTitle(of)
	return figure{"fidelity-" + string(python), title, chart.Dots(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("What threads gain over serial code under an emulation, over what they gain under %s, on %s; x 2: two threads. 1x is faithful", python, cores),
		Whiskers: fmt.Sprintf("Whiskers: %ss over rounds, all four times of one round.", interval),
	}, rows, panels)}
}

// faithful tells how far the emulations are from the real GIL.
func (p page) faithful(w *strings.Builder) {
	var all []fidelity
	for _, python := range p.table.realGILs() {
		all = append(all, p.table.fidelities(python)...)
	}
	if len(all) == 0 {
		return
	}
	w.WriteString("### How faithful the emulations are\n\nThe gain of threads over serial code, in Go under an emulation and in Python under the real GIL, with tasks that are as long in both.\n\n")
	for _, f := range p.figures {
		if strings.HasPrefix(f.name, "fidelity-") {
			p.picture(w, f.name)
		}
	}
	var rows [][]string
	for _, f := range all {
		row := []string{f.python.String(), f.task, fmt.Sprint(f.threads), f.real.In(number.Times)}
		for _, over := range f.over {
			row = append(row, over.In(number.Times))
		}
		rows = append(rows, row)
	}
	head := []string{"of", "task", "threads", fmt.Sprintf("its threads over its serial code (%s)", interval)}
	for _, emulation := range emulations {
		head = append(head, emulation+"'s gain over that")
	}
	table(w, head, rows)
}
