package report

import (
	"fmt"
	"html"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A quantity is a number with a unit, as a reader finds it.
type quantity struct {
	text  string
	kind  string  // "x", "%", "time", "bytes", or "" of a number alone
	value float64 // in the unit's smallest
	half  float64 // by so much its last digit may be rounded
	whole bool    // its interval stands beside it
}

var (
	quantityText = regexp.MustCompile(`(?:^|[\s(|,;:"+-])(\d[\d,]*(?:\.\d+)?)(x\b|k\b|M\b| %| ns\b| µs\b| ms\b| s\b| KiB\b| MiB\b| GiB\b)?( \([\d.,]+[^()]{0,6} to [\d.,]+[^()]{0,6}\))?`)
	shareText    = regexp.MustCompile(`([\d,]+) of ([\d,]+) \(([\d.]+) %\)`)
	// boundText is no measurement: of whom a title says that they come within 5 %.
	boundText = regexp.MustCompile(`(within|more than) 5 %`)
)

var scales = map[string]struct {
	kind string
	size float64
}{
	"": {"", 1}, "x": {"x", 1}, "%": {"%", 1}, "k": {"", 1e3}, "M": {"", 1e6},
	"ns": {"time", 1}, "µs": {"time", 1e3}, "ms": {"time", 1e6}, "s": {"time", 1e9},
	"KiB": {"bytes", 1 << 10}, "MiB": {"bytes", 1 << 20}, "GiB": {"bytes", 1 << 30},
}

func quantities(text string) []quantity {
	var all []quantity
	for _, m := range quantityText.FindAllStringSubmatch(text, -1) {
		digits := strings.ReplaceAll(m[1], ",", "")
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			continue
		}
		of := scales[strings.TrimSpace(m[2])]
		all = append(all, quantity{m[1] + m[2], of.kind, v * of.size, rounded(digits, of.kind) * of.size, m[3] != ""})
		for _, end := range quantities(strings.Trim(m[3], " ()")) {
			if end.kind == "" && of.kind != "" { // the unit is said once
				end.kind, end.value, end.half = of.kind, end.value*of.size, end.half*of.size
			}
			end.whole = true
			all = append(all, end)
		}
	}
	return all
}

// rounded is by how much a number may be rounded: half of its last digit. Titles have two
// digits of a time: "940 ns".
func rounded(digits, kind string) float64 {
	whole, decimals, _ := strings.Cut(digits, ".")
	if kind == "time" && decimals == "" && len(whole) == 3 && whole[2] == '0' {
		return 5
	}
	return 0.5 * math.Pow10(-len(decimals))
}

// measured are those of a title or sentence that came out of trials: neither how many of
// something there are, nor a share of a count that stands before it and is right.
func measured(t testing.TB, text string) []quantity {
	text = shareText.ReplaceAllStringFunc(boundText.ReplaceAllString(text, ""), func(share string) string {
		m := shareText.FindStringSubmatch(share)
		var n [3]float64
		for i := range n {
			n[i], _ = strconv.ParseFloat(strings.ReplaceAll(m[i+1], ",", ""), 64)
		}
		if math.Abs(100*n[0]/n[1]-n[2]) > 0.051*math.Max(1, n[2]/10) {
			t.Errorf("%q: %s is not what it says", text, share)
		}
		return m[1] + " of " + m[2]
	})
	return slices.DeleteFunc(quantities(text), func(q quantity) bool { return q.kind == "" && !strings.Contains(q.text, ".") })
}

// same says whether two are one number, each rounded to the digits that it has.
func (q quantity) same(o quantity) bool { return math.Abs(q.value-o.value) <= 1.001*(q.half+o.half) }

