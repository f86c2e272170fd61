package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// point is a place on the page, in points from its lower left corner.
type point struct{ x, y float64 }

// pen draws on a page. All lengths are points.
type pen struct {
	c     draw.Canvas
	noted *notes
}

// notes are what an SVG is to say besides what is drawn.
type notes struct {
	aligns []float64 // of every text, in their order
	tips   []tip
}

// A tip is what a point says where a mouse rests on it.
type tip struct {
	at   point
	text string
}

// says lets a point tell its value and interval in a viewer that shows such things.
func (p pen) says(at point, name string, v Interval, format func(float64) string) {
	text := name + ": " + format(v.Estimate)
	if low, high, ok := v.bar(); ok {
		text += " (" + format(low) + " to " + format(high) + ")"
	}
	p.noted.tips = append(p.noted.tips, tip{at, text})
}

// How text lies about the x it is given.
const (
	left   = 0.0
	centre = 0.5
	right  = 1.0
)

// text sets one line with its baseline at y.
func (p pen) text(x, y, align float64, text string, s style) {
	if text == "" {
		return
	}
	p.c.SetColor(s.color)
	at := vg.Point{X: vg.Points(x - align*s.width(text)), Y: vg.Points(y)}
	p.c.FillString(s.face(), at, text)
	p.noted.aligns = append(p.noted.aligns, align)
}

// textMid sets one line with the middle of its capitals at y.
func (p pen) textMid(x, y, align float64, text string, s style) {
	p.text(x, y-0.35*s.size, align, text, s)
}

// stroke is how a line looks.
type stroke struct {
	color color.RGBA
	width float64
	dash  []float64
}

// line draws a polyline.
func (p pen) line(s stroke, pts ...point) {
	if len(pts) < 2 {
		return
	}
	dash := make([]vg.Length, len(s.dash))
	for i, d := range s.dash {
		dash[i] = vg.Points(d)
	}
	p.c.SetLineStyle(draw.LineStyle{Color: s.color, Width: vg.Points(s.width), Dashes: dash})
	p.c.Stroke(path(pts, false))
}

// fill fills a polygon.
func (p pen) fill(c color.RGBA, pts ...point) {
	p.c.SetColor(c)
	p.c.Fill(path(pts, true))
}

// outline draws the border of a polygon.
func (p pen) outline(s stroke, pts ...point) {
	if len(pts) > 1 {
		// The drawing library joins the two ends badly: hide the seam on an edge.
		a, b := pts[len(pts)-1], pts[0]
		pts = append([]point{{(a.x + b.x) / 2, (a.y + b.y) / 2}}, pts...)
	}
	p.c.SetLineStyle(draw.LineStyle{Color: s.color, Width: vg.Points(s.width)})
	p.c.Stroke(path(pts, true))
}

func path(pts []point, closed bool) vg.Path {
	var out vg.Path
	for i, pt := range pts {
		at := vg.Point{X: vg.Points(pt.x), Y: vg.Points(pt.y)}
		if i == 0 {
			out.Move(at)
		} else {
			out.Line(at)
		}
	}
	if closed {
		out.Close()
	}
	return out
}

// corners is the rectangle as a polygon.
func (r rect) corners() []point {
	return []point{{r.x0, r.y0}, {r.x1, r.y0}, {r.x1, r.y1}, {r.x0, r.y1}}
}

// mark draws a glyph of the radius r. Hollow glyphs are filled with white, so
// that a line does not run through them.
func (p pen) mark(g glyph, at point, r float64, c color.RGBA) {
	border := stroke{color: c, width: r * 0.42}
	switch g {
	case disc:
		p.circle(at, r, c)
	case ring:
		p.circle(at, r*1.1, c)
		p.circle(at, r*0.62, white)
	case cross:
		d := r * 0.85
		border.width = r * 0.55
		p.line(border, point{at.x - d, at.y - d}, point{at.x + d, at.y + d})
		p.line(border, point{at.x - d, at.y + d}, point{at.x + d, at.y - d})
	case box, hollowDiamond, hollowTriangle:
		solid := map[glyph]glyph{box: square, hollowDiamond: diamond, hollowTriangle: triangle}[g]
		pts := shape(solid, at, r*0.92)
		p.fill(white, pts...)
		p.outline(border, pts...)
	default:
		p.fill(c, shape(g, at, r)...)
	}
}

func (p pen) circle(at point, r float64, c color.RGBA) {
	var out vg.Path
	centre := vg.Point{X: vg.Points(at.x), Y: vg.Points(at.y)}
	out.Move(vg.Point{X: centre.X + vg.Points(r), Y: centre.Y})
	out.Arc(centre, vg.Points(r), 0, 2*math.Pi)
	out.Close()
	p.c.SetColor(c)
	p.c.Fill(out)
}

// shape is the outline of a glyph with corners; the radii differ so that all
// look equally large.
func shape(g glyph, at point, r float64) []point {
	polar := map[glyph]struct {
		n     int
		start float64
		scale float64
	}{
		square:   {4, math.Pi / 4, 1.22},
		diamond:  {4, 0, 1.3},
		triangle: {3, math.Pi / 2, 1.38},
		nabla:    {3, -math.Pi / 2, 1.38},
	}[g]
	pts := make([]point, polar.n)
	for i := range pts {
		sin, cos := math.Sincos(polar.start + 2*math.Pi*float64(i)/float64(polar.n))
		pts[i] = point{at.x + r*polar.scale*cos, at.y + r*polar.scale*sin}
	}
	return pts
}

// whisker draws an error bar from a to b with caps across it. A bar shorter
// than least gets none: they would be a blot, or hide behind the mark.
func (p pen) whisker(s stroke, a, b point, cap, least float64) {
	dx, dy := cap, 0.0
	if a.y == b.y {
		dx, dy = 0, cap
	}
	p.line(s, a, b)
	if distance(a, b) >= least {
		p.line(s, point{a.x - dx, a.y - dy}, point{a.x + dx, a.y + dy})
		p.line(s, point{b.x - dx, b.y - dy}, point{b.x + dx, b.y + dy})
	}
}

// noData draws the frame of a chart which has nothing to show.
func (p pen) noData(in rect) {
	p.outline(stroke{color: grid, width: 1}, in.corners()...)
	p.textMid((in.x0+in.x1)/2, (in.y0+in.y1)/2, centre, "no data", axisStyle)
}
