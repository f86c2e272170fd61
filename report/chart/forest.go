package chart

import (
	"image/color"
	"math"
)

// ForestRow is one comparison. Ratio is a factor above 0 with its interval;
// BoundLow to BoundHigh is the allowed region, 0 and +Inf for open ends. Rows
// which follow each other with the same Group share a heading.
type ForestRow struct {
	Group, Label        string
	Ratio               Interval
	BoundLow, BoundHigh float64
	Verdict             string
	Open                bool // nothing is decided, wherever the interval lies
}

const (
	forestRow   = 16.5
	forestGroup = 23.0
	forestLabel = 228.0 // the most the labels may take
	forestWord  = 110.0 // the most the verdicts may take
	forestFar   = 2.0   // bars may widen the axis by this factor, longer ones get an arrow
)

// allowed is the shade of the allowed regions.
var allowed = rgb(0xDCE9E2)

// Forest draws one row per comparison: its label, its interval on a log axis
// over the shaded region it may lie in, its estimate and its verdict. The mark
// is a disc when the interval lies in the region, a cross when it lies outside,
// and a ring when it reaches over an edge, is not known, or the row is open. The
// figure grows
// with the rows, 5 to 60 of them make a picture which can be read.
func Forest(text Text, rows []ForestRow) *Figure {
	height := 46 + forestTop(rows)
	for _, e := range entries(rows) {
		height += e.head() + e.row()
	}
	var all []Interval
	for _, r := range rows {
		all = append(all, r.Ratio)
	}
	return &Figure{text: text.whiskered(all, true), height: max(height, 120), body: func(p pen, in rect) {
		if len(rows) == 0 {
			p.noData(in)
			return
		}
		newForest(p, rows, in).draw(text, in)
	}}
}

// entry is what is written of a row, in lines.
type entry struct{ group, label []string }

// head is the height of an entry's heading, row that of the rest.
func (e entry) head() float64 {
	if len(e.group) == 0 {
		return 0
	}
	return forestGroup + float64(len(e.group)-1)*boldStyle.leading()
}

func (e entry) row() float64 {
	return forestRow + float64(max(len(e.label), 1)-1)*bodyStyle.leading()
}

// entries breaks what is written of the rows into lines: nothing is cut off.
func entries(rows []ForestRow) []entry {
	width := labelWidth(rows)
	all := make([]entry, len(rows))
	for i, r := range rows {
		all[i].label = wrap(r.Label, bodyStyle, width)
		if startsGroup(rows, i) {
			all[i].group = wrap(r.Group, boldStyle, figureWidth-2*marginX)
		}
	}
	return all
}

// labelWidth is the width of the labels.
func labelWidth(rows []ForestRow) float64 {
	var labels []string
	for _, r := range rows {
		labels = append(labels, r.Label)
	}
	return widest(labels, bodyStyle, forestLabel)
}

// forestTop is the room for numbers above the rows, which a long figure needs.
func forestTop(rows []ForestRow) float64 {
	if len(rows) <= 25 {
		return 0
	}
	return 14
}

func startsGroup(rows []ForestRow, i int) bool {
	return rows[i].Group != "" && (i == 0 || rows[i].Group != rows[i-1].Group)
}

type forest struct {
	pen
	rows          []ForestRow
	entries       []entry // of the rows
	s             scale
	words         float64 // width
	plot          rect
	numbers, word float64 // places
}

func newForest(p pen, rows []ForestRow, in rect) forest {
	var words []string
	for _, r := range rows {
		words = append(words, r.Verdict)
	}
	f := forest{pen: p, rows: rows, entries: entries(rows)}
	f.words = widest(words, boldStyle, forestWord)
	f.word = in.x1 - f.words*slack
	f.numbers = f.word - 12 // the right edge of the numbers
	f.plot = rect{in.x0 + labelWidth(rows)*slack + 14, in.y0 + 34, f.numbers - 34, in.y1 - 6 - forestTop(rows)}
	f.s = forestScale(rows, f.plot.x0+6, f.plot.x1-6)
	return f
}

// forestScale shows every estimate, every bound and 1, and of the bars what
// does not squeeze them.
func forestScale(rows []ForestRow, from, to float64) scale {
	core, bars := span{log: true}, span{log: true}
	core.add(1)
	for _, r := range rows {
		core.add(r.Ratio.Estimate, r.BoundLow, r.BoundHigh)
		bars.addInterval(r.Ratio)
	}
	lo, hi := core.lo, core.hi
	if bars.any {
		lo = max(min(lo, bars.lo), lo/forestFar)
		hi = min(max(hi, bars.hi), hi*forestFar)
	}
	if hi/lo < 1.1 {
		lo, hi = lo/1.05, hi*1.05
	}
	air := math.Pow(hi/lo, 0.04)
	return scale{lo / air, hi * air, from, to, true}
}

