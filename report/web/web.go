// Package web makes one self-contained page of HTML out of a report in Markdown and its
// pictures. It needs no network and no script to be read: pictures stand in it as SVG, with
// what their points say where a mouse rests on them. A small script lets a reader filter the table of claims
// by verdict; where it does not run, nothing is missing but that. Everything here is a pure
// function.
package web

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	markup "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

//go:embed page.html
var pageText string

//go:embed style.css
var style string

//go:embed filter.js
var script string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// An Entry is a line of the contents.
type Entry struct{ ID, Title string }

// titled are headings of the second level that can be linked to: an anchor, and the heading.
var titled = regexp.MustCompile(`(?m)^<a id="([^"]+)"></a>\n\n## (.+)$`)

// Contents are the sections of a report in Markdown that can be linked to, in their order.
func Contents(markdown string) (all []Entry) {
	for _, s := range titled.FindAllStringSubmatch(markdown, -1) {
		all = append(all, Entry{s[1], s[2]})
	}
	return all
}

// Page is a report as HTML: its Markdown, and its pictures by the address under which it shows
// them, as SVG.
func Page(markdown string, pictures map[string][]byte) ([]byte, error) {
	title, _, _ := strings.Cut(strings.TrimPrefix(markdown, "# "), "\n")
	var body bytes.Buffer
	md := goldmark.New(
		goldmark.WithExtensions(extension.Table),
		goldmark.WithRendererOptions(markup.WithUnsafe(), renderer.WithNodeRenderers(util.Prioritized(inline{pictures}, 100))),
	)
	if err := md.Convert([]byte(markdown), &body); err != nil {
		return nil, fmt.Errorf("turning the report into HTML: %w", err)
	}
	var page bytes.Buffer
	err := pageTemplate.Execute(&page, map[string]any{
		"Title": title, "Contents": Contents(markdown), "Body": template.HTML(tables.Replace(body.String())),
		"Style": template.CSS(style), "Script": template.JS(script),
	})
	if err != nil {
		return nil, fmt.Errorf("laying out the page: %w", err)
	}
	return page.Bytes(), nil
}

// tables lets wide tables be moved sideways within the page, by the keyboard too, and says that heads
// are those of columns.
var tables = strings.NewReplacer("<table>", `<div class="scroll" tabindex="0"><table>`, "</table>", "</table></div>", "<th>", `<th scope="col">`)

// inline shows pictures as part of the page.
type inline struct{ pictures map[string][]byte }

func (r inline) RegisterFuncs(to renderer.NodeRendererFuncRegisterer) {
	to.Register(ast.KindImage, r.image)
}

// svgHead is what an SVG file has before its content: the page is no such file, and its own style says how
// large a picture is.
var svgHead = regexp.MustCompile(`(?s)^.*?<svg [^>]*?viewBox="([^"]*)"[^>]*>`)

func (r inline) image(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.Image)
	alt := plain(n, source)
	svg, ok := r.pictures[string(n.Destination)]
	if !ok {
		return ast.WalkStop, fmt.Errorf("the report shows %s, and there is no such picture", n.Destination)
	}
	box := svgHead.FindSubmatch(svg)
	if box == nil {
		return ast.WalkStop, fmt.Errorf("%s is no SVG with a viewBox", n.Destination)
	}
	fmt.Fprintf(w, `<svg class="chart" role="img" aria-label="%s" viewBox="%s" xmlns="http://www.w3.org/2000/svg">`, html.EscapeString(alt), box[1])
	_, err := w.Write(svg[len(box[0]):])
	return ast.WalkSkipChildren, err
}

// plain is the text of a node.
func plain(n ast.Node, source []byte) string {
	var text strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			text.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return text.String()
}
