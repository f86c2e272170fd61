package report

import (
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/section"
)

// A chapter is what a report says of one experiment on mechanisms.
type chapter struct {
	title string
	parts []part
}

// A part is a section as it is written: the evidence on one or a few claims, a chart
// or a table.
type part struct {
	topic string   // with the claims in brackets
	about []string // their IDs
	// finding is computed from the samples: a chart's title, which has no
	// intervals because the chart shows them, or the sentence above a table.
	finding string
	answer  bool // the finding is the answer of a run without the grid
	why     string
	figure  figure
	head    []string
	rows    [][]string
	note    string
}

// tell makes the chapters: what was not measured is not in them, and one that holds
// nothing is left out. The claims of which no card tells stand in tables in the place
// of the first card of theirs.
func (v view) tell(judged []Judged) []chapter {
	var all []chapter
	for _, c := range v.table.catalogue.Chapters {
		if c.Title == "" {
			continue
		}
		one := chapter{title: c.Title}
		untold := untold(c, judged)
		for _, of := range c.Cards {
			if of.Sections != nil {
				for _, s := range of.Sections() {
					one.parts = append(one.parts, told(s, v.samples(c.Name, of)))
				}
			} else if len(untold) > 0 {
				one.parts = append(one.parts, claimed(untold)...)
				untold = nil
			}
		}
		one.parts = append(one.parts, claimed(untold)...)
		one.parts = slices.DeleteFunc(one.parts, func(p part) bool { return p.figure.Figure == nil && len(p.rows) == 0 })
		if len(one.parts) > 0 {
			all = append(all, one)
		}
	}
	return all
}

// untold are the measured claims of a chapter of which no section tells.
func untold(c card.Chapter, judged []Judged) []Judged {
	var all []Judged
	for _, j := range judged {
		if j.Experiment == c.Name && j.Verdict != NotMeasured && !slices.Contains(c.Told(), j.ID) {
			all = append(all, j)
		}
	}
	return all
}

// claimed tells of claims by what they compare: those about what happens or not in one
// table, and each about numbers in one of its own.
func claimed(judged []Judged) []part {
	var parts []part
	var seen []Judged
	for _, j := range judged {
		if !slices.ContainsFunc(j.Compared, func(c Compared) bool { return c.Occurrence == nil }) {
			seen = append(seen, j)
			continue
		}
		p := part{
			topic: fmt.Sprintf("%s (%s)", j.Text, j.ID), head: []string{"comparison", "found", "bound"},
			finding: section.Sentence(string(j.Verdict) + ": " + j.Deciding.Name + ", " + j.Deciding.found()),
		}
		for _, c := range j.Compared {
			p.rows = append(p.rows, []string{c.Name, c.found(), demand(c.Comparison)})
		}
		parts = append(parts, p)
	}
	if len(seen) > 0 {
		parts = append([]part{happened(seen)}, parts...)
	}
	return parts
}

// happened is the table of what was seen to happen or not. A comparison has a row of
// its own where something else was seen than is claimed.
func happened(judged []Judged) part {
	p := part{head: []string{"claim", "what was looked for", "seen"}}
	var all section.Total
	var ids, refuted []string
	for _, j := range judged {
		var of section.Total
		var failed [][]string
		for _, c := range j.Compared {
			t := c.asClaimed()
			if of = of.Plus(t); !t.All() {
				failed = append(failed, []string{"", "of these: " + c.Name, t.String()})
			}
		}
		if ids = append(ids, j.ID); j.Verdict == Refuted {
			refuted = append(refuted, j.ID)
		}
		all = all.Plus(of)
		if p.rows = append(p.rows, []string{j.ID, j.Text, of.String()}); len(j.Compared) > 1 {
			p.rows = append(p.rows, failed...)
		}
	}
	p.topic = fmt.Sprintf("What happens, and what does not (%s)", strings.Join(ids, ", "))
	p.finding = section.Sentence(all.In("what textbooks say was seen in %s tries"), are(refuted))
	return p
}

// are says of claims that they are refuted.
func are(refuted []string) string {
	switch len(refuted) {
	case 0:
		return ""
	case 1:
		return refuted[0] + " is refuted"
	}
	return strings.Join(refuted, ", ") + " are refuted"
}

// asClaimed is in how many tries it was as a fact claims. What happens is claimed to
// be seen in one of the trials.
func (c Compared) asClaimed() section.Total {
	t := section.Total{Count: c.Occurrence.Count, Tries: c.Occurrence.Tries}
	switch {
	case c.Measure.How == card.Some:
		return section.Total{Count: min(1, t.Count), Tries: min(1, t.Tries)}
	case c.High == 0:
		t.Count = t.Tries - t.Count
	}
	return t
}

// sentence is a chapter's answer.
func (c chapter) sentence() string {
	for _, p := range c.parts {
		if p.answer {
			return p.finding
		}
	}
	return c.parts[0].finding
}

// chapter writes one.
func (p page) chapter(w *strings.Builder, c chapter) {
	heading(w, "##", c.title)
	for _, s := range c.parts {
		heading(w, "###", s.topic)
		if s.figure.Figure != nil {
			p.picture(w, s.figure.name)
		} else {
			fmt.Fprintf(w, "**%s.**\n\n", s.finding)
		}
		if len(s.rows) > 0 {
			table(w, s.head, s.rows)
		}
		if s.note != "" {
			w.WriteString(s.note + "\n\n")
		}
	}
}
