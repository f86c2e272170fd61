package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/results"
)

// markdown writes the report on several runs.
func (t together) markdown() string {
	var w strings.Builder
	t.differing(&w)
	t.identities(&w)
	t.answers(&w)
	t.verdicts(&w)
	if len(t.figures) > 0 {
		heading(&w, "##", "Curves side by side")
		for _, f := range t.figures {
			fmt.Fprintf(&w, "![%s](charts/%s.png)\n\n", f.title, f.name)
		}
	}
	t.doubts(&w)
	head := fmt.Sprintf("# What holds where: %s side by side\n\n**%s**\n\n", number.Plural(len(t.members), t.noun), t.answer)
	return head + contents(w.String()) + w.String()
}

// differing says of the claims on which runs differ what each of them has found.
func (t together) differing(w *strings.Builder) {
	var rows [][]string
	for _, s := range t.standings {
		if s.Accord != Differs {
			continue
		}
		for i, m := range t.members {
			row := []string{s.ID + ": " + s.Text, m.name, "**" + string(s.Verdicts[i]) + "**", "–", "–", "–"}
			if k := slices.IndexFunc(m.judged, func(j Judged) bool { return j.ID == s.ID }); k >= 0 && len(m.judged[k].Compared) > 0 {
				j := m.judged[k]
				row[3], row[4], row[5] = j.Deciding.Name+": "+j.Deciding.found(), demand(j.Deciding.Comparison), toOne(j.Odds)
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	heading(w, "##", "Where they differ")
	fmt.Fprintf(w, "These claims hold on one %s and are refuted on another, both surely. What decided it stands beside.\n\n", t.noun)
	table(w, []string{"claim", t.noun, "verdict", fmt.Sprintf("deciding comparison (%s)", interval), "bound", "odds"}, rows)
}

// identifying are the keys that tell what was measured, and what they are called.
var identifying = []struct{ name, key string }{
	{"host", results.KeyHost},
	{"cpu", results.KeyCPU},
	{"cores", results.KeyCores},
	{"memory", results.KeyMemory},
	{"system", results.KeyKernel},
	{"go", results.KeyGo},
	{"commit", results.KeyCommit},
	{"date", results.KeyDate},
}

// identities is the table of what was measured where: of what is the same in all a sentence
// tells, so that what differs is seen.
func (t together) identities(w *strings.Builder) {
	heading(w, "##", fmt.Sprintf("The %ss", t.noun))
	head, same := []string{t.noun}, []string{}
	rows := make([][]string, len(t.members))
	for i, m := range t.members {
		rows[i] = []string{m.name}
	}
	for _, id := range identifying {
		of := func(m member) string {
			if id.key == results.KeyCommit {
				return shortCommit(m.table.Get(id.key))
			}
			return m.table.Get(id.key)
		}
		first := of(t.members[0])
		if !slices.ContainsFunc(t.members, func(m member) bool { return of(m) != first }) {
			if first != "" {
				same = append(same, id.name+" "+first)
			}
			continue
		}
		head = append(head, id.name)
		for i, m := range t.members {
			rows[i] = append(rows[i], orDash(of(m)))
		}
	}
	for i, m := range t.members {
		rows[i] = append(rows[i], m.quiet()+m.restless(), fmt.Sprintf("`%s`", m.folder))
	}
	table(w, append(head, "was it quiet?", "folder"), rows)
	if len(same) > 0 {
		fmt.Fprintf(w, "The same in all: %s.\n\n", strings.Join(same, ", "))
	}
	fmt.Fprintf(w, "Quiet: no more than %s of the trials were disturbed, by the rule that each report tells with its doubts.\n\n", number.Percent(loudShare))
}

// shortCommit is as much of a revision as tells it from others.
func shortCommit(revision string) string {
	hash, changes, dirty := strings.Cut(revision, "+")
	if len(hash) > 12 {
		hash = hash[:12]
	}
	if dirty {
		return hash + "+" + changes
	}
	return hash
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// answers are those of each run's own report.
func (t together) answers(w *strings.Builder) {
	heading(w, "##", fmt.Sprintf("What each %s answers", t.noun))
	for _, m := range t.members {
		fmt.Fprintf(w, "- **%s**: %s\n", m.name, m.answer)
	}
	w.WriteString("\n")
}

// verdicts is the table of all claims.
func (t together) verdicts(w *strings.Builder) {
	if len(t.standings) == 0 {
		return
	}
	heading(w, "##", "Which claims hold where")
	w.WriteString("First those on which they differ, then those that most have decided. What is undecided or not measured is no difference, nor is a dash, which stands where a claim was not asked: they say nothing for or against.\n\n")
	head := []string{"id", "claim", "in short"}
	for _, m := range t.members {
		head = append(head, m.name)
	}
	var rows [][]string
	for _, s := range t.standings {
		row := []string{s.ID, s.Text, s.short()}
		for _, v := range s.Verdicts {
			switch v {
			case Holds, Refuted:
				row = append(row, "**"+string(v)+"**")
			case NotAsked:
				row = append(row, "–")
			default:
				row = append(row, string(v))
			}
		}
		rows = append(rows, row)
	}
	table(w, head, rows)
	fmt.Fprintf(w, "A claim is *not asked* of a %s whose version of the catalogue did not have it, or which was told to measure something else; *not measured* where there was no way to, or where no round came to it.\n\n", t.noun)
}

// doubts are those that come with putting runs side by side.
func (t together) doubts(w *strings.Builder) {
	heading(w, "##", "Doubts")
	risk := 0.0
	for _, m := range t.members {
		asked := 0
		for _, j := range slices.Concat(m.judged, m.beside) {
			if j.Unmeasured == "" {
				asked++
			}
		}
		risk += float64(asked) / m.odds
	}
	fmt.Fprintf(w, "- each %s decides by itself; the chance that noise made any verdict here wrong is at most %s, that of all of them together\n", t.noun, number.Percent(math.Min(1, risk)))
	fmt.Fprintf(w, "- a speed-up is over the serial code of the same %s: of two the one with the higher curve need not be the faster one\n", t.noun)
	if d := t.programs(); d != "" {
		fmt.Fprintf(w, "- %s\n", d)
	}
	for _, m := range t.members {
		for _, text := range []string{m.changedClaims(), m.withheldDoubt(), m.unread()} {
			if text != "" {
				fmt.Fprintf(w, "- %s: %s\n", m.name, text)
			}
		}
	}
	w.WriteString("\nThe doubts about each by itself stand in its own report: `parcon report FOLDER`.\n")
}

// programs warns of runs that different programs made. On systems of different kinds they
// are different files of the same source.
func (t together) programs() string {
	first := t.members[0].table
	for _, m := range t.members[1:] {
		alike := first.Get(results.KeyGOOS) == m.table.Get(results.KeyGOOS) && first.Get(results.KeyGOARCH) == m.table.Get(results.KeyGOARCH)
		for _, d := range results.Differences(first.Setup, m.table.Setup, results.Program) {
			if alike || d.Key != results.KeyProgram && d.Key != results.KeyPrograms {
				return fmt.Sprintf("they were not all measured by the same program (%s differs): that may be a part of what differs", d.Key)
			}
		}
	}
	return ""
}

func (m member) withheldDoubt() string {
	if !m.aa.Failed() {
		return ""
	}
	return "its verdicts are " + m.aa.withheld()
}

func (m member) unread() string {
	if len(m.table.Bad) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of its result file could not be read; the first: %s", number.Plural(len(m.table.Bad), "line"), m.table.Bad[0])
}

// runRow is a run in verdicts.json, and standingRow a claim with its verdicts, by the
// names of the runs.
type runRow struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
	Host   string `json:"host"`
	CPU    string `json:"cpu"`
	Cores  string `json:"cores"`
	System string `json:"system"`
	Go     string `json:"go"`
	Commit string `json:"commit"`
	Date   string `json:"date"`
	Trials int    `json:"trials"`
	Loud   int    `json:"disturbed"`
}

type standingRow struct {
	ID       string             `json:"id"`
	Claim    string             `json:"claim"`
	Accord   Accord             `json:"accord"`
	Verdicts map[string]Verdict `json:"verdicts"`
}

type togetherRows struct {
	Answer string        `json:"answer"`
	Runs   []runRow      `json:"runs"`
	Claims []standingRow `json:"claims"`
}

func (t together) rows() togetherRows {
	rows := togetherRows{Answer: t.answer, Claims: []standingRow{}}
	for _, m := range t.members {
		get := m.table.Get
		rows.Runs = append(rows.Runs, runRow{
			m.name, m.folder, get(results.KeyHost), get(results.KeyCPU), get(results.KeyCores), get(results.KeyKernel),
			get(results.KeyGo), get(results.KeyCommit), get(results.KeyDate), m.table.trials, m.sensitivity.left,
		})
	}
	for _, s := range t.standings {
		row := standingRow{s.ID, s.Text, s.Accord, map[string]Verdict{}}
		for i, v := range s.Verdicts {
			row.Verdicts[t.members[i].name] = v
		}
		rows.Claims = append(rows.Claims, row)
	}
	return rows
}
