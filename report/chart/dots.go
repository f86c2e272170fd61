package chart

import (
	"image/color"
	"strings"
)

// Panel is one column of Dots. Values has one interval per row, in the unit
// the title names; on a log axis they must be above 0, and what is not lies at
// its left end, hollow. Format prints a value and Tick a number at the axis; nil
// prints a short number. All
// panels that are Shared have the same axis, so that they can be compared; they
// must agree in Log.
type Panel struct {
	Title  string
	Log    bool
	Shared bool
	Values []Interval
	Format func(float64) string
	Tick   func(float64) string
}

const (
	dotsRow   = 21.0
	dotsRoom  = 104.0 // the most the names of the rows may take
	dotsSpace = 14.0  // between two panels
)

// Dots draws one row per name and one panel per measure (one to four fit well),
// each with an axis of its own unless it is Shared, the dot, its interval and the
// printed value. Under a log axis stands that it is one. Rows of which the names
// are equal up to a comma are of one family: they have one colour and mark, and a
// band together.
func Dots(text Text, rows []string, panels []Panel) *Figure {
	titles := 0.0
	w := dotsWidth(rows, len(panels))
	for _, panel := range panels {
		titles = max(titles, float64(len(wrap(panel.Title, boldStyle, w/slack)))*boldStyle.leading())
	}
	height := max(float64(len(rows))*dotsRow+titles+24+axisRoom(text.X+text.Y+logWords(panels)), 120)
	var all []Interval
	for _, panel := range panels {
		all = append(all, panel.Values...)
	}
	return &Figure{text: text.whiskered(all, true), height: height, body: func(p pen, in rect) {
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
			values, room := scope(panels, i, len(rows))
			p.panel(r, rows, panel, values, room)
			if panel.Log && values.any {
				p.text((r.x0+r.x1)/2, r.y0-25, centre, "log scale", axisStyle)
			}
		}
	}}
}

// dotsWidth is the width of a panel when n stand beside the names of the rows.
func dotsWidth(rows []string, n int) float64 {
	names := widest(rows, boldStyle, dotsRoom)*slack + 8
	n = max(n, 1)
	return (figureWidth - 2*marginX - names - dotsSpace*float64(n-1)) / float64(n)
}

// logWords is what stands under the panels.
func logWords(panels []Panel) string {
	for _, panel := range panels {
		if panel.Log {
			return "log scale"
		}
	}
	return ""
}

// family is a row's name up to its comma.
func family(row string) string {
	name, _, _ := strings.Cut(row, ",")
	return name
}

// shaded says for each row whether it lies on a band: every other family does.
func shaded(rows []string) []bool {
	all := make([]bool, len(rows))
	for i := range rows {
		switch {
		case i == 0:
			all[i] = true
		case family(rows[i]) == family(rows[i-1]):
			all[i] = all[i-1]
		default:
			all[i] = !all[i-1]
		}
	}
	return all
}

// rowNames writes the names of rows at the left, on bands which lead the eye.
func (p pen) rowNames(r rect, rows []string, width float64) {
	shade := shaded(rows)
	for i, name := range rows {
		y := r.y1 - float64(i)*dotsRow
		if shade[i] {
			p.fill(band, rect{r.x0, y - dotsRow, r.x1, y}.corners()...)
		}
		s := boldStyle.in(textColor(lookOf(family(name)).color))
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

// scope is the range of panel i's axis, and the room that its numbers need: those
// of all panels that it shares its axis with.
func scope(panels []Panel, i, rows int) (values span, room float64) {
	values.log = panels[i].Log
	for k, panel := range panels {
		if k != i && !(panel.Shared && panels[i].Shared) {
			continue
		}
		for _, v := range panel.Values[:min(rows, len(panel.Values))] {
			values.addInterval(v)
			room = max(room, bodyStyle.width(panel.format(v.Estimate))*slack)
		}
	}
	return values, room
}

func (p pen) panel(r rect, rows []string, panel Panel, values span, room float64) {
	if !values.any {
		p.textMid((r.x0+r.x1)/2, (r.y0+r.y1)/2, centre, "no data", axisStyle)
		return
	}
	room = min(room, (r.x1-r.x0)*0.6)
	s, at := panelScale(values, r.x0+6, r.x1-room-9)
	for _, v := range at {
		p.line(stroke{color: grid, width: 0.7}, point{s.at(v), r.y0}, point{s.at(v), r.y1})
	}
	p.line(stroke{color: faint, width: 0.8}, point{r.x0, r.y0}, point{r.x1, r.y0})
	tick := panel.Tick
	if tick == nil {
		tick = number
	}
	p.bottomAxis(s, r.y0, evenly(s, at, tick), tick)
	shade := shaded(rows)
	for i, name := range rows {
		y := r.y1 - (float64(i)+0.5)*dotsRow
		if i >= len(panel.Values) || !finite(panel.Values[i].Estimate) {
			p.textMid(s.from, y, left, "–", bodyStyle.in(grey))
			continue
		}
		paper := white
		if shade[i] {
			paper = band
		}
		p.says(point{s.at(panel.Values[i].Estimate), y}, name, panel.Values[i], panel.format)
		p.dot(s, y, lookOf(family(name)), paper, panel.Values[i], shorten(panel.format(panel.Values[i].Estimate), bodyStyle, room))
	}
}

// panelScale is a panel's axis with its ticks. A linear one starts at 0, and all
// values lie between the first and the last tick.
func panelScale(values span, from, to float64) (scale, []float64) {
	if values.log {
		lo, hi, at := outwards(values.lo, values.hi, 5)
		return scale{lo, hi, from, to, true}, at
	}
	lo, hi := min(values.lo, 0), max(values.hi, 0)
	if lo == hi {
		hi = 1
	}
	lo, hi, at := outwardsLinear(lo, hi, max(2, int((to-from)/45)))
	return scale{lo, hi, from, to, false}, at
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