// missing are the numbers of a title that stand neither in the picture, whose axis may tell
// the unit, nor in the text and tables with it.
func missing(t testing.TB, title, drawn, told string) []string {
	var all []string
	points, words := quantities(drawn), quantities(told)
	for _, q := range measured(t, title) {
		inPicture := func(o quantity) bool {
			if q.kind == "time" && o.kind == "" { // an axis in milliseconds
				o.value, o.half = 1e6*o.value, 1e6*o.half
			}
			return (o.kind == q.kind || o.kind == "") && q.same(o)
		}
		if !q.whole && !slices.ContainsFunc(points, inPicture) && !slices.ContainsFunc(words, func(o quantity) bool { return o.kind == q.kind && q.same(o) }) {
			all = append(all, fmt.Sprintf("%q: %s stands nowhere", title, q.text))
		}
	}
	return all
}

var tooltip = regexp.MustCompile(`<title>([^<]*)</title>`)

// drawnNumbers is what a picture says besides its title: its words, and what its points tell.
func drawnNumbers(t testing.TB, f figure) string {
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, tip := range tooltip.FindAllStringSubmatch(string(svg), -1)[1:] { // the first is its title
		all = append(all, html.UnescapeString(tip[1]))
	}
	for _, b := range boxes(t, f) {
		if !strings.Contains(f.title, b.text) {
			all = append(all, b.text)
		}
	}
	return strings.Join(all, "\n")
}

// below is what a page says under a picture, up to the next one or the next heading.
func below(page, name string) string {
	var all []string
	for _, text := range strings.Split(page, "(charts/"+name+".png)")[1:] {
		if end := strings.IndexAny(text, "#!"); end >= 0 {
			text = text[:end]
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// unfounded are the numbers of a report's titles and findings that its evidence does not hold.
func unfounded(t testing.TB, p page) (all []string, numbers int) {
	text, answers := p.markdown(), ""
	for _, f := range p.figures {
		drawn := drawnNumbers(t, f)
		all = append(all, missing(t, f.title, drawn, below(text, f.name))...)
		numbers += len(measured(t, f.title))
		answers += drawn + "\n" + below(text, f.name) + "\n"
	}
	for _, c := range p.chapters {
		for _, s := range c.parts {
			cells := slices.Concat(append(s.rows, s.head)...)
			answers += strings.Join(cells, "\n") + "\n"
			if s.figure.Figure == nil {
				all = append(all, missing(t, s.finding, "", strings.Join(append(cells, s.note), "\n"))...)
				numbers += len(measured(t, s.finding))
			}
		}
	}
	all = append(all, missing(t, p.answer, answers, text[strings.Index(text, "## "):])...)
	return all, numbers + len(measured(t, p.answer))
}

// What a title, a heading or a sentence says was measured, its picture or its table says too.
func TestEveryNumberOfATitleIsInItsEvidence(t *testing.T) {
	noisy := worldOf(fullScale, 9, 0.1, toldOf)
	pages := map[string]page{
		"the textbooks' world": newPage(read(t, "task-mix: 5ms\n"+everything(14, toldOf))),
		"a noisy one":          newPage(read(t, "task-mix: 5ms\n"+noisy)),
	}
	for _, name := range []string{"standard", "selfcheck"} {
		table, err := ReadFile(t.Context(), filepath.Join("..", "results", name), catalogue())
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = newPage(table)
	}
	for name, p := range pages {
		all, numbers := unfounded(t, p)
		for _, text := range all {
			t.Errorf("%s: %s", name, text)
		}
		if numbers < 3 {
			t.Errorf("%s: only %d numbers were found", name, numbers)
		}
	}
	for _, f := range threeMachines(t).figures {
		for _, text := range missing(t, f.title, drawnNumbers(t, f), "") {
			t.Errorf("several machines: %s", text)
		}
	}
	// A wrong number is found, wherever it is.
	p := pages["standard"]
	for i, f := range p.figures {
		if q := measured(t, f.title); len(q) > 0 && !q[0].whole {
			wrong := p
			wrong.figures = slices.Clone(p.figures)
			wrong.figures[i].title = strings.Replace(f.title, q[0].text, "7"+q[0].text, 1)
			if all, _ := unfounded(t, wrong); len(all) == 0 {
				t.Errorf("%q is taken for true", wrong.figures[i].title)
			}
		}
	}
}
