package chart_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parcon/report/chart"
)

// save renders a figure and returns the bytes of both files.
func save(t *testing.T, dir, name string, f *chart.Figure) (svg, picture []byte) {
	t.Helper()
	if err := f.Save(dir, name); err != nil {
		t.Fatal(err)
	}
	read := func(ext string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name+ext))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return read(".svg"), read(".png")
}

var badNumber = regexp.MustCompile(`(?i)[ ,"=(ML](nan|[+-]?inf)[ ,")]`)

func check(t *testing.T, svg, picture []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	if w := img.Bounds().Dx(); w != 1536 {
		t.Errorf("PNG is %d pixels wide, want 1536", w)
	}
	if len(svg) == 0 || badNumber.Match(svg) {
		t.Errorf("SVG is empty or has a coordinate which is no number: %q", badNumber.Find(svg))
	}
	// encoding/xml accepts attributes without a space between them, browsers do not.
	if m := regexp.MustCompile(`"[a-zA-Z]+=.*`).Find(svg); m != nil {
		t.Errorf("no space before an attribute: %s", m)
	}
	in := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := in.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("not an SVG: %v", err)
		}
	}
}

// CHARTS=/tmp/charts go test ./report/chart keeps the pictures for a look.
func TestRealisticFigures(t *testing.T) {
	dir := os.Getenv("CHARTS")
	if dir == "" {
		dir = t.TempDir()
	}
	for _, d := range demo() {
		t.Run(d.name, func(t *testing.T) {
			svg, picture := save(t, dir, d.name, d.fig)
			check(t, svg, picture)
		})
	}
}

func TestSameInputSameBytes(t *testing.T) {
	first, second := demo(), demo()
	for i, d := range first {
		if !strings.HasPrefix(d.name, "plane") && d.name != "curves" && d.name != "map" && d.name != "bars" {
			continue // the others share their code, and rendering takes time
		}
		svg1, png1 := save(t, t.TempDir(), "a", d.fig)
		svg2, png2 := save(t, t.TempDir(), "b", second[i].fig)
		if !bytes.Equal(svg1, svg2) || !bytes.Equal(png1, png2) {
			t.Errorf("%s: two runs differ", d.name)
		}
	}
}

var odd = []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e-300, 1e300, 1}

// oddIntervals are all the numbers which charts have to survive.
func oddIntervals() []chart.Interval {
	var out []chart.Interval
	for _, e := range odd {
		for _, b := range odd {
			out = append(out, chart.Interval{Estimate: e, Low: min(b, 0), High: b})
		}
	}
	return out
}

func TestOddInput(t *testing.T) {
	text := chart.Text{Title: `<Title> & "quotes" $1`, X: "x", Y: "y"}
	long := strings.Repeat("a very long name ", 9)
	var rows []string
	var forest []chart.ForestRow
	var cells [][]chart.Cell
	var points []chart.PlanePoint
	xs := append([]float64{}, odd...)
	for i, v := range oddIntervals() {
		rows = append(rows, fmt.Sprint(long, i))
		forest = append(forest, chart.ForestRow{Group: long, Label: long, Ratio: v, BoundLow: v.Low, BoundHigh: v.High, Verdict: long})
		cells = append(cells, []chart.Cell{{Value: v.Estimate, Best: i%2 == 0}, {Value: v.Low}})
		points = append(points, chart.PlanePoint{Model: rows[i], Workload: "w", InFlight: v.Low, CoresBusy: v.Estimate})
	}
	nothing := []chart.Interval{{Estimate: math.NaN(), Low: 1, High: 2}}
	one := []chart.Interval{{Estimate: 1, Low: 1, High: 1}}
	for name, fig := range map[string]*chart.Figure{
		"plane empty":    chart.Plane(text, 0, nil),
		"plane one":      chart.Plane(text, 1, []chart.PlanePoint{{Model: "gil", Workload: "w", InFlight: 1, CoresBusy: 1}}),
		"plane odd":      chart.Plane(text, 64, points),
		"curves empty":   chart.Curves(text, nil, nil),
		"curves nan":     chart.Curves(text, nil, []chart.Series{{Name: "gil", X: []float64{1}, Y: nothing}}),
		"curves one":     chart.Curves(text, math.Sqrt, []chart.Series{{Name: "gil", X: []float64{1}, Y: one}}),
		"computed odd":   chart.Curves(text, nil, []chart.Series{{Name: long, X: xs, Y: oddIntervals(), Computed: true}, {Name: long, X: xs, Y: oddIntervals(), Points: true}}),
		"curves odd":     chart.Curves(text, math.Log, []chart.Series{{Name: long, X: xs, Y: oddIntervals()}, {Name: "b", X: xs, Y: one}}),
		"multiples none": chart.Multiples(text, nil),
		"multiples nan":  chart.Multiples(text, []chart.CurvesPanel{{Title: long}, {Title: "b", Series: []chart.Series{{Name: "m", X: []float64{1}, Y: nothing}}}}),
		"multiples one":  chart.Multiples(text, []chart.CurvesPanel{{Title: long, Series: []chart.Series{{Name: long, X: []float64{1}, Y: one}}}}),
		"multiples odd":  chart.Multiples(text, []chart.CurvesPanel{{Title: long, Series: []chart.Series{{Name: long, X: xs, Y: oddIntervals()}, {Name: "b", X: xs, Y: one}}}}),
		"map empty":      chart.Map(text, nil, nil, nil),
		"map missing":    chart.Map(text, []string{"0"}, []string{"gil"}, nil),
		"map odd":        chart.Map(text, []string{long, "b"}, rows[:20], cells),
		"dots empty":     chart.Dots(text, nil, nil),
		"dots no values": chart.Dots(text, []string{"gil"}, []chart.Panel{{Title: "t"}}),
		"dots nan":       chart.Dots(text, []string{"gil"}, []chart.Panel{{Title: "t", Values: nothing}}),
		"dots one":       chart.Dots(text, []string{"gil"}, []chart.Panel{{Title: "t", Log: true, Values: one}}),
		"dots odd":       chart.Dots(text, rows, []chart.Panel{{Title: long, Log: true, Values: oddIntervals()}, {Values: oddIntervals()}}),
		"forest empty":   chart.Forest(text, nil),
		"forest one":     chart.Forest(text, []chart.ForestRow{{Ratio: one[0], BoundHigh: math.Inf(1)}}),
		"forest odd":     chart.Forest(text, forest),
		"bars empty":     chart.Bars(text, nil, nil),
		"bars no rows":   chart.Bars(text, []chart.BarPanel{{Title: "a"}, {Title: "b"}}, nil),
		"bars nan":       chart.Bars(text, []chart.BarPanel{{Title: "a", Rows: []string{"gil"}, Values: nothing}}, nil),
		"bars one":       chart.Bars(text, []chart.BarPanel{{Title: "a", Rows: []string{"gil"}, Values: one}}, nil),
		"bars odd":       chart.Bars(text, []chart.BarPanel{{Title: long, Rows: rows, Values: oddIntervals(), Reference: 1}, {Rows: rows[:2]}}, nil),
		"lanes empty":    chart.Lanes(text, nil),
		"lanes none":     chart.Lanes(text, []chart.LanePanel{{Name: "gil"}}),
		"lanes odd":      chart.Lanes(text, oddLanes(long)),
		"no text":        chart.Map(chart.Text{}, []string{"0"}, []string{""}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg, picture := save(t, t.TempDir(), "odd", fig)
			check(t, svg, picture)
			empty := strings.Contains(string(svg), ">no data<")
			if want := strings.HasSuffix(name, "empty") || strings.HasSuffix(name, "nan"); want && !empty && name != "bars nan" {
				t.Error(`does not say "no data"`)
			}
		})
	}
}

