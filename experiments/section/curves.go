package section

import (
	"strconv"

	"parcon/experiments/number"
	"parcon/experiments/variant"
)

// Curves is a chart of a line for each value of one key, over the values of another
// one that are numbers.
type Curves struct {
	Name           string // of its files
	Finding        []Clause
	Lines, Over    string // keys
	X, Y           string // words at the axes
	Value          func(Samples, variant.Variant) number.Interval
	Subtitle, Note string
	Beside         func(Samples) string // what else the note says
}

// Show makes the lines.
func (c Curves) Show(s Samples) Shown {
	f := &Figure{Name: c.Name, Subtitle: c.Subtitle, Whiskers: Whiskers, Note: c.Note, X: c.X, Y: c.Y}
	for _, value := range s.Values(c.Lines) {
		line := Series{Name: s.Word(c.Lines, value)}
		for _, v := range s.With(c.Lines, value) {
			x, err := strconv.ParseFloat(v.Get(c.Over), 64)
			if i := c.Value(s, v); err == nil && i.N > 0 {
				line.X, line.Y = append(line.X, x), append(line.Y, i)
			}
		}
		f.Curves = append(f.Curves, line)
	}
	shown := Shown{Finding: Say(s, c.Finding...)}
	if len(f.Curves) > 0 {
		shown.Figure = f
		if c.Beside != nil {
			f.Note = Joined(" ", f.Note, c.Beside(s))
		}
	}
	return shown
}
