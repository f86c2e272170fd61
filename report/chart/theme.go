package chart

import (
	"hash/fnv"
	"image/color"
	"sync"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
)

// Sizes in points; 8 inches are 576 points, so at 800 pixels a point is 1.4
// pixels and the smallest text, 8.5 points, is 12 pixels high.
const (
	figureWidth  = 576.0
	marginX      = 14.0
	sizeTitle    = 15.5
	sizeSubtitle = 10.5
	sizeBody     = 10.0
	sizeSmall    = 9.0
	sizeNote     = 8.5
	lineFactor   = 1.28 // line distance per text size
)

// rgb is a colour from its hexadecimal number.
func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

var (
	white = rgb(0xFFFFFF)
	ink   = rgb(0x1A1A1A)
	grey  = rgb(0x5F5F5F)
	faint = rgb(0x9A9A9A)
	grid  = rgb(0xE2E2E2)
	band  = rgb(0xF5F6F7)
)

// style is how a piece of text looks.
type style struct {
	size  float64
	bold  bool
	color color.RGBA
}

var (
	titleStyle    = style{sizeTitle, true, ink}
	subtitleStyle = style{sizeSubtitle, false, grey}
	bodyStyle     = style{sizeBody, false, ink}
	boldStyle     = style{sizeBody, true, ink}
	axisStyle     = style{sizeSmall, false, grey}
	noteStyle     = style{sizeNote, false, grey}
)

// fonts holds the two faces in use. A cache of our own rather than the global
// ones of gonum/plot: nothing here can be changed from outside, and nothing
// outside from here.
var fonts = sync.OnceValue(func() [2]font.Face {
	cache := font.NewCache(liberation.Collection())
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	bold := sans
	bold.Weight = xfont.WeightBold
	return [2]font.Face{cache.Lookup(sans, 10), cache.Lookup(bold, 10)}
})

// face is the font of the style at its size.
func (s style) face() font.Face {
	f := fonts()[0]
	if s.bold {
		f = fonts()[1]
	}
	f.Font.Size = font.Points(s.size)
	return f
}

// width is how wide text set in the style is, in points.
func (s style) width(text string) float64 {
	f := s.face()
	return f.Width(text).Points()
}

// leading is the distance of two lines, in points.
func (s style) leading() float64 { return s.size * lineFactor }

// in returns the style in another colour.
func (s style) in(c color.RGBA) style {
	s.color = c
	return s
}

// glyph is the shape of a mark.
type glyph int

const (
	disc glyph = iota
	square
	triangle
	diamond
	nabla
	ring
	box
	hollowDiamond
	hollowTriangle
	cross
	glyphs // how many there are
)

// look is what a name looks like in every chart.
type look struct {
	color color.RGBA
	glyph glyph
	dash  []float64 // on and off lengths in points, nil for a solid line
}

var (
	dashLong  = []float64{7, 2.5}
	dashShort = []float64{3.5, 2}
	dashDot   = []float64{8, 2, 1.5, 2}
	dotted    = []float64{1.5, 1.8}
	dashMixed = []float64{5, 2, 1.5, 2, 1.5, 2}
	dashes    = [][]float64{nil, dashLong, dashShort, dashDot, dotted, dashMixed}
)

// looks is the one table of the execution models and loads.
var looks = map[string]look{
	"serial":       {rgb(0x707070), ring, nil},
	"goroutine":    {rgb(0x0072B2), disc, nil},
	"pool":         {rgb(0x56B4E9), square, dashLong},
	"thread":       {rgb(0xD55E00), triangle, dashShort},
	"gil":          {rgb(0xCC79A7), diamond, dashDot},
	"loop":         {rgb(0xE69F00), nabla, dotted},
	"process-pool": {rgb(0x009E73), box, dashMixed},
	"process":      {rgb(0x00624A), hollowDiamond, []float64{10, 3}},
	// What may run beside them.
	"full":    {rgb(0x5B4B8A), cross, []float64{6, 2}},
	"CPython": {rgb(0x6F7D1E), hollowTriangle, []float64{2, 3}},
}

// others are the colours of names which are not in the table.
var others = []color.RGBA{
	rgb(0x5B4B8A), rgb(0x8A6D3B), rgb(0x2F7F86), rgb(0xA23B4E),
	rgb(0x6F7D1E), rgb(0x333333), rgb(0x3F5FA8), rgb(0xA0522D),
}

// lookOf returns the look of a name. A name which is not in the table gets one
// made from its letters, so that it too looks the same in every chart.
func lookOf(name string) look {
	if l, ok := looks[name]; ok {
		return l
	}
	h := fnv.New32a()
	h.Write([]byte(name)) // never fails
	n := h.Sum32()
	return look{
		color: others[n%uint32(len(others))],
		glyph: glyph(n / 8 % uint32(glyphs)),
		dash:  dashes[n/128%uint32(len(dashes))],
	}
}

// computedLook is that of the n-th series of a chart, if it was computed: those that are
// beside each other always differ, and none is solid.
func computedLook(n int) look {
	return look{color: others[n%len(others)], dash: dashes[1+n%(len(dashes)-1)]}
}

// textColor darkens a light colour until it can be read as text on white.
func textColor(c color.RGBA) color.RGBA {
	for luminance(c) > 0.18 {
		c = mix(c, ink, 0.12)
	}
	return c
}

// mix is a, moved by the share t (0 to 1) towards b.
func mix(a, b color.RGBA, t float64) color.RGBA {
	m := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t + 0.5) }
	return color.RGBA{R: m(a.R, b.R), G: m(a.G, b.G), B: m(a.B, b.B), A: 255}
}

// luminance is the relative luminance of c (0 black to 1 white), with a plain
// square for the sRGB curve.
func luminance(c color.RGBA) float64 {
	s := func(v uint8) float64 { return float64(v) / 255 * float64(v) / 255 }
	return 0.2126*s(c.R) + 0.7152*s(c.G) + 0.0722*s(c.B)
}
