package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/report/chart"
	"parcon/results"
)

// crowds tells of thousands of tasks: of those that wait, then of those that compute.
func (p page) crowds(w *strings.Builder) {
	if works := p.crowdWorks(true); len(works) > 0 {
		heading(w, "##", "Thousands of tasks that wait")
		w.WriteString("Each task sleeps for as long as its name says; all of them are meant to wait at once.\n\n")
		p.crowdTable(w, works, []column{
			{"most in flight", "max-in-flight", number.Whole},
			{"peak memory", "peak-rss-bytes", number.Mebibytes},
			{"CPU time per task", "cpu-ns/op", number.Span},
			{"threads", "threads", number.Whole},
		})
	}
	works := p.crowdWorks(false)
	if len(works) == 0 {
		return
	}
	heading(w, "##", "Thousands of tasks that compute")
	w.WriteString("So many tasks are in flight as workers have one at hand. All trials compute the same tasks, of the length that the name says.\n\n")
	for _, one := range []struct{ name, unit string }{{"crowd-throughput", "ns/op"}, {"crowd-longest", "max-ns"}} {
		p.picture(w, one.name)
		for _, task := range works {
			if text := p.crowdSentence(section.Samples{Whole: true}, task, one.unit); text != "" {
				fmt.Fprintf(w, "%s\n\n", inFull(text))
			}
		}
	}
	p.crowdTable(w, works, []column{
		{"CPU time per task", "cpu-ns/op", number.Span},
		{"p99 of a task", "p99-ns", number.Span},
		{"slowest task", "max-ns", number.Span},
		{"switches per task", "ctxsw/op", number.Short},
		{"peak memory", "peak-rss-bytes", number.Mebibytes},
	})
	w.WriteString("A task's time counts from its start to its end, not while it waits for its first turn: that is as long for everybody who comes to so many others.\n\n")
	for _, c := range p.table.catalogue.Chapters {
		for _, one := range c.Cards {
			if why := p.table.Get(results.KeyCannot + one.Name); one.Room > 0 && why != "" {
				fmt.Fprintf(w, "- Left out, however long the run: %s.\n", why)
			}
		}
	}
	w.WriteString("\n")
}

// column is one of a table of medians.
type column struct {
	head, unit string
	form       func(float64) string
}

func (p page) crowdTable(w *strings.Builder, works []string, columns []column) {
	head := []string{"task", "at once", "model", "tasks per second"}
	for _, c := range columns {
		head = append(head, c.head)
	}
	var rows [][]string
	for _, task := range works {
		for _, n := range p.crowd.counts(task) {
			for _, m := range p.crowd.models(task, n) {
				value := func(unit string, form func(float64) string) string {
					return form(p.crowd.center(task, m, n, unit).Estimate)
				}
				row := []string{task, fmt.Sprint(n), m, value("ns/op", func(ns float64) string { return number.Whole(1e9 / ns) })}
				for _, c := range columns {
					row = append(row, value(c.unit, c.form))
				}
				rows = append(rows, row)
			}
		}
	}
	table(w, head, rows)
}

// crowdWorks are the tasks of the crowds that wait, or of those that compute.
func (v view) crowdWorks(wait bool) []string {
	return slices.DeleteFunc(v.crowd.works(), func(task string) bool { return strings.HasPrefix(task, "sleep") != wait })
}

// crowdFigures are the curves of computing tasks over how many are in flight: what they
// do together, and how long the slowest of them takes.
func (v view) crowdFigures() []figure {
	var all []figure
	for _, task := range v.crowdWorks(false) {
		all = append(all,
			v.crowdFigure(task, "crowd-throughput", "Throughput", "ns/op", "thousand tasks a second", func(i chart.Interval) chart.Interval {
				return chart.Interval{Estimate: 1e6 / i.Estimate, Low: 1e6 / i.High, High: 1e6 / i.Low}
			}),
			v.crowdFigure(task, "crowd-longest", "The slowest task", "max-ns", "ms from start to end", func(i chart.Interval) chart.Interval {
				return chart.Interval{Estimate: i.Estimate / 1e6, Low: i.Low / 1e6, High: i.High / 1e6}
			}))
	}
	return all
}

func (v view) crowdFigure(task, name, what, unit, y string, form func(chart.Interval) chart.Interval) figure {
	var lines []chart.Series
	for _, m := range v.crowd.order() {
		counts := v.crowd.workers(task, m)
		s := chart.Series{Name: m}
		for _, n := range counts {
			s.X, s.Y = append(s.X, float64(n)), append(s.Y, form(drawn(v.crowd.center(task, m, n, unit))))
		}
		if len(counts) > 0 {
			lines = append(lines, s)
		}
	}
	title := cmp.Or(v.crowdSentence(section.Samples{}, task, unit), what+" by tasks in flight")
	return figure{name, title, chart.Curves(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("%s of %s by tasks in flight, on %s", what, task, v.perCores()),
		X:        "tasks in flight", Y: y, Whiskers: fmt.Sprintf("Whiskers: %ss of the medians.", interval), Note: section.Medians + " " + section.Paired,
	}, nil, lines)}
}

// crowdSentence compares the most with the fewest of each model.
func (v view) crowdSentence(s section.Samples, task, unit string) string {
	var clauses []string
	for _, m := range v.crowd.order() {
		if counts := v.crowd.workers(task, m); len(counts) > 1 {
			clauses = append(clauses, v.crowdClause(s, task, m, counts[0], counts[len(counts)-1], unit))
		}
	}
	return section.Sentence(section.Joined(", ", clauses...))
}

// crowdClause compares the most with the fewest.
func (v view) crowdClause(s section.Samples, task, model string, least, most int, unit string) string {
	of, over := cell(task, model, most), cell(task, model, least)
	r := v.table.ratio("crowd", of, over, unit)
	if unit == "ns/op" {
		r = v.table.ratio("crowd", over, of, unit)
	}
	if r.N == 0 || math.IsNaN(r.Estimate) {
		return ""
	}
	form := "%s x %s does %s the work of x %d"
	if unit != "ns/op" {
		form = "the slowest task of %s x %s takes %s as long as that of x %d"
	}
	return s.Fold(r, fmt.Sprintf(form, model, number.Grouped(float64(most)), "%s", least))
}

// crowdFinding compares the event loop with threads at the largest crowd that waits; where
// none does it says how much the largest ones do.
func (v view) crowdFinding() string {
	task, most := "", 0
	for _, waiting := range v.crowdWorks(true) {
		if n := slices.Max(append(v.crowd.counts(waiting), 0)); n > most {
			task, most = waiting, n
		}
	}
	if most == 0 {
		return v.crowdFigures()[0].title
	}
	ratio := v.table.ratio("crowd", cell(task, "thread", most), cell(task, "loop", most), "ns/op")
	return fmt.Sprintf("With %d tasks waiting, one event loop does %s the work of as many threads in the same time", most, ratio.In(number.Times))
}
