package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/report/advice"
	"parcon/report/chart"
	"parcon/results"
)

// advised are the setting and the trials of advice; none if nobody asked for it.
func (t *Table) advised() (advice.Setting, []advice.Trial) {
	var all []results.Result
	for _, name := range t.names {
		v, ours := strings.CutPrefix(name, advice.Experiment+"/")
		if !ours {
			continue
		}
		s := t.series[name]
		for i, round := range s.rounds {
			r := results.Result{Slot: results.Slot{Experiment: advice.Experiment, Variant: v, Round: int(round)}, Values: map[string]float64{}}
			for unit, at := range s.units {
				if x := s.at(at, i); !math.IsNaN(x) { // those that the line has
					r.Values[unit] = x
				}
			}
			all = append(all, r)
		}
	}
	for _, f := range t.Failed {
		all = append(all, results.Result{Slot: results.Slot{Experiment: f.Experiment, Variant: f.Variant, Round: f.Round}, Failed: f.Reason})
	}
	return advice.ReadSetting(t.Setup), advice.ReadAll(all)
}

// advice is what the trials of a command advise, nil if there are none.
func (v view) advice() *advice.Advice {
	setting, trials := v.table.advised()
	if len(trials) == 0 {
		return nil
	}
	a := advice.Of(setting, trials)
	a.Law = advice.Law(setting, trials)
	return &a
}

// advise tells how many of a command to run at once.
func (p page) advise(w *strings.Builder) {
	a := p.advice()
	if a == nil {
		return
	}
	heading(w, "##", "How many at once?")
	fmt.Fprintf(w, "The command `%s` was run for %s. In a round every number of workers runs the same items; times one is by the rounds in which one worker was tried too, with the %s.\n\n",
		strings.ReplaceAll(p.table.Get(results.KeyCommand), "`", "'"), p.table.Get(results.KeyItems), interval)
	p.picture(w, "advise")
	var rows [][]string
	for _, point := range a.Points {
		rows = append(rows, point.Row())
	}
	table(w, advice.Columns, rows)
	for _, note := range append(slices.Clone(a.Notes), a.Law) {
		fmt.Fprintf(w, "%s.\n\n", capital(note))
	}
}

// adviseFigure is the curve by the number of workers.
func (v view) adviseFigure() (figure, bool) {
	a := v.advice()
	if a == nil || a.Workers == 0 {
		return figure{}, false
	}
	s := chart.Series{Name: "the command"}
	for _, p := range a.Points {
		if !math.IsNaN(p.Ratio.Estimate) {
			s.X, s.Y = append(s.X, float64(p.Workers)), append(s.Y, drawn(p.Ratio))
		}
	}
	if len(s.X) < 2 {
		return figure{}, false
	}
	title := fmt.Sprintf("Run %d at once: %s as many in a second as one", a.Workers, number.Times(a.Speedup.Estimate))
	return figure{"advise", title, chart.Curves(chart.Text{
		Title: title, Subtitle: "Tasks in a second over those of one worker, by number of workers, on " + v.perCores(),
		X: "workers", Y: "times one worker", Level: "linear", Whiskers: v.ofSpeedups(),
	}, func(n float64) float64 { return n }, []chart.Series{s})}, true
}
