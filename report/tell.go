package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/report/chart"
)

// source has the numbers of a card's trials in a table.
type source struct {
	table   *Table
	chapter string
	cores   int
	on      string // what it was measured on
	card    card.Card
}

// samples are the trials of a card of a chapter.
func (v view) samples(chapter string, of card.Card) section.Samples {
	return source{v.table, chapter, v.cores, v.perCores(), of}.samples()
}

func (s source) samples() section.Samples {
	all := section.Samples{Source: s, Cores: s.cores, Interval: interval, On: s.on}
	prefix := card.Title(s.chapter) + "/"
	ours := prefix // what its names begin with
	if s.card.Name != "" {
		ours += card.Key + "=" + s.card.Name
	}
	for _, text := range s.table.names {
		if !strings.HasPrefix(text, ours) {
			continue
		}
		if one, err := variant.Parse(text[len(prefix):]); err == nil && one.Get(card.Key) == s.card.Name && one.Get(card.AA) == "" {
			all.Variants = append(all.Variants, one)
		}
	}
	// A file holds them in the random order of its first round.
	slices.SortFunc(all.Variants, func(a, b variant.Variant) int {
		for _, c := range s.card.Keys {
			if order := c.Compare(a.Get(c.Key), b.Get(c.Key)); order != 0 {
				return order
			}
		}
		return strings.Compare(a.String(), b.String())
	})
	return all
}

func (s source) Center(v variant.Variant, unit string) number.Interval {
	return s.table.center(s.chapter, v, unit)
}

func (s source) Ratio(of variant.Variant, unit string, over variant.Variant, than string) number.Interval {
	return s.table.across(s.chapter, of, unit, over, than).interval
}

func (s source) Counts(v variant.Variant, unit string) (counted, tries []float64) {
	return s.table.counts(s.chapter, v, unit)
}

func (s source) Busy(v variant.Variant) number.Interval { return s.table.busy(s.chapter, v) }

func (s source) Occurrence(v variant.Variant, unit string) string {
	return seen(s.table, s.chapter, card.Comparison{
		Measure: card.Measure{Unit: unit, How: card.Every}, Of: v, High: math.Inf(1),
	}).String()
}

func (s source) Most(v variant.Variant, unit string) float64 {
	most := math.NaN()
	s.table.find(s.chapter, v).eachRound(s.table.unit(unit), func(_ int, value float64) {
		if !(value <= most) {
			most = value
		}
	})
	return most
}

func (s source) Word(key, value string) string  { return s.card.Choice(key).Word(value) }
func (s source) Label(key, value string) string { return s.card.Choice(key).Label(value) }
func (s source) Compare(key, a, b string) int   { return s.card.Choice(key).Compare(a, b) }

func (s source) Card(name string) section.Samples {
	s.card = s.table.catalogue.find(name)
	s.card.Name = name // "" for the variants of the grid
	return s.samples()
}

// title is that of a chapter of the catalogue, "" if the report's own pages tell of it.
func (v view) title(name string) string {
	for _, c := range v.table.catalogue.Chapters {
		if c.Name == name {
			return c.Title
		}
	}
	return ""
}

// told makes a section of what a card says of itself.
func told(one section.Section, s section.Samples) part {
	shown := one.Form.Show(s)
	s.Whole = true
	if whole := one.Form.Show(s).Finding; whole != shown.Finding {
		shown.Note = section.Joined(" ", inFull(whole), shown.Note)
	}
	p := part{
		topic: one.Topic, about: one.Claims, answer: one.Answer, why: one.Why,
		finding: s.Fill(shown.Finding), rows: shown.Rows, note: s.Fill(shown.Note),
	}
	if len(one.Claims) > 0 {
		p.topic += " (" + strings.Join(one.Claims, ", ") + ")"
	}
	if p.finding == "" {
		p.finding = one.Topic
	}
	for _, head := range shown.Head {
		p.head = append(p.head, s.Fill(head))
	}
	if f := shown.Figure; f != nil {
		p.figure = figure{f.Name, p.finding, draw(*f, p.finding, s)}
	}
	return p
}

// draw makes the chart of a section.
func draw(f section.Figure, title string, s section.Samples) *chart.Figure {
	text := chart.Text{
		Title: title, Subtitle: s.Fill(f.Subtitle), X: f.X, Y: f.Y,
		Level: f.Level, Whiskers: s.Fill(f.Whiskers), Note: s.Fill(f.Note),
	}
	if f.Curves == nil {
		return chart.Dots(text, f.Rows, panels(f.Panels))
	}
	var lines []chart.Series
	for _, c := range f.Curves {
		lines = append(lines, chart.Series{Name: c.Name, X: c.X, Y: allDrawn(c.Y), Computed: c.Computed, Points: c.Points})
	}
	var level func(float64) float64
	if f.Level != "" {
		level = func(float64) float64 { return 1 }
	}
	return chart.Curves(text, level, lines)
}

func panels(of []section.Drawn) []chart.Panel {
	var all []chart.Panel
	for _, p := range of {
		all = append(all, chart.Panel{Title: p.Title, Log: p.Log, Shared: p.Shared, Format: p.Format, Tick: p.Tick, Values: allDrawn(p.Values)})
	}
	return all
}

func allDrawn(values []number.Interval) []chart.Interval {
	all := make([]chart.Interval, len(values))
	for i, v := range values {
		all[i] = drawn(v)
	}
	return all
}

// inFull is a title again with the intervals of its ratios, which stand in no picture: those
// of the quotients, round by round.
func inFull(title string) string {
	return fmt.Sprintf("Round by round, with %ss: %s.", interval, title)
}
