package chart

import (
	"image/color"
	"slices"
)

// Panel is one column of Dots. Values has one interval per row, in the unit
// the title names; on a log axis they must be above 0, and what is not lies at
// its left end, hollow. Format prints a value; nil prints a short number.
type Panel struct {
	Title  string
	Log    bool
	Values []Interval
	Format func(float64) string
}

const (
	dotsRow   = 21.0
	dotsRoom  = 104.0 // the most the names of the rows may take
	dotsSpace = 14.0  // between two panels
)

// Dots draws one row per name and one panel per measure (one to four fit well),
// each with its own axis, the dot, its interval and the printed value.
func Dots(text Text, rows []string, panels []Panel) *Figure {
	titles := 0.0
	w := dotsWidth(rows, len(panels))
	for _, panel := range panels {
		titles = max(titles, float64(len(wrap(panel.Title, boldStyle, w/slack)))*boldStyle.leading())
	}
	height := max(float64(len(rows))*dotsRow+titles+24+axisRoom(text.X+text.Y), 120)
	return &Figure{text: text, height: height, body: func(p pen, in rect) {
		if len(rows) == 0 || len(panels) == 0 {
			p.noData(in)
			return
		}
		p.text(in.x0, in.y0+4, left, text.Y, axisStyle)
		p.text(in.x1, in.y0+4, right, text.X, axisStyle)
		top := in.y1 - titles - 6
		names := figureWidth - 2*marginX - dotsWidth(rows, len(panels))*float64(len(panels)) -
			dotsSpace*float64(len(panels)-1)
		p.rowNames(rect{in.x0, top - float64(len(rows))*dotsRow, in.x1, top}, rows, names)
		for i, panel := range panels {
			x := in.x0 + names + float64(i)*(w+dotsSpace)
			r := rect{x, top - float64(len(rows))*dotsRow, x + w, top}
			for n, line := range wrap(panel.Title, boldStyle, w/slack) {
				p.text(x, in.y1-10-float64(n)*boldStyle.leading(), left, line, boldStyle)
			}
			p.panel(r, rows, panel)
		}
	}}
}

// dotsWidth is the width of a panel when n stand beside the names of the rows.
func dotsWidth(rows []string, n int) float64 {
	names := widest(rows, boldStyle, dotsRoom)*slack + 8
	n = max(n, 1)
	return (figureWidth - 2*marginX - names - dotsSpace*float64(n-1)) / float64(n)
}

// rowNames writes the names of rows at the left, on bands which lead the eye.
func (p pen) rowNames(r rect, rows []string, width float64) {
	for i, name := range rows {
		y := r.y1 - float64(i)*dotsRow
		if i%2 == 0 {
			p.fill(band, rect{r.x0, y - dotsRow, r.x1, y}.corners()...)
		}
		s := boldStyle.in(textColor(lookOf(name).color))
		p.textMid(r.x0+4, y-dotsRow/2, left, shorten(name, s, width-4), s)
	}
}

func (panel Panel) format(v float64) string {
	if !finite(v) {
		return "–"
	}
	if panel.Format == nil {
		return number(v)
	}
	return panel.Format(v)
}

func (p pen) panel(r rect, rows []string, panel Panel) {
	values := span{log: panel.Log}
	room := 0.0
	for i := range min(len(rows), len(panel.Values)) {
		values.addInterval(panel.Values[i])
		room = max(room, bodyStyle.width(panel.format(panel.Values[i].Estimate))*slack)
	}
	if !values.any {
		p.textMid((r.x0+r.x1)/2, (r.y0+r.y1)/2, centre, "no data", axisStyle)
		return
	}
	room = min(room, (r.x1-r.x0)*0.6)
	s := panelScale(values, r.x0+6, r.x1-room-9)
	at := ticks(s.lo, s.hi, max(2, int((s.to-s.from)/38)), s.log)
	if s.log && len(at) > 4 {
		at = slices.DeleteFunc(at, func(v float64) bool { return number(v)[0] != '1' })
	}
	for _, v := range at {
		p.line(stroke{color: grid, width: 0.7}, point{s.at(v), r.y0}, point{s.at(v), r.y1})
	}
	p.line(stroke{color: faint, width: 0.8}, point{r.x0, r.y0}, point{r.x1, r.y0})
	p.bottomAxis(s, r.y0, at)
	for i, name := range rows {
		y := r.y1 - (float64(i)+0.5)*dotsRow
		if i >= len(panel.Values) || !finite(panel.Values[i].Estimate) {
			p.textMid(s.from, y, left, "–", bodyStyle.in(grey))
			continue
		}
		paper := white
		if i%2 == 0 {
			paper = band
		}
		p.dot(s, y, lookOf(name), paper, panel.Values[i], shorten(panel.format(panel.Values[i].Estimate), bodyStyle, room))
	}
}

// panelScale starts a linear axis at 0; a log axis needs a little air.
func panelScale(values span, from, to float64) scale {
	switch {
	case values.log && values.lo == values.hi:
		return scale{values.lo / 2, values.hi * 2, from, to, true}
	case values.log:
		return scale{values.lo / 1.1, values.hi * 1.1, from, to, true}
	case values.lo == 0 && values.hi == 0:
		return scale{0, 1, from, to, false}
	default:
		return scale{min(values.lo, 0), max(values.hi, 0), from, to, false}
	}
}

// dot draws one value, its interval, and its text right of both.
func (p pen) dot(s scale, y float64, l look, paper color.RGBA, v Interval, text string) {
	at := point{s.at(v.Estimate), y}
	end := at.x + 4
	low, high, ok := v.bar()
	if ok && drawable(low, s.log) {
		a, b := point{s.at(low), y}, point{s.at(high), y}
		p.whisker(stroke{color: textColor(l.color), width: 1.3}, a, b, 2.6, 9)
		end = max(end, b.x)
	}
	g := l.glyph
	if !drawable(v.Estimate, s.log) {
		g = ring
	}
	p.mark(g, at, 3.8, l.color)
	// A line of the grid must not run through the number.
	p.fill(paper, rect{end + 3, y - 6, end + 7 + bodyStyle.width(text), y + 6}.corners()...)
	p.textMid(end+5, y, left, text, bodyStyle)
}
