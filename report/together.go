package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/results"
)

// A Run is one of several that a report puts side by side.
type Run struct {
	Folder string
	Table  *Table
}

// member is a run with all that its own report says.
type member struct {
	name, folder string
	page
}

// together is all that a report on several runs says.
type together struct {
	members   []member
	noun      string // what they are: machines, or runs where two were made on one
	standings []Standing
	answer    string
	figures   []figure
}

// WriteTogether writes a report on several runs into dir: the same files.
func WriteTogether(runs []Run, dir string) (Made, error) {
	t := togetherOf(runs)
	return Made{Answer: t.answer, Verdicts: t.rows()}.write(dir, t.figures, t.markdown())
}

// togetherOf computes what such a report says.
func togetherOf(runs []Run) together {
	var hosts, folders []string
	for _, r := range runs {
		hosts, folders = append(hosts, r.Table.Get(results.KeyHost)), append(folders, r.Folder)
	}
	t := together{noun: "machine"}
	names := distinct(hosts, folders)
	for i, r := range runs {
		if names[i] != hosts[i] {
			t.noun = "run"
		}
		t.members = append(t.members, member{names[i], r.Folder, newPage(r.Table)})
	}
	var judged []Judged
	for _, m := range t.members {
		judged = append(judged, m.judged...)
	}
	var rulings [][]Ruling
	for _, m := range t.members {
		rulings = append(rulings, append(m.rulings(), m.unreached(judged)...))
	}
	if len(runs) > 0 {
		t.standings = Standings(rulings, runs[0].Table.catalogue.byID())
	}
	t.answer = finding(t.standings, len(runs), t.noun)
	t.figures = t.curves()
	return t
}

// rulings are the verdicts of a run. What its version of the catalogue did not have is
// not asked: there is no trial of it, and the claims of its chapter are others now, or none
// were written down.
func (m member) rulings() []Ruling {
	var all []Ruling
	changed, then := m.changedChapters(), m.fingerprints()
	for _, j := range m.judged {
		r := Ruling{j.ID, j.Text, j.Verdict}
		_, told := then[j.Experiment]
		older := !told || slices.Contains(changed, j.Experiment)
		if older && j.Verdict == NotMeasured && j.Unmeasured == "" && m.lacks(j) {
			r.Verdict = NotAsked
		}
		all = append(all, r)
	}
	return all
}

// unreached are those of some claims that a run was told to decide, and that it came to in
// no round.
func (m member) unreached(judged []Judged) []Ruling {
	var all []Ruling
	told := strings.Fields(m.table.Get(results.KeyExperiments))
	for _, j := range judged {
		own := slices.ContainsFunc(m.judged, func(o Judged) bool { return o.ID == j.ID })
		if !own && (slices.Contains(told, j.Experiment) || slices.Contains(told, j.ID)) {
			all = append(all, Ruling{j.ID, j.Text, NotMeasured})
		}
	}
	return all
}

// lacks says whether no trial was made of something that a claim compares.
func (m member) lacks(j Judged) bool {
	for _, c := range j.Compared {
		for _, v := range []variant.Variant{c.Of, c.Over} {
			if v.String() != "" && m.table.find(j.Experiment, v) == nil && m.table.failures(j.Experiment, v) == 0 {
				return true
			}
		}
	}
	return false
}

// quiet says in words whether a machine was quiet while it was measured.
func (m member) quiet() string {
	told := slices.ContainsFunc(m.disturbances, func(a attribution) bool { return a.told > 0 })
	trials := m.table.trials - len(m.table.Failed)
	if !told || trials == 0 {
		return "it does not tell"
	}
	word := "yes"
	if float64(m.sensitivity.left) > loudShare*float64(trials) {
		word = "no"
	}
	return fmt.Sprintf("%s: %d of %s disturbed", word, m.sensitivity.left, number.Plural(trials, "trial"))
}

// restless adds what the looks between the trials found, if they found something.
func (m member) restless() string {
	if m.table.Seen().Restless() {
		return "; restless between them"
	}
	return ""
}

// loudShare is the share of disturbed trials from which on a machine is not called quiet.
const loudShare = 0.05

// curves are the speed-ups of each task that two runs at least have measured: the models
// side by side and a line for each run, or, of more runs than lines can be told apart, the
// runs side by side and a line for each model.
func (t together) curves() []figure {
	var all []figure
	for _, grid := range []func(m member) grid{
		func(m member) grid { return m.compute },
		func(m member) grid { return m.waiting },
	} {
		lines := map[string]map[string][]chart.Series{} // by task and run
		var tasks []string
		for _, m := range t.members {
			g := grid(m)
			for _, task := range g.works() {
				if len(g.workers(task, "goroutine")) < 2 {
					continue
				}
				if lines[task] == nil {
					tasks, lines[task] = append(tasks, task), map[string][]chart.Series{}
				}
				lines[task][m.name] = curves(g, task)
			}
		}
		slices.Sort(tasks)
		for _, task := range tasks {
			if len(lines[task]) > 1 {
				all = append(all, t.curveFigure(task, grid, lines[task]))
			}
		}
	}
	return all
}

// mostLines is how many runs have a line each.
const mostLines = 6

func (t together) curveFigure(task string, grid func(m member) grid, lines map[string][]chart.Series) figure {
	var panels []chart.CurvesPanel
	add := func(title string, s chart.Series) {
		i := slices.IndexFunc(panels, func(p chart.CurvesPanel) bool { return p.Title == title })
		if i < 0 {
			i = len(panels)
			panels = append(panels, chart.CurvesPanel{Title: title})
		}
		panels[i].Series = append(panels[i].Series, s)
	}
	each := "model"
	for _, m := range t.members {
		for _, s := range lines[m.name] {
			if len(lines) > mostLines {
				each = t.noun
				add(m.name, s)
				continue
			}
			model := s.Name
			s.Name = m.name
			add(model, s)
		}
	}
	title := t.curveTitle(task, grid)
	return figure{"speedup-" + task, title, chart.Multiples(chart.Text{
		Title:    title,
		Subtitle: fmt.Sprintf("Speed-up of %s over serial code of the same %s, by number of workers; a panel for each %s", task, t.noun, each),
		X:        "workers", Y: "speed-up over serial",
		Whiskers: fmt.Sprintf("Whiskers: %ss over rounds, paired with serial.", interval),
		Note:     "All panels have the same axes.",
	}, panels)}
}

// preposition is that of a machine or of a run.
func (t together) preposition() string {
	if t.noun == "run" {
		return "in"
	}
	return "on"
}

// curveTitle says what the best of each run reaches; of many runs, the least and the most.
func (t together) curveTitle(task string, grid func(m member) grid) string {
	type top struct {
		point
		on string // the name of the run
	}
	var tops []top
	for _, m := range t.members {
		if best, ok := grid(m).best(task, grid(m).order()...); ok {
			tops = append(tops, top{best, m.name})
		}
	}
	if len(tops) > 3 {
		slices.SortStableFunc(tops, func(a, b top) int { return cmp.Compare(a.speedup.Estimate, b.speedup.Estimate) })
		tops = []top{tops[0], tops[len(tops)-1]}
	}
	var parts []string
	for _, b := range tops {
		parts = append(parts, fmt.Sprintf("%s %s %s", number.Times(b.speedup.Estimate), t.preposition(), b.on))
	}
	return fmt.Sprintf("%s, at best: %s", task, strings.Join(parts, ", "))
}
