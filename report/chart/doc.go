// Package chart draws the pictures of the published report.
//
// It only draws: numbers and names in, an SVG and a PNG file out. It computes
// no statistics and states no findings, and what a chart claims stands in the
// title its caller gives. Every chart is 8 inches wide, white, and uses one
// theme, so that a model keeps its colour, glyph and dash pattern from picture
// to picture. Colour is never the only carrier of a meaning.
//
// Limits: text is set in Liberation Sans; an SVG viewer without it substitutes
// Arial, Helvetica or its own sans-serif, fitted to the same width. Names which
// do not fit are shortened with "…". Numbers which cannot be drawn (NaN,
// infinities, and what is not positive on a log axis) are left out or printed
// as "–", and a chart with nothing to draw shows "no data". A Figure keeps the
// slices it was given: do not change them before Save.
package chart

import (
	"fmt"
	"math"
	"strings"
)

// Interval is an estimate with its interval, in the unit of its axis. Low
// and High may be NaN or infinite: then no bar is drawn. An estimate which is
// NaN or infinite is not drawn at all.
type Interval struct{ Estimate, Low, High float64 }

// Text is what stands around a chart. Every field may be empty, and titles of
// any length are wrapped.
type Text struct {
	Title    string // the finding, in bold
	Subtitle string // what is shown, smaller and grey
	X, Y     string // names and units of the axes
	Level    string // of Curves: what the dashed line is; "" means ideal
	Note     string // a small grey line at the foot
	// Whiskers says, at the head of the note, what the error bars are. Where too few
	// intervals are known for any, or for some, the note says that.
	Whiskers string
	Mark     string // of Map: what a frame means; "" means best of its column
}

// whiskered is the text with what its note says of the error bars of a chart; marks
// says that one may be hidden behind a mark.
func (t Text) whiskered(all []Interval, marks bool) Text {
	if t.Whiskers == "" {
		return t
	}
	with, without := 0, 0
	for _, i := range all {
		if _, _, ok := i.bar(); ok && finite(i.Estimate) {
			with++
		} else if finite(i.Estimate) {
			without++
		}
	}
	said := t.Whiskers
	if with == 0 {
		said = "No whiskers: too few rounds for an interval."
	} else {
		if marks {
			said += " One that does not show is narrower than its mark."
		}
		if without > 0 {
			said += fmt.Sprintf(" Without: too few rounds for an interval, %d of %d.", without, with+without)
		}
	}
	t.Note = strings.TrimSpace(said + " " + t.Note)
	return t
}

// finite reports whether v can be drawn.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// drawable reports whether v has a place on a log or a linear axis.
func drawable(v float64, log bool) bool { return finite(v) && (!log || v > 0) }

// bar returns the ends of the interval and whether it has any.
func (i Interval) bar() (low, high float64, ok bool) {
	return i.Low, i.High, finite(i.Low) && finite(i.High) && i.Low <= i.High
}
