package section

import (
	"slices"
	"strings"

	"parcon/experiments/number"
	"parcon/experiments/variant"
)

// Dots is a chart of a row for each combination of the values of some keys, and of
// panels beside each other.
type Dots struct {
	Name    string // of its files
	Finding []Clause
	Of      Pick     // the variants that are drawn
	Rows    []string // keys
	Panels  []Panel
	// Across is a key: the only panel that there is stands for each of its values, on
	// one axis, and its title begins with the value.
	Across                   string
	Explain                  string // a key of models, which are explained
	Subtitle, Whiskers, Note string // Whiskers and Medians where they are empty
	Below                    func(Samples) string
}

// A Panel is a column of dots.
type Panel struct {
	Title        string
	Log, Shared  bool
	Format, Tick func(float64) string
	Value        func(Samples, variant.Variant) number.Interval
}

// Center draws the median of a unit.
func Center(unit string) func(Samples, variant.Variant) number.Interval {
	return func(s Samples, v variant.Variant) number.Interval { return s.Center(v, unit) }
}

// PerSecond draws how many operations there are in a second.
func PerSecond(s Samples, v variant.Variant) number.Interval {
	return s.Center(v, "ns/op").Inverse(1e9)
}

// Show makes rows and panels, if there is anything to draw.
func (d Dots) Show(s Samples) Shown {
	shown := Shown{Finding: Say(s, d.Finding...)}
	drawn := s
	drawn.Variants = s.With(d.Of...)
	rows := combinations(drawn, d.Rows)
	f := &Figure{Name: d.Name, Subtitle: d.Subtitle, Whiskers: d.Whiskers, Note: d.Note}
	if d.Explain != "" {
		f.Subtitle += drawn.Explain(d.Explain)
	}
	if f.Whiskers == "" {
		f.Whiskers = Whiskers
	}
	if f.Note == "" {
		f.Note = Medians
	}
	for _, row := range rows {
		f.Rows = append(f.Rows, named(s, row))
	}
	any := false
	for _, p := range d.panels(drawn) {
		one := Drawn{Title: p.title, Log: p.Log, Shared: p.Shared, Format: p.Format, Tick: p.Tick}
		for _, row := range rows {
			i := p.Value(drawn, drawn.The(slices.Concat(row, p.pick)...))
			one.Values = append(one.Values, i)
			any = any || i.N > 0
		}
		f.Panels = append(f.Panels, one)
	}
	if any {
		shown.Figure = f
		if d.Below != nil {
			shown.Note = d.Below(s)
		}
	}
	return shown
}

// placed is a panel, and whom of a row it shows.
type placed struct {
	Panel
	title string
	pick  Pick
}

func (d Dots) panels(s Samples) []placed {
	var all []placed
	if d.Across == "" {
		for _, p := range d.Panels {
			all = append(all, placed{p, p.Title, nil})
		}
		return all
	}
	p := d.Panels[0]
	p.Shared = true
	for _, value := range s.Values(d.Across) {
		all = append(all, placed{p, s.Word(d.Across, value) + p.Title, Pick{d.Across, value}})
	}
	return all
}

// combinations are the values of keys that some variant has, in their order. A key
// that it lacks is not in it.
func combinations(s Samples, keys []string) []Pick {
	var all []Pick
	for _, v := range s.Variants {
		var p Pick
		for _, key := range keys {
			if value := v.Get(key); value != "" {
				p = append(p, key, value)
			}
		}
		if !slices.ContainsFunc(all, func(o Pick) bool { return slices.Equal(o, p) }) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b Pick) int {
		for i := 1; i < min(len(a), len(b)); i += 2 {
			if order := s.Compare(a[i-1], a[i], b[i]); order != 0 {
				return order
			}
		}
		return 0
	})
	return all
}

// named is a row's name.
func named(s Samples, row Pick) string {
	var words []string
	for i := 0; i+1 < len(row); i += 2 {
		words = append(words, s.Label(row[i], row[i+1]))
	}
	return strings.Join(words, ", ")
}
