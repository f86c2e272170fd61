package chart

import "slices"

// A CurvesPanel is one of Multiples: a few lines under a name.
type CurvesPanel struct {
	Title  string
	Series []Series
}

// Sizes of Multiples, in points.
const (
	multipleHeight = 150.0 // of a panel's plot
	multipleHead   = 30.0  // its name
	multipleFoot   = 36.0  // the numbers and the name of its axis
	multipleAxis   = 30.0  // the numbers beside it
	multipleGap    = 12.0  // to the next one
	legendRow      = 16.0
	legendSample   = 30.0 // of a line, in the legend
)

// Multiples draws panels of curves side by side, three in a row at most, all on the
// same two axes. Lines of one name look the same in all panels, and the legend above
// names each once, in the order in which they first occur. Axes are as those of Curves.
func Multiples(text Text, panels []CurvesPanel) *Figure {
	m := multiples{looks: map[string]look{}, text: text}
	var all []Interval
	for _, p := range panels {
		var lines []curve
		for _, s := range p.Series {
			all = append(all, s.Y...)
			if l := clean(s); len(l.pts) > 0 {
				l.look = m.lookOf(l.name)
				lines = append(lines, l)
			}
		}
		if len(lines) > 0 {
			m.titles, m.panels = append(m.titles, p.Title), append(m.panels, lines)
		}
	}
	m.columns = max(1, min(3, len(m.panels)))
	m.rows = max(1, (len(m.panels)+m.columns-1)/m.columns)
	m.legend = m.legendRows()
	height := 20 + legendRow*float64(len(m.legend)) + float64(m.rows)*(multipleHeight+multipleHead+multipleFoot)
	return &Figure{text: text.whiskered(all, true), height: height, body: m.draw}
}

// multiples is what is drawn.
type multiples struct {
	text          Text
	titles        []string
	panels        [][]curve
	names         []string // of lines, in the order of the legend
	looks         map[string]look
	legend        [][]string
	rows, columns int
}

// lookOf is that of every chart where the name is a model's. Names of other things differ
// from chart to chart: they get the shapes and patterns in turn, so that no two of them
// look alike as long as there are enough.
func (m *multiples) lookOf(name string) look {
	if l, ok := m.looks[name]; ok {
		return l
	}
	l, known := looks[name]
	if !known {
		n := len(m.names)
		l = look{others[n%len(others)], glyph(n % int(glyphs)), dashes[n%len(dashes)]}
	}
	m.names, m.looks[name] = append(m.names, name), l
	return l
}

// legendRows breaks the legend into rows.
func (m multiples) legendRows() [][]string {
	var all [][]string
	free := 0.0
	for _, name := range m.names {
		room := m.legendRoom(name)
		if free < room {
			all, free = append(all, nil), figureWidth-2*marginX
		}
		all[len(all)-1] = append(all[len(all)-1], name)
		free -= room
	}
	return all
}

func (m multiples) legendRoom(name string) float64 {
	return legendSample + 22 + boldStyle.width(shorten(name, boldStyle, 200))*slack
}

func (m multiples) draw(p pen, in rect) {
	if len(m.panels) == 0 {
		p.noData(in)
		return
	}
	y := in.y1 - 6
	for _, row := range m.legend {
		x := in.x0
		for _, name := range row {
			l := m.looks[name]
			p.line(stroke{color: l.color, width: 1.7, dash: l.dash}, point{x, y}, point{x + legendSample, y})
			p.mark(l.glyph, point{x + legendSample/2, y}, 3.6, l.color)
			s := boldStyle.in(textColor(l.color))
			p.textMid(x+legendSample+6, y, left, shorten(name, s, 200), s)
			x += m.legendRoom(name)
		}
		y -= legendRow
	}
	width := (in.x1 - in.x0 - multipleGap*float64(m.columns-1)) / float64(m.columns)
	shared := curves{pen: p, lines: slices.Concat(m.panels...)}
	shared.scales()
	top := y - 2
	for i := range m.panels {
		x := in.x0 + float64(i%m.columns)*(width+multipleGap)
		from := top - float64(i/m.columns)*(multipleHeight+multipleHead+multipleFoot)
		c := shared
		c.lines = m.panels[i]
		c.plot = rect{x + multipleAxis, from - multipleHead - multipleHeight, x + width, from - multipleHead}
		c.x.from, c.x.to = c.plot.x0+12, c.plot.x1-10
		c.y.from, c.y.to = c.plot.y0, c.plot.y1
		c.panel(m.titles[i], m.text)
	}
}

// panel draws one of several plots.
func (c curves) panel(title string, text Text) {
	heading := text.Y
	at := ticks(c.y.lo, c.y.hi, 5, false)
	if c.y.log {
		heading, at = logName(heading), c.marks
	}
	room := c.plot.x1 - c.plot.x0 + multipleAxis
	c.text(c.plot.x0-multipleAxis, c.plot.y1+22, left, shorten(title, boldStyle, room), boldStyle)
	c.text(c.plot.x0-multipleAxis, c.plot.y1+10, left, shorten(heading, noteStyle, room), noteStyle)
	c.text((c.plot.x0+c.plot.x1)/2, c.plot.y0-26, centre, logName(text.X), noteStyle)
	c.leftAxis(c.y, c.plot, at)
	c.line(stroke{color: faint, width: 0.9}, point{c.plot.x0, c.plot.y0}, point{c.plot.x1, c.plot.y0})
	c.bottomAxis(c.x, c.plot.y0, evenly(c.x, between(c.ticks), number), number)
	for i, l := range c.lines {
		c.drawLine(l, c.shift(i))
	}
}
