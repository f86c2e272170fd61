package chart

import (
	"fmt"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// PlanePoint is one measurement of the plane. InFlight is the mean number of
// tasks begun and not yet done (1 or more), CoresBusy the mean number of cores
// at work (0 to all of them).
type PlanePoint struct {
	Model, Workload     string
	InFlight, CoresBusy float64
}

// planeGlyphs tell the workloads apart; the colours of the plane belong to the
// models.
var planeGlyphs = []glyph{disc, hollowDiamond, triangle, box, nabla, ring}

const (
	planeHeight = 316.0
	planeStrip  = 21.0 // the words of the corners stand in strips of this height
	planeMark   = 4.6
	planeMerge  = 9.0 // points nearer than this, in points of the page, are one mark
	planeLabel  = 128.0
)

// Plane draws concurrency (tasks in flight, across, a log axis from 1) against
// parallelism (cores busy, up, 0 to cores). Every workload has a glyph, every
// point the name of its model, and points which coincide share one label.
// Values outside the axes are drawn at their edge. A label for which the plane
// has no room left is not written: some twenty labels fit.
func Plane(text Text, cores int, points []PlanePoint) *Figure {
	cores = max(cores, 1)
	points = slices.DeleteFunc(slices.Clone(points), func(p PlanePoint) bool {
		return !finite(p.InFlight) || !finite(p.CoresBusy)
	})
	return &Figure{text: text, height: planeHeight, body: func(p pen, in rect) {
		if len(points) == 0 {
			p.noData(in)
			return
		}
		plane{pen: p, cores: float64(cores), points: points}.draw(text, in)
	}}
}

type plane struct {
	pen
	cores  float64
	points []PlanePoint
	x, y   scale
	plot   rect // between the two strips
}

func (p plane) draw(text Text, in rect) {
	p.plot = rect{in.x0 + 26, in.y0 + 34 + planeStrip, in.x1, in.y1 - 36 - planeStrip}
	most := 2.0
	for _, pt := range p.points {
		most = max(most, pt.InFlight)
	}
	// A crowd of 8 workers holds 7.99 tasks: the axis ends at 8 all the same.
	if next := math.Exp2(math.Ceil(math.Log2(most))); next < 1.1*most {
		most = next
	}
	p.x = scale{1, most, p.plot.x0 + 16, p.plot.x1 - 26, true}
	p.y = scale{0, p.cores, p.plot.y0 + 9, p.plot.y1 - 13, false}
	workloads := p.workloads()
	p.key(workloads, point{in.x0, in.y1 - 9})
	p.text(in.x0, p.plot.y1+planeStrip+6, left, text.Y, axisStyle)
	p.text((p.plot.x0+p.plot.x1)/2, in.y0+4, centre, logName(text.X), axisStyle)
	p.strips()
	p.axes()
	p.marks(workloads)
}

// workloads in the order of their first point.
func (p plane) workloads() []string {
	var names []string
	for _, pt := range p.points {
		if !slices.Contains(names, pt.Workload) {
			names = append(names, pt.Workload)
		}
	}
	return names
}

func (p plane) key(workloads []string, at point) {
	for i, name := range workloads {
		p.mark(planeGlyphs[i%len(planeGlyphs)], point{at.x + 5, at.y}, planeMark, ink)
		p.textMid(at.x+14, at.y, left, name, bodyStyle)
		at.x += 14 + bodyStyle.width(name)*slack + 18
	}
}

// strips carry the words of the corners above and below the area which points
// can reach, so that no point or label can lie on them.
func (p plane) strips() {
	words := style{11, false, rgb(0x808080)}
	for _, s := range []struct {
		y           float64
		left, right string
	}{
		{p.plot.y1, "parallel", "parallel and concurrent"},
		{p.plot.y0 - planeStrip, "serial", "concurrent"},
	} {
		p.fill(rgb(0xF1F2F4), rect{p.plot.x0, s.y, p.plot.x1, s.y + planeStrip}.corners()...)
		p.textMid(p.plot.x0+8, s.y+planeStrip/2, left, s.left, words)
		p.textMid(p.plot.x1-8, s.y+planeStrip/2, right, s.right, words)
	}
}

func (p plane) axes() {
	taken := []float64{1, p.cores}
	step := math.Ceil(p.cores / 8)
	for v := 0.0; v < p.cores; v += step {
		near := func(o float64) bool { return math.Abs(p.y.at(v)-p.y.at(o)) < 10 }
		if !slices.ContainsFunc(taken, near) {
			taken = append(taken, v)
		}
	}
	for _, v := range taken {
		p.textMid(p.plot.x0-6, p.y.at(v), right, number(v), axisStyle)
	}
	// Only the lines which mean something: no core, one core, all cores.
	for _, v := range []float64{0, 1, p.cores} {
		s := stroke{color: rgb(0xC4C4C4), width: 0.8}
		if v == 0 {
			s.color = grid
		}
		p.line(s, point{p.plot.x0, p.y.at(v)}, point{p.plot.x1, p.y.at(v)})
	}
	p.bottomAxis(p.x, p.plot.y0-planeStrip, doublings(1, p.x.hi), number)
}

// group is one mark: the points of a workload which nearly coincide.
type group struct {
	workload int
	at       point // mean of the members
	names    []string
}

func (p plane) groups(workloads []string) []group {
	var out []group
	for _, pt := range p.points {
		w := slices.Index(workloads, pt.Workload)
		at := point{p.x.at(pt.InFlight), p.y.at(pt.CoresBusy)}
		i := slices.IndexFunc(out, func(g group) bool {
			return g.workload == w && distance(g.at, at) < planeMerge
		})
		if i < 0 {
			out = append(out, group{w, at, []string{pt.Model}})
			continue
		}
		g := &out[i]
		n := float64(len(g.names))
		g.at = point{(g.at.x*n + at.x) / (n + 1), (g.at.y*n + at.y) / (n + 1)}
		g.names = append(g.names, pt.Model)
	}
	return out
}

func (p plane) marks(workloads []string) {
	groups := p.groups(workloads)
	for i, r := range p.arrange(groups) {
		if r != (rect{}) {
			foreign := slices.ContainsFunc(groups, func(g group) bool {
				return g.at != groups[i].at && distance(g.at, r.nearest(g.at)) < distance(groups[i].at, r.nearest(groups[i].at))
			})
			p.label(groups[i], r, nameLines(groups[i].names, bodyStyle, planeLabel), foreign)
		}
	}
	for _, g := range groups { // last, over the leaders
		p.mark(planeGlyphs[g.workload%len(planeGlyphs)], g.at, planeMark, g.color())
	}
	for _, pt := range p.points {
		at := point{p.x.at(pt.InFlight), p.y.at(pt.CoresBusy)}
		text := pt.Model + ", " + pt.Workload + ": " + number(pt.InFlight) + " tasks in flight, " + number(pt.CoresBusy) + " cores busy"
		p.noted.tips = append(p.noted.tips, tip{at, text})
	}
}

// arrange finds a place for each group's label; an empty one where there is no
// room. Which label is placed first decides how well the others fit, so it
// tries a number of orders, always the same ones, and keeps the best.
func (p plane) arrange(groups []group) []rect {
	const orders = 40
	random := rand.New(rand.NewPCG(1, 1))
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	var best []rect
	least := math.Inf(1)
	for range orders {
		if places, cost := p.try(groups, order); cost < least {
			best, least = places, cost
		}
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return best
}

// try places the labels in one order and tells what faults that has.
func (p plane) try(groups []group, order []int) ([]rect, float64) {
	place := placer{bounds: p.plot.grow(-2)}
	for _, v := range []float64{0, 1, p.cores} {
		place.soft = append(place.soft, rect{p.plot.x0, p.y.at(v), p.plot.x1, p.y.at(v)}.grow(1))
	}
	for _, g := range groups {
		place.taken = append(place.taken, around(g.at, planeMark+2))
		place.marks = append(place.marks, g.at)
	}
	places := make([]rect, len(groups))
	for _, i := range order {
		lines := nameLines(groups[i].names, bodyStyle, planeLabel)
		w := widest(lines, bodyStyle, planeLabel) * slack
		places[i], _ = place.place(groups[i].at, w, float64(len(lines))*12)
	}
	return places, place.cost
}

// label writes the names of a group into r, and a lone name in its colour. A line
// leads to the mark where that is far off, or another mark is nearer.
func (p plane) label(g group, r rect, lines []string, foreign bool) {
	if end := r.nearest(g.at); foreign || distance(g.at, end) > nearLabel {
		p.line(stroke{color: faint, width: 0.7}, g.at, end)
	}
	// The text leans towards its mark; r is a little wider than the text.
	align, x := left, r.x0
	switch {
	case r.x1 < g.at.x:
		align, x = right, r.x1
	case r.x0 < g.at.x:
		align, x = centre, (r.x0+r.x1)/2
	}
	for i, line := range lines {
		// A line of the plane must not run through the name.
		w, y := bodyStyle.width(line), r.y1-12*(float64(i)+0.5)
		p.fill(white, rect{x - align*w - 1, y - 5.5, x + (1-align)*w + 1, y + 5.5}.corners()...)
		p.textMid(x, r.y1-12*(float64(i)+0.5), align, line, bodyStyle.in(textColor(g.color())))
	}
}

// color is that of the model, or ink when there are several.
func (g group) color() color.RGBA {
	if len(g.names) > 1 {
		return ink
	}
	return lookOf(g.names[0]).color
}

// nameLines breaks a list of names into lines no wider than width, as few and
// as even as can be. More than eight names become eight and the number of the
// others.
func nameLines(names []string, s style, width float64) []string {
	const most = 8
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("%d more", len(names)-most))
	}
	words := make([]string, len(names))
	for i, name := range names {
		// A name may have spaces; it must not be broken there.
		words[i] = strings.ReplaceAll(shorten(name, s, width*0.9), " ", "\u00a0")
	}
	return wrapEven(strings.Join(words, ", "), s, width)
}
