package chart

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// rect is a rectangle on the page, in points, y upwards.
type rect struct{ x0, y0, x1, y1 float64 }

func (r rect) overlaps(o rect) bool {
	return r.x0 < o.x1 && o.x0 < r.x1 && r.y0 < o.y1 && o.y0 < r.y1
}

func (r rect) inside(o rect) bool {
	return r.x0 >= o.x0 && r.x1 <= o.x1 && r.y0 >= o.y0 && r.y1 <= o.y1
}

// nearest is the place in r which is nearest to a.
func (r rect) nearest(a point) point {
	return point{min(max(a.x, r.x0), r.x1), min(max(a.y, r.y0), r.y1)}
}

// grow returns r with a border of d around it.
func (r rect) grow(d float64) rect { return rect{r.x0 - d, r.y0 - d, r.x1 + d, r.y1 + d} }

// around is the square of the radius d about a.
func around(a point, d float64) rect { return rect{a.x, a.y, a.x, a.y}.grow(d) }

// placer finds free places for labels.
type placer struct {
	bounds rect
	taken  []rect  // never covered
	soft   []rect  // covered only when there is no other place
	marks  []point // all that is named: a label should stand nearest to its own
	lines  [][2]point
	cost   float64 // how far the labels lie from what they name, and worse faults
}

// The costs of faults, in points of distance.
const (
	costSoft    = 10   // a label covers something soft
	costCrossed = 300  // a leader runs through a label or over another leader
	costForeign = 40   // a label stands nearer to another mark than to its own
	costMissing = 1000 // a label has no place
)

// nearLabel is the distance in points from which a label needs a leader line.
const nearLabel = 13

// directions in the order in which readers expect a label.
var directions = []point{{1, 0}, {1, 1}, {1, -1}, {-1, 0}, {-1, 1}, {-1, -1}, {0, 1}, {0, -1}}

// place takes a free place of the size w by h near a, and reports false when
// the bounds hold none.
func (p *placer) place(a point, w, h float64) (rect, bool) {
	for _, strict := range []bool{true, false} {
		for _, r := range p.candidates(a, w, h) {
			if !p.free(r, strict) || !p.reachable(a, r) || strict && !p.owns(a, r) {
				continue
			}
			p.take(a, r)
			if !strict {
				p.cost += costSoft
			}
			return r, true
		}
	}
	places := p.everywhere(a, w, h)
	for _, anyhow := range []bool{false, true} {
		for _, r := range places {
			if p.free(r, false) && (anyhow || p.reachable(a, r)) {
				p.take(a, r)
				if p.cost += costSoft; anyhow {
					p.cost += costCrossed
				}
				return r, true
			}
		}
	}
	p.cost += costMissing
	return rect{}, false
}

// owns says that a label in r is nearer to its own mark a than to any other.
func (p *placer) owns(a point, r rect) bool {
	own := distance(a, r.nearest(a))
	return !slices.ContainsFunc(p.marks, func(m point) bool { return m != a && distance(m, r.nearest(m)) < own })
}

func (p *placer) take(a point, r rect) {
	p.taken = append(p.taken, r)
	p.cost += distance(a, r.nearest(a))
	if !p.owns(a, r) {
		p.cost += costForeign
	}
	if end := r.nearest(a); distance(a, end) > nearLabel {
		p.lines = append(p.lines, [2]point{a, end})
	}
}

func (p *placer) candidates(a point, w, h float64) []rect {
	var out []rect
	for _, gap := range []float64{8, 12, 18, 26, 36, 48, 64, 84, 110} {
		for _, d := range directions {
			reach := gap
			if d.x != 0 && d.y != 0 {
				reach *= 0.75 // a diagonal gap is longer than its sides
			}
			x := a.x + d.x*reach + (d.x-1)/2*w
			y := a.y + d.y*reach + (d.y-1)/2*h
			out = append(out, rect{x, y, x + w, y + h})
		}
	}
	return out
}

// everywhere is a raster of places over the whole bounds, nearest first.
func (p *placer) everywhere(a point, w, h float64) []rect {
	var out []rect
	for y := p.bounds.y0; y+h <= p.bounds.y1; y += h / 2 {
		for x := p.bounds.x0; x+w <= p.bounds.x1; x += max(w/4, 4) {
			out = append(out, rect{x, y, x + w, y + h})
		}
	}
	slices.SortStableFunc(out, func(r, s rect) int {
		return cmp.Compare(distance(a, r.nearest(a)), distance(a, s.nearest(a)))
	})
	return out
}

