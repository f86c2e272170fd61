package chart

import (
	"math"
	"slices"
)

// BarPanel is one group of Bars. Values has one interval per row, 0 or more.
// Reference is where the dashed line stands, with ReferenceLabel below it; 0 or
// NaN draws none.
type BarPanel struct {
	Title          string
	Rows           []string
	Values         []Interval
	Reference      float64
	ReferenceLabel string
}

const (
	barsRow   = 24.0
	barsBar   = 15.0
	barsRoom  = 100.0 // the most the names of the rows may take
	barsSpace = 24.0  // between two panels
	barsLeast = 96.0  // the least width of a panel
	barsAlike = 12.0  // panels share one scale unless they differ by more
)

// Bars draws groups of horizontal bars side by side (two or three fit well),
// each with its value at the end, printed by format (nil prints a factor like
// "7.9x"). All bars start at 0, and all panels share one scale, those with long
// bars being wider, unless their largest values differ more than twelvefold;
// then each panel says that its scale is its own. Panels with the same rows
// name them once.
func Bars(text Text, panels []BarPanel, format func(float64) string) *Figure {
	if format == nil {
		format = func(v float64) string { return ratio(v) + "x" }
	}
	b := bars{panels: panels, format: format, shared: sharedRows(panels)}
	b.layout()
	most := 0
	for i, panel := range panels {
		most = max(most, len(panel.Rows))
		b.titles = max(b.titles, float64(len(b.title(i)))*barTitle.leading())
	}
	height := max(float64(most)*barsRow+b.titles+26+axisRoom(text.X), 120)
	var all []Interval
	for _, panel := range panels {
		all = append(all, panel.Values...)
	}
	return &Figure{text: text.whiskered(all, false), height: height, body: func(p pen, in rect) {
		if most == 0 {
			p.noData(in)
			return
		}
		b.pen = p
		b.draw(text, in)
	}}
}

var barTitle = style{11.5, true, ink}

type bars struct {
	pen
	panels []BarPanel
	format func(float64) string
	shared bool // all panels have the same rows
	common bool // all panels have the same scale
	titles float64
	widths []float64 // of the panels, without the names of their rows
	scales []scale   // each from the left edge of its panel
}

func sharedRows(panels []BarPanel) bool {
	for _, panel := range panels {
		if !slices.Equal(panel.Rows, panels[0].Rows) {
			return false
		}
	}
	return true
}

// layout shares the width of the page among the panels.
func (b *bars) layout() {
	n := float64(len(b.panels))
	free := figureWidth - 2*marginX - barsSpace*(n-1)
	gutter, lo, hi := 0.0, math.Inf(1), 0.0
	for i, panel := range b.panels {
		free -= b.names(i)
		lo, hi = min(lo, panel.most()), max(hi, panel.most())
		for k := range panel.Rows {
			gutter = max(gutter, boldStyle.width(b.print(panel.value(k)))*slack+8)
		}
	}
	gutter = min(gutter, free/n*0.6)
	b.common = hi <= lo*barsAlike
	unit := 0.0 // points per 1 of the common scale
	if b.common && hi > 0 {
		unit = b.unit(free, gutter, free/hi)
	}
	for _, panel := range b.panels {
		s := scale{lo: 0, hi: max(panel.most(), math.SmallestNonzeroFloat64)}
		w := free / n
		s.to = w - gutter
		if unit > 0 {
			s.to = unit * s.hi
			w = max(s.to+gutter, b.least(panel, free))
		}
		b.widths, b.scales = append(b.widths, w), append(b.scales, s)
	}
}

// least is the width a panel needs for its title.
func (b *bars) least(panel BarPanel, free float64) float64 {
	return min(max(barTitle.width(panel.Title)*slack, barsLeast), free/float64(len(b.panels)))
}