func (f forest) draw(text Text, in rect) {
	f.regions()
	at := ticks(f.s.lo, f.s.hi, 5, true)
	for _, v := range at {
		x := f.s.at(v)
		f.line(stroke{color: rgb(0xD6D6D6), width: 0.6}, point{x, f.plot.y0}, point{x, f.plot.y1})
		if forestTop(f.rows) > 0 {
			f.text(x, f.plot.y1+5, centre, number(v), axisStyle)
		}
	}
	one := f.s.at(1)
	f.line(stroke{color: grey, width: 1}, point{one, f.plot.y0}, point{one, f.plot.y1})
	f.line(stroke{color: faint, width: 0.8}, point{f.plot.x0, f.plot.y0}, point{f.plot.x1, f.plot.y0})
	f.bottomAxis(f.s, f.plot.y0, at, number)
	f.text((f.plot.x0+f.plot.x1)/2, in.y0+4, centre, logName(text.X), axisStyle)
	f.fill(allowed, rect{in.x0, in.y0 + 3, in.x0 + 14, in.y0 + 11}.corners()...)
	f.text(in.x0+19, in.y0+4, left, "allowed", axisStyle)
	f.each(func(i int, y float64) {
		e := f.entries[i]
		if len(e.group) > 0 {
			// Its own paper: the lines of the grid must not run through it.
			y0 := y + e.row()/2
			f.fill(white, rect{in.x0, y0, in.x1, y0 + e.head() + 0.5}.corners()...)
			for n, line := range e.group {
				f.textMid(in.x0, y0+8+float64(len(e.group)-1-n)*boldStyle.leading(), left, line, boldStyle)
			}
		}
		for n, line := range e.label {
			f.textMid(in.x0+6, y+(float64(len(e.label)-1)/2-float64(n))*bodyStyle.leading(), left, line, bodyStyle)
		}
		f.row(f.rows[i], y)
	})
}

// each calls do with every row and the height of its middle.
func (f forest) each(do func(i int, y float64)) {
	y := f.plot.y1
	for i, e := range f.entries {
		y -= e.head()
		do(i, y-e.row()/2)
		y -= e.row()
	}
}

// regions shades where the intervals may lie, and draws the bounds.
func (f forest) regions() {
	edge := stroke{color: rgb(0x8FB3A1), width: 0.9}
	f.each(func(i int, y float64) {
		r := f.rows[i]
		if math.IsNaN(r.BoundLow) || math.IsNaN(r.BoundHigh) || !(r.BoundLow < r.BoundHigh) {
			return
		}
		x0, x1 := f.plot.x0, f.plot.x1
		if r.BoundLow > 0 {
			x0 = f.s.at(r.BoundLow)
		}
		if !math.IsInf(r.BoundHigh, 1) {
			x1 = f.s.at(r.BoundHigh)
		}
		half := f.entries[i].row() / 2
		area := rect{x0, y - half, x1, y + half}
		f.fill(allowed, area.corners()...)
		if x0 > f.plot.x0 {
			f.line(edge, point{x0, area.y0}, point{x0, area.y1})
		}
		if x1 < f.plot.x1 {
			f.line(edge, point{x1, area.y0}, point{x1, area.y1})
		}
	})
}

func (f forest) row(r ForestRow, y float64) {
	f.textMid(f.word, y, left, shorten(r.Verdict, boldStyle, f.words), boldStyle)
	if !drawable(r.Ratio.Estimate, true) {
		f.textMid(f.numbers, y, right, "–", bodyStyle.in(grey))
		return
	}
	f.textMid(f.numbers, y, right, shorten(ratioFine(r.Ratio.Estimate), bodyStyle, 40), bodyStyle.in(grey))
	g, colour := forestMark(r)
	if low, high, ok := r.Ratio.bar(); ok {
		f.bar(low, high, y, colour)
	}
	f.mark(g, point{f.s.at(r.Ratio.Estimate), y}, 3.5, colour)
}

// bar draws the interval; an end outside the axis becomes an arrow.
func (f forest) bar(low, high, y float64, c color.RGBA) {
	s := stroke{color: c, width: 1.4}
	a, b := point{f.s.at(max(low, 0)), y}, point{f.s.at(high), y}
	f.line(s, a, b)
	for _, e := range []struct {
		at   point
		out  bool
		side float64
	}{{a, low < f.s.lo, 1}, {b, high > f.s.hi, -1}} {
		if e.out {
			f.line(s, point{e.at.x + 4*e.side, y + 3}, e.at, point{e.at.x + 4*e.side, y - 3})
		} else if distance(a, b) >= 9 { // shorter ones hide behind the mark
			f.line(s, point{e.at.x, y - 2.6}, point{e.at.x, y + 2.6})
		}
	}
}

// forestMark says how the interval lies to the region. It is geometry: the
// verdict is the caller's.
func forestMark(r ForestRow) (glyph, color.RGBA) {
	low, high, ok := r.Ratio.bar()
	switch {
	case !ok || r.Open || math.IsNaN(r.BoundLow) || math.IsNaN(r.BoundHigh):
		return ring, grey
	case low >= r.BoundLow && high <= r.BoundHigh:
		return disc, rgb(0x00624A)
	case high < r.BoundLow || low > r.BoundHigh:
		return cross, rgb(0xC04000)
	default:
		return ring, rgb(0x505050)
	}
}
