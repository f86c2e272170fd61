package chart

import (
	"cmp"
	"math"
	"slices"
)

// Series is one line of Curves: Y[i] is the speed-up (a factor, above 0) with
// X[i] workers (above 0). Without a Y an X is left out.
//
// One that is Computed has dashes and no marks, as nothing was measured where it turns;
// one of Points has marks and no line, and its name stands at the last of them.
type Series struct {
	Name             string
	X                []float64
	Y                []Interval
	Computed, Points bool
}

// curvesGap is the distance of two names at the line ends, in points.
const curvesGap = 14.0

// Curves draws speed-up by workers, one line per series with error bars and its
// name at the end. The dashed grey line is ideal(x), and nil draws none; its name
// is text.Level. The
// x axis is logarithmic with ticks at the given workers, and at the powers of two
// between them if they are powers of two; the y axis starts at 0,
// or is logarithmic when the numbers differ more than tenfold, or some were computed. The names of
// logarithmic axes say that they are. Series are shifted sideways by a point or two, so that
// equal ones stay visible.
func Curves(text Text, ideal func(x float64) float64, series []Series) *Figure {
	height := max(300, float64(len(series)+1)*curvesGap+90)
	var all []Interval
	for _, s := range series {
		if !s.Computed {
			all = append(all, s.Y...)
		}
	}
	return &Figure{text: text.whiskered(all, true), height: height, body: func(p pen, in rect) {
		c := curves{pen: p, ideal: ideal, level: cmp.Or(text.Level, "ideal")}
		for _, s := range series {
			if l := clean(s); len(l.pts) > 0 {
				switch {
				case s.Computed:
					l.look = computedLook(len(c.lines))
				case s.Points:
					l.look = look{color: ink, glyph: diamond}
				}
				c.lines = append(c.lines, l)
			}
		}
		if len(c.lines) == 0 {
			p.noData(in)
			return
		}
		c.draw(text, in)
	}}
}

// curve is a series without what cannot be drawn.
type curve struct {
	name             string
	look             look
	computed, points bool
	pts              []curvePoint
}

type curvePoint struct {
	x float64
	y Interval
}

func clean(s Series) curve {
	out := curve{name: s.Name, look: lookOf(s.Name), computed: s.Computed, points: s.Points}
	for i := range min(len(s.X), len(s.Y)) {
		if drawable(s.X[i], true) && drawable(s.Y[i].Estimate, true) {
			out.pts = append(out.pts, curvePoint{s.X[i], s.Y[i]})
		}
	}
	slices.SortStableFunc(out.pts, func(a, b curvePoint) int { return cmp.Compare(a.x, b.x) })
	return out
}

type curves struct {
	pen
	ideal func(float64) float64
	level string // the name of ideal
	lines []curve
	ticks []float64 // across
	marks []float64 // up, on a log axis
	x, y  scale
	plot  rect
}

func (c curves) draw(text Text, in rect) {
	var names []string
	for _, l := range c.lines {
		if !l.points {
			names = append(names, l.name)
		}
	}
	gutter := max(widest(names, boldStyle, 120), boldStyle.width(c.level))*slack + 36
	c.plot = rect{in.x0 + 26, in.y0 + 34, in.x1 - gutter, in.y1 - 20}
	c.scales()
	heading := text.Y
	if c.y.log {
		heading = logName(heading)
	}
	c.text(in.x0, in.y1-10, left, heading, axisStyle)
	c.text((c.plot.x0+c.plot.x1)/2, in.y0+4, centre, logName(text.X), axisStyle)
	if c.y.log {
		c.leftAxis(c.y, c.plot, c.marks)
	} else {
		c.leftAxis(c.y, c.plot, ticks(c.y.lo, c.y.hi, 5, false))
	}
	c.line(stroke{color: faint, width: 0.9}, point{c.plot.x0, c.plot.y0}, point{c.plot.x1, c.plot.y0})
	c.bottomAxis(c.x, c.plot.y0, between(c.ticks), number)
	c.drawIdeal()
	for i, l := range c.lines {
		c.drawLine(l, c.shift(i))
	}
	c.names()
}

func (c *curves) scales() {
	xs, ys := span{log: true}, span{log: true}
	for _, l := range c.lines {
		for _, pt := range l.pts {
			xs.add(pt.x)
			ys.addInterval(pt.y)
			if !slices.Contains(c.ticks, pt.x) {
				c.ticks = append(c.ticks, pt.x)
			}
		}
	}
	slices.Sort(c.ticks)
	log := ys.hi > 10*ys.lo || c.computed()
	if c.ideal != nil {
		// A line which is far above everything measured would flatten it.
		for _, x := range c.ticks {
			if v := c.ideal(x); drawable(v, true) && v < 4*ys.hi {
				ys.add(v)
			}
		}
	}
	if xs.lo == xs.hi {
		xs.lo, xs.hi = xs.lo/2, xs.hi*2
	}
	c.x = scale{xs.lo, xs.hi, c.plot.x0 + 14, c.plot.x1 - 10, true}
	c.y = scale{0, ys.hi * 1.06, c.plot.y0, c.plot.y1, false}
	if log {
		var lo, hi float64
		lo, hi, c.marks = outwards(ys.lo, ys.hi, 100)
		c.y = scale{lo, hi, c.plot.y0, c.plot.y1, true}
	}
}