func (p *placer) free(r rect, strict bool) bool {
	hit := func(o rect) bool { return r.overlaps(o) }
	if !r.inside(p.bounds) || slices.ContainsFunc(p.taken, hit) {
		return false
	}
	if slices.ContainsFunc(p.lines, func(l [2]point) bool { return crosses(l[0], l[1], r) }) {
		return false
	}
	return !strict || !slices.ContainsFunc(p.soft, hit)
}

// reachable reports whether a leader from a to r runs through nothing taken
// and over no other leader.
// What lies about a itself is the mark the leader starts from.
func (p *placer) reachable(a point, r rect) bool {
	end := r.nearest(a)
	if distance(a, end) <= nearLabel {
		return true
	}
	return !slices.ContainsFunc(p.taken, func(o rect) bool {
		return o.nearest(a) != a && crosses(a, end, o)
	}) && !slices.ContainsFunc(p.lines, func(l [2]point) bool {
		return side(a, end, l[0]) != side(a, end, l[1]) && side(l[0], l[1], a) != side(l[0], l[1], end)
	})
}

// side reports on which side of the line from a to b p lies.
func side(a, b, p point) bool { return (b.x-a.x)*(p.y-a.y) > (b.y-a.y)*(p.x-a.x) }

func distance(a, b point) float64 { return math.Hypot(a.x-b.x, a.y-b.y) }

// crosses reports whether the line from a to b runs through r: it cuts off what
// lies beyond each side of r and sees whether anything is left.
func crosses(a, b point, r rect) bool {
	from, to := 0.0, 1.0
	for _, c := range [4][2]float64{ // how fast and how far to each side
		{a.x - b.x, a.x - r.x0},
		{b.x - a.x, r.x1 - a.x},
		{a.y - b.y, a.y - r.y0},
		{b.y - a.y, r.y1 - a.y},
	} {
		switch speed, room := c[0], c[1]; {
		case speed == 0 && room <= 0:
			return false
		case speed < 0:
			from = max(from, room/speed)
		case speed > 0:
			to = min(to, room/speed)
		}
	}
	return from < to
}

// spread moves the wanted heights as little as possible (in least squares) so
// that they are gap apart and lie between lo and hi. If they cannot all fit,
// they keep the gap and run over hi.
func spread(want []float64, gap, lo, hi float64) []float64 {
	order := make([]int, len(want))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(want[a], want[b]) })

	// Less i gaps each, the heights only have to rise: pool neighbours which
	// do not.
	type run struct {
		sum float64
		n   int
	}
	var runs []run
	for i, k := range order {
		runs = append(runs, run{want[k] - float64(i)*gap, 1})
		for n := len(runs); n > 1 && runs[n-2].sum*float64(runs[n-1].n) > runs[n-1].sum*float64(runs[n-2].n); n = len(runs) {
			runs[n-2] = run{runs[n-2].sum + runs[n-1].sum, runs[n-2].n + runs[n-1].n}
			runs = runs[:n-1]
		}
	}
	top := hi - float64(len(want)-1)*gap
	out := make([]float64, len(want))
	i := 0
	for _, r := range runs {
		for range r.n {
			out[order[i]] = max(min(r.sum/float64(r.n), top), lo) + float64(i)*gap
			i++
		}
	}
	return out
}

// wrap breaks text at spaces into lines no wider than width points; a single
// word which is too wide is shortened.
func wrap(text string, s style, width float64) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines); n > 0 && s.width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, shorten(word, s, width))
	}
	return lines
}

// wrapEven wraps into as few lines as wrap does, as equally long as can be, so
// that no word stands alone on the last one.
func wrapEven(text string, s style, width float64) []string {
	lines := wrap(text, s, width)
	low, high := width/2, width
	for range 12 {
		middle := (low + high) / 2
		even := wrap(text, s, middle)
		if len(even) == len(lines) && !cut(even) {
			lines, high = even, middle
		} else {
			low = middle
		}
	}
	return lines
}

// cut reports whether a line had to be shortened.
func cut(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "…") })
}

// shorten cuts text to width points and marks the cut with "…".
func shorten(text string, s style, width float64) string {
	if s.width(text) <= width {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n > 0; n-- {
		if cut := strings.TrimRight(string(runes[:n]), " ,-(") + "…"; s.width(cut) <= width {
			return cut
		}
	}
	return "…"
}

// widest is the width of the widest of the texts, at most limit points.
func widest(texts []string, s style, limit float64) float64 {
	w := 0.0
	for _, t := range texts {
		w = max(w, s.width(t))
	}
	return min(w, limit)
}