func TestTitleStandsInTheSVG(t *testing.T) {
	svg, _ := save(t, t.TempDir(), "a", chart.Map(chart.Text{Title: `Less < more & "$1"`}, nil, nil, nil))
	if want := `Less &lt; more &amp; &#34;$1&#34;`; strings.Count(string(svg), want) != 2 {
		t.Errorf("want the title %q as text and as name of the picture in\n%s", want, svg)
	}
}

func TestSaveNamesTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	err := chart.Map(chart.Text{}, nil, nil, nil).Save(dir, "a")
	want := "chart: write " + filepath.Join(dir, "a.svg") + ": no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Each logarithmic axis says that it is one, whatever its caller calls it.
func TestLogarithmicAxesSaySo(t *testing.T) {
	value := func(v float64) chart.Interval { return chart.Interval{Estimate: v, Low: v * 0.9, High: v * 1.1} }
	few, many := []chart.Interval{value(1), value(2)}, []chart.Interval{value(1), value(200)}
	text := chart.Text{X: "across", Y: "up"}
	for name, c := range map[string]struct {
		fig  *chart.Figure
		want int // axes
	}{
		"curves":           {chart.Curves(text, nil, []chart.Series{{Name: "a", X: []float64{1, 2}, Y: few}}), 1},
		"curves, log up":   {chart.Curves(text, nil, []chart.Series{{Name: "a", X: []float64{1, 2}, Y: many}}), 2},
		"curves, computed": {chart.Curves(text, nil, []chart.Series{{Name: "a", X: []float64{1, 2}, Y: few, Computed: true}}), 2},
		"curves, no name":  {chart.Curves(chart.Text{}, nil, []chart.Series{{Name: "a", X: []float64{1, 2}, Y: few}}), 1},
		"plane":            {chart.Plane(text, 2, []chart.PlanePoint{{Model: "a", Workload: "w", InFlight: 2, CoresBusy: 1}}), 1},
		"forest":           {chart.Forest(chart.Text{}, []chart.ForestRow{{Label: "a", Ratio: value(1), BoundLow: 0.5, BoundHigh: 2}}), 1},
		"dots":             {chart.Dots(text, []string{"a", "b"}, []chart.Panel{{Log: true, Values: few}, {Values: few}, {Log: true, Values: many}}), 2},
		"bars":             {chart.Bars(text, []chart.BarPanel{{Rows: []string{"a", "b"}, Values: few}}, nil), 0},
	} {
		svg, _ := save(t, t.TempDir(), "a", c.fig)
		if got := strings.Count(string(svg), "log scale"); got != c.want {
			t.Errorf("%s: %d axes are called logarithmic, want %d", name, got, c.want)
		}
	}
}

// What is written of a comparison is broken into lines, not cut off.
func TestForestsShowAllWords(t *testing.T) {
	long := strings.Repeat("a claim of many words ", 12)
	fig := chart.Forest(chart.Text{}, []chart.ForestRow{
		{Group: long, Label: long, Ratio: chart.Interval{Estimate: 1, Low: 0.9, High: 1.1}, BoundHigh: 2, Verdict: "holds"},
		{Group: "next", Label: "next", Ratio: chart.Interval{Estimate: 1, Low: 0.9, High: 1.1}, BoundHigh: 2, Verdict: "holds"},
	})
	svg, _ := save(t, t.TempDir(), "a", fig)
	if n := strings.Count(string(svg), "claim"); n != 24 || strings.Contains(string(svg), "…") {
		t.Errorf("%d of 24 words are written", n)
	}
}
