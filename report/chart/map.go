package chart

import (
	"cmp"
	"image/color"
	"math"
)

// Cell is one field of the map. Value is a factor above 0, and NaN when it was
// not measured; Best marks the best of its column.
type Cell struct {
	Value float64
	Best  bool
}

const (
	mapRow   = 30.0
	mapRoom  = 112.0 // the most the names of the rows may take
	mapInset = 1.2
)

// Map draws the crossover map: a row per model, a column per CPU share, and
// cells[row][column] as a printed factor on a shade which darkens with its
// logarithm. Best cells are framed and bold. Cells which are missing or not
// finite print "–".
func Map(text Text, columns, rows []string, cells [][]Cell) *Figure {
	height := max(float64(len(rows))*mapRow+64, 120)
	return &Figure{text: text, height: height, body: func(p pen, in rect) {
		if len(rows) == 0 || len(columns) == 0 {
			p.noData(in)
			return
		}
		drawMap(p, text, columns, rows, cells, in)
	}}
}

func drawMap(p pen, text Text, columns, rows []string, cells [][]Cell, in rect) {
	names := max(widest(rows, boldStyle, mapRoom), widest([]string{text.Y}, axisStyle, mapRoom))*slack + 10
	w := (in.x1 - in.x0 - names) / float64(len(columns))
	top := in.y1 - 34
	p.text(in.x0+names+(in.x1-in.x0-names)/2, in.y1-10, centre, text.X, axisStyle)
	p.text(in.x0+names-10, top+6, right, shorten(text.Y, axisStyle, mapRoom), axisStyle)
	for i, name := range columns {
		x := in.x0 + names + (float64(i)+0.5)*w
		p.text(x, top+6, centre, shorten(name, boldStyle, w-4), boldStyle)
	}
	shade, framed := shades(cells), false
	for r, name := range rows {
		y := top - float64(r+1)*mapRow
		s := boldStyle.in(textColor(lookOf(name).color))
		p.textMid(in.x0+names-10, y+mapRow/2, right, shorten(name, s, mapRoom), s)
		for i := range columns {
			x := in.x0 + names + float64(i)*w
			cell := cellAt(cells, r, i)
			p.cell(rect{x, y, x + w, y + mapRow}.grow(-mapInset), cell, shade)
			framed = framed || cell.Best
		}
	}
	if framed {
		y := top - float64(len(rows))*mapRow - 14
		x := in.x0 + names + mapInset
		p.outline(stroke{color: ink, width: 2}, rect{x + 1, y - 4, x + 15, y + 4}.corners()...)
		p.textMid(x+21, y, left, cmp.Or(text.Mark, "best of its column"), axisStyle)
	}
}

func cellAt(cells [][]Cell, row, column int) Cell {
	if row < len(cells) && column < len(cells[row]) {
		return cells[row][column]
	}
	return Cell{Value: math.NaN()}
}

func (p pen) cell(r rect, cell Cell, shade func(float64) color.RGBA) {
	x, y := (r.x0+r.x1)/2, (r.y0+r.y1)/2
	if !finite(cell.Value) {
		p.fill(band, r.corners()...)
		p.textMid(x, y, centre, "–", bodyStyle.in(grey))
		return
	}
	back := shade(cell.Value)
	s := style{11.5, cell.Best, ink}
	if luminance(back) < 0.25 {
		s.color = white
	}
	p.fill(back, r.corners()...)
	p.textMid(x, y, centre, shorten(ratio(cell.Value)+"x", s, r.x1-r.x0-2), s)
	if cell.Best {
		p.outline(stroke{color: white, width: 1.2}, r.grow(-2.9).corners()...)
		p.outline(stroke{color: ink, width: 2.6}, r.grow(-1.0).corners()...)
	}
}

// shades maps the values of the map onto one hue from light to dark.
func shades(cells [][]Cell) func(float64) color.RGBA {
	values := span{log: true}
	for _, row := range cells {
		for _, c := range row {
			values.add(c.Value)
		}
	}
	light, middle, dark := rgb(0xEAF2F8), rgb(0x6BAED6), rgb(0x08376B)
	if !values.any {
		return func(float64) color.RGBA { return light }
	}
	s := scale{values.lo, values.hi, 0, 1, true}
	return func(v float64) color.RGBA {
		t := s.at(v)
		if t < 0.5 {
			return mix(light, middle, t*2)
		}
		return mix(middle, dark, t*2-1)
	}
}