// unit is the largest unit with which all panels fit into free points.
func (b *bars) unit(free, gutter, high float64) float64 {
	low := 0.0
	for range 60 {
		middle, used := (low+high)/2, 0.0
		for _, panel := range b.panels {
			used += max(panel.most()*middle+gutter, b.least(panel, free))
		}
		if used <= free {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// names is the room for the names of the rows of panel i.
func (b *bars) names(i int) float64 {
	if b.shared && i > 0 {
		return 0
	}
	return widest(b.panels[i].Rows, boldStyle, barsRoom)*slack + 8
}

func (b *bars) title(i int) []string { return wrap(b.panels[i].Title, barTitle, b.widths[i]) }

// value is interval i of a panel, and NaN when there is none.
func (panel BarPanel) value(i int) Interval {
	if i < len(panel.Values) {
		return panel.Values[i]
	}
	return Interval{math.NaN(), math.NaN(), math.NaN()}
}

// most is the longest thing of the panel to draw.
func (panel BarPanel) most() float64 {
	s := span{}
	for i := range panel.Rows {
		s.addInterval(panel.value(i))
	}
	s.add(panel.Reference)
	return max(s.hi, 0)
}

func (b *bars) draw(text Text, in rect) {
	b.text(in.x0, in.y0+4, left, text.X, axisStyle)
	x, top := in.x0, in.y1-b.titles-8
	for i, panel := range b.panels {
		x += b.names(i)
		r := rect{x, top - float64(len(panel.Rows))*barsRow, x + b.widths[i], top}
		for n, line := range b.title(i) {
			b.text(r.x0, in.y1-11-float64(n)*barTitle.leading(), left, line, barTitle)
		}
		s := b.scales[i]
		s.from, s.to = r.x0, r.x0+s.to
		if !b.common {
			b.text(r.x1, r.y0-13, right, "own scale", axisStyle)
		}
		b.panel(i, r, s)
		x = r.x1 + barsSpace
	}
}

func (b *bars) print(v Interval) string {
	if !finite(v.Estimate) {
		return "–"
	}
	return b.format(v.Estimate)
}

func (b *bars) panel(i int, r rect, s scale) {
	panel := b.panels[i]
	for n, name := range panel.Rows {
		y := r.y1 - (float64(n)+0.5)*barsRow
		if b.names(i) > 0 {
			style := boldStyle.in(textColor(lookOf(name).color))
			b.textMid(r.x0-8, y, right, shorten(name, style, barsRoom), style)
		}
		if v := panel.value(n); finite(v.Estimate) {
			b.fill(lookOf(name).color, rect{r.x0, y - barsBar/2, s.at(v.Estimate), y + barsBar/2}.corners()...)
		}
	}
	b.line(stroke{color: grey, width: 1}, point{r.x0, r.y0}, point{r.x0, r.y1})
	b.reference(panel, r, s)
	for n := range panel.Rows {
		y := r.y1 - (float64(n)+0.5)*barsRow
		b.end(panel.value(n), y, s, r.x1)
		if v := panel.value(n); finite(v.Estimate) {
			b.says(point{s.at(v.Estimate), y}, panel.Rows[n], v, b.format)
		}
	}
}

// end draws the interval of a bar and prints its value behind both.
func (b *bars) end(v Interval, y float64, s scale, edge float64) {
	x := s.from
	if finite(v.Estimate) {
		x = s.at(v.Estimate)
	}
	if low, high, ok := v.bar(); ok && finite(v.Estimate) {
		b.whisker(stroke{color: ink, width: 1}, point{s.at(low), y}, point{s.at(high), y}, 2.6, 5)
		x = max(x, s.at(high))
	}
	text := shorten(b.print(v), boldStyle, edge-x-4)
	// The reference line must not run through the number.
	b.fill(white, rect{x + 3, y - 6, x + 7 + boldStyle.width(text), y + 6}.corners()...)
	b.textMid(x+5, y, left, text, boldStyle)
}

func (b *bars) reference(panel BarPanel, r rect, s scale) {
	if !drawable(panel.Reference, true) {
		return
	}
	x := s.at(panel.Reference)
	b.line(stroke{color: ink, width: 0.9, dash: []float64{3, 2.2}}, point{x, r.y0 - 4}, point{x, r.y1 + 2})
	label := shorten(panel.ReferenceLabel, axisStyle, r.x1-r.x0)
	half := axisStyle.width(label) / 2
	b.text(min(max(x, r.x0+half), r.x1-half), r.y0-13, centre, label, axisStyle)
}
