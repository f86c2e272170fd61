package chart

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// resolution of the PNG in dots per inch: 8 inches become 1536 pixels.
const resolution = 192

// Figure is a chart which is ready to be saved. It is 8 inches wide and as high
// as its content needs.
type Figure struct {
	text   Text
	height float64 // of the body, in points
	body   func(p pen, in rect)

	once   sync.Once // a report writes the SVG twice
	svg    []byte
	svgErr error
}

// Save writes name.svg and name.png into the directory dir, which must exist.
// The same figure always gives the same bytes. An error names the file which
// could not be written and why.
func (f *Figure) Save(dir, name string) error {
	picture, err := f.png()
	if err != nil {
		return fmt.Errorf("chart: encode %s: %w", filepath.Join(dir, name+".png"), err)
	}
	drawing, err := f.SVG()
	if err != nil {
		return fmt.Errorf("chart: encode %s: %w", filepath.Join(dir, name+".svg"), err)
	}
	if err := write(filepath.Join(dir, name+".svg"), drawing); err != nil {
		return err
	}
	return write(filepath.Join(dir, name+".png"), picture)
}

func write(file string, data []byte) error {
	err := os.WriteFile(file, data, 0o644)
	if err == nil {
		return nil
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err // it would name the file a second time
	}
	return fmt.Errorf("chart: write %s: %w", file, err)
}

func (f *Figure) png() ([]byte, error) {
	h := f.header()
	total := f.total(h)
	c := vgimg.NewWith(vgimg.UseWH(vg.Points(figureWidth), vg.Points(total)), vgimg.UseDPI(resolution), vgimg.UseBackgroundColor(white))
	f.draw(pen{draw.New(c), new(notes)}, h, total)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.DefaultCompression}
	err := encoder.Encode(&out, c.Image())
	return out.Bytes(), err
}

// SVG is the picture as Save writes it into name.svg.
func (f *Figure) SVG() ([]byte, error) {
	f.once.Do(func() { f.svg, f.svgErr = f.drawSVG() })
	return f.svg, f.svgErr
}

func (f *Figure) drawSVG() ([]byte, error) {
	h := f.header()
	total := f.total(h)
	c := vgsvg.New(vg.Points(figureWidth), vg.Points(total))
	var noted notes
	p := pen{draw.New(c), &noted}
	// A page of its own: a viewer in dark mode would put dark under dark text.
	p.fill(white, rect{0, 0, figureWidth, total}.corners()...)
	f.draw(p, h, total)
	var out bytes.Buffer
	if _, err := c.WriteTo(&out); err != nil {
		return nil, err
	}
	return portable(out.Bytes(), f.text, noted), nil
}

// Spaces of the page, in points.
const (
	spaceTop    = 14.0
	spaceTitle  = 3.0
	spaceHeader = 12.0 // between the titles and the body
	spaceBottom = 12.0
)

type header struct{ title, subtitle, note []string }

func (f *Figure) header() header {
	room := (figureWidth - 2*marginX) / 1.03 // a substituted font may be a little wider
	return header{
		title:    wrapEven(f.text.Title, titleStyle, room),
		subtitle: wrap(f.text.Subtitle, subtitleStyle, room),
		note:     wrap(f.text.Note, noteStyle, room),
	}
}

// above is the height of the titles, below that of the note.
func (h header) above() float64 {
	return spaceTop + spaceTitle + spaceHeader + float64(len(h.title))*titleStyle.leading() +
		float64(len(h.subtitle))*subtitleStyle.leading()
}

func (h header) below() float64 {
	return spaceBottom + float64(len(h.note))*noteStyle.leading()
}

// total is the height of the page, in whole pixels of the PNG.
func (f *Figure) total(h header) float64 {
	pixel := 72.0 / resolution
	return pixel * float64(int((h.above()+f.height+h.below())/pixel+0.5))
}

func (f *Figure) draw(p pen, h header, total float64) {
	y := total - spaceTop
	put := func(lines []string, s style) {
		for _, line := range lines {
			p.text(marginX, y-s.size, left, line, s)
			y -= s.leading()
		}
	}
	put(h.title, titleStyle)
	y -= spaceTitle
	put(h.subtitle, subtitleStyle)
	f.body(p, rect{marginX, h.below(), figureWidth - marginX, total - h.above()})
	y = h.below() - 3
	put(h.note, noteStyle)
}