// between adds the powers of two that lie between ticks that all are such: a
// number of workers that was not measured has its place too. Of many ticks over a wide
// range the powers of ten are left.
func between(at []float64) []float64 {
	for _, v := range at {
		if math.Exp2(math.Round(math.Log2(v))) != v {
			if len(at) > 10 && at[len(at)-1] > 1_000*at[0] {
				return decadeTicks(at[0], at[len(at)-1], 1, 1)
			}
			return at
		}
	}
	return doublings(at[0], at[len(at)-1])
}

// computed says whether any line was.
func (c curves) computed() bool {
	return slices.ContainsFunc(c.lines, func(l curve) bool { return l.computed })
}

// shift is how far the series i is moved sideways, in points. What was measured stays on
// what was computed of it.
func (c curves) shift(i int) float64 {
	if c.computed() {
		return 0
	}
	n := float64(len(c.lines))
	step := min(3, 14/n)
	return (float64(i) - (n-1)/2) * step
}

// inside reports whether a height lies in the plot.
func (c curves) inside(v float64) bool { return v >= c.y.lo && v <= c.y.hi }

func (c curves) drawIdeal() {
	if c.ideal == nil {
		return
	}
	const steps = 256
	var pts []point
	for i := range steps + 1 {
		x := c.x.lo * math.Pow(c.x.hi/c.x.lo, float64(i)/steps)
		if v := c.ideal(x); drawable(v, c.y.log) && c.inside(v) {
			pts = append(pts, point{c.x.at(x), c.y.at(v)})
		}
	}
	c.line(stroke{color: faint, width: 1.3, dash: []float64{4, 3}}, pts...)
}

func (c curves) drawLine(l curve, shift float64) {
	colour := l.look.color
	var pts []point
	for _, pt := range l.pts {
		pts = append(pts, point{c.x.at(pt.x) + shift, c.y.at(pt.y.Estimate)})
	}
	if !l.points {
		c.line(stroke{color: colour, width: 1.7, dash: l.look.dash}, pts...)
	}
	if l.computed {
		return
	}
	for i, pt := range l.pts {
		low, high, ok := pt.y.bar()
		if ok && (!c.y.log || low > 0) {
			a, b := point{pts[i].x, c.y.at(low)}, point{pts[i].x, c.y.at(high)}
			c.whisker(stroke{color: textColor(colour), width: 1}, a, b, 2.4, 9)
		}
		c.mark(l.look.glyph, pts[i], 3.6, colour)
		c.says(pts[i], l.name+" at "+number(pt.x), pt.y, ratioFine)
	}
}

// names writes the names of the series, and of the dashed line, right of the plot.
func (c curves) names() {
	type end struct {
		name string
		at   point
		look *look
		bare bool // without a mark
	}
	var ends []end
	if c.ideal != nil {
		if v := c.ideal(c.x.hi); drawable(v, c.y.log) && c.inside(v) {
			ends = append(ends, end{c.level, point{c.x.at(c.x.hi), c.y.at(v)}, nil, true})
		}
	}
	for i, l := range c.lines {
		last := l.pts[len(l.pts)-1]
		at := point{c.x.at(last.x) + c.shift(i), c.y.at(last.y.Estimate)}
		switch {
		case l.name == "":
			continue
		case l.points:
			c.textMid(at.x+8, max(at.y-10, c.plot.y0+7), left, l.name, boldStyle.in(textColor(l.look.color)))
			continue
		}
		ends = append(ends, end{l.name, at, &l.look, l.computed})
	}
	// Equal ends keep the order of the series from top to bottom.
	slices.Reverse(ends)
	want := make([]float64, len(ends))
	for i, e := range ends {
		want[i] = e.at.y
	}
	x := c.plot.x1 + 18
	for i, y := range spread(want, curvesGap, c.plot.y0, c.plot.y1) {
		e := ends[i]
		colour, s := faint, bodyStyle.in(grey)
		if e.look != nil {
			colour, s = e.look.color, boldStyle.in(textColor(e.look.color))
		}
		if !e.bare {
			c.mark(e.look.glyph, point{x + 4, y}, 3.4, colour)
		}
		from := point{max(c.plot.x1+1, e.at.x+6), e.at.y}
		leader := stroke{color: mix(colour, white, 0.35), width: 0.7}
		c.line(leader, from, point{x - 3, y})
		leader.dash = []float64{1, 3} // must not look like more of the line
		c.line(leader, point{e.at.x + 6, e.at.y}, from)
		c.textMid(x+12, y, left, shorten(e.name, s, 120), s)
	}
}
