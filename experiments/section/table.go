package section

import (
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/variant"
)

// A Table has a row for each variant, or group of variants.
type Table struct {
	Finding []Clause
	Rows    func(Samples) []Row // nil for each variant
	Columns []Column
	Note    string
	Explain string // a key of models, which the note explains
}

// A Row is what a row of a table is about.
type Row []variant.Variant

// A Column is what is said of a row.
type Column struct {
	Head string
	Cell func(Samples, Row) string
}

// Under is the column with a head.
func Under(head string, cell func(Samples, Row) string) Column { return Column{head, cell} }

// Show makes the rows.
func (t Table) Show(s Samples) Shown {
	shown := Shown{Finding: Say(s, t.Finding...), Note: t.Note}
	if t.Explain != "" {
		shown.Note += s.Explain(t.Explain)
	}
	rows := Each
	if t.Rows != nil {
		rows = t.Rows
	}
	for _, c := range t.Columns {
		shown.Head = append(shown.Head, c.Head)
	}
	for _, row := range rows(s) {
		var cells []string
		for _, c := range t.Columns {
			cells = append(cells, c.Cell(s, row))
		}
		shown.Rows = append(shown.Rows, cells)
	}
	return shown
}

// Each makes a row of each variant.
func Each(s Samples) []Row {
	var rows []Row
	for _, v := range s.Variants {
		rows = append(rows, Row{v})
	}
	return rows
}

// Alike puts variants that have the same value of a key, and all their tries counted
// by a unit, into one row. Where a try failed each stands alone.
func Alike(key, unit string) func(Samples) []Row {
	return func(s Samples) []Row {
		var rows []Row
		for _, value := range s.Values(key) {
			group := s.With(key, value)
			if !slices.ContainsFunc(group, func(v variant.Variant) bool { return !s.Total(unit, v).All() }) {
				rows = append(rows, group)
				continue
			}
			for _, one := range group {
				rows = append(rows, Row{one})
			}
		}
		return rows
	}
}

// Value says a key's value of each variant of the row, and once if it is the same.
func Value(key string) func(Samples, Row) string {
	return func(s Samples, row Row) string {
		return strings.Join(slices.Compact(say(row, func(v variant.Variant) string { return s.Word(key, v.Get(key)) })), ", ")
	}
}

// Count says what the row counted by a unit, of its tries.
func Count(unit string) func(Samples, Row) string {
	return func(s Samples, row Row) string { return s.Total(unit, row...).String() }
}

// Most says the largest value of a unit in each variant of the row.
func Most(unit string) func(Samples, Row) string {
	return func(s Samples, row Row) string {
		return strings.Join(say(row, func(v variant.Variant) string { return number.Whole(s.Most(v, unit)) }), ", ")
	}
}

// Number says how much the row counted by a unit.
func Number(unit string) func(Samples, Row) string {
	return func(s Samples, row Row) string { return number.Grouped(s.Total(unit, row...).Count) }
}

// Span says the median of a time, with its interval. The row is of one variant.
func Span(unit string) func(Samples, Row) string {
	return func(s Samples, row Row) string { return s.Center(row[0], unit).Span() }
}

func say(row Row, what func(variant.Variant) string) []string {
	var all []string
	for _, v := range row {
		all = append(all, what(v))
	}
	return all
}
