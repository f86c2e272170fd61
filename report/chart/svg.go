package chart

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
)

// slack is the share of room added to text which must not touch its neighbour.
// The SVG fixes the width of every text, but some viewers ignore that and take
// a wider font.
const slack = 1.2

// families are the fonts an SVG viewer may use; the first three have the same
// letter widths.
const families = `font-family:'Liberation Sans',Arial,Helvetica,sans-serif`

var (
	svgText = regexp.MustCompile(`<text x="([^"]*)" ([^>]*?)\s*style="([^"]*)">([^<]*)</text>`)
	svgSize = regexp.MustCompile(`font-size:([0-9.]+)px`)
	svgOpen = regexp.MustCompile(`(<svg [^>]*)>`)
)

// anchors are the names SVG has for alignments.
var anchors = map[float64]string{left: "start", centre: "middle", right: "end"}

// portable makes a drawing of vgsvg independent of the fonts of its viewer: it
// lists substitutes, gives every text the width it was laid out with, and
// anchors it at the end it was aligned to. It also names the picture for readers who
// cannot see it, and lets points tell their values.
func portable(svg []byte, text Text, noted notes) []byte {
	aligns := noted.aligns
	n := -1
	svg = svgText.ReplaceAllFunc(svg, func(m []byte) []byte {
		n++
		part := svgText.FindSubmatch(m)
		x, errX := strconv.ParseFloat(string(part[1]), 64)
		size, errSize := strconv.ParseFloat(string(svgSize.FindSubmatch(part[3])[1]), 64)
		if errX != nil || errSize != nil || n >= len(aligns) {
			return m
		}
		s := style{size: size, bold: bytes.Contains(part[3], []byte("font-weight:bold"))}
		css := bytes.Replace(part[3], []byte("font-family:Liberation Sans"), []byte(families), 1)
		css = bytes.Replace(css, []byte("font-variant:normal;"), nil, 1)
		css = bytes.Replace(css, []byte("font-style:normal;"), nil, 1)
		width := s.width(html.UnescapeString(string(part[4])))
		return fmt.Appendf(nil, `<text x="%.2f" %s text-anchor="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs" style="%s">%s</text>`,
			x+aligns[n]*width, part[2], anchors[aligns[n]], width, css, part[4])
	})
	name := fmt.Sprintf("$1 role=\"img\">\n<title>%s</title>\n<desc>%s</desc>",
		escape(text.Title), escape(text.Subtitle))
	svg = svgOpen.ReplaceAll(svg, []byte(name))
	end := bytes.LastIndex(svg, []byte("</g>")) // of what is drawn, whose coordinates points have
	if end < 0 {
		return svg
	}
	var tips bytes.Buffer
	for _, t := range noted.tips {
		fmt.Fprintf(&tips, "<circle class=\"point\" cx=\"%.2f\" cy=\"%.2f\" r=\"6\" fill=\"transparent\"><title>%s</title></circle>\n",
			t.at.x, t.at.y, html.EscapeString(t.text))
	}
	return slices.Concat(svg[:end], tips.Bytes(), svg[end:])
}

// escape makes text safe as XML and as the replacement of a regular expression.
func escape(text string) string {
	return regexp.MustCompile(`\$`).ReplaceAllLiteralString(html.EscapeString(text), "$$")
}
