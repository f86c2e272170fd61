package report

import (
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/variant"
)

// drawnText is what stands in the pictures of a report, by their names.
func drawnText(t testing.TB, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "charts", "*.svg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("pictures: %v, %v", files, err)
	}
	all := map[string]string{}
	for _, file := range files {
		svg, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, found := range svgText.FindAllStringSubmatch(string(svg), -1) {
			lines = append(lines, html.UnescapeString(found[1]))
		}
		all[strings.TrimSuffix(filepath.Base(file), ".svg")] = strings.Join(lines, "\n")
	}
	return all
}

var svgText = regexp.MustCompile(`<text[^>]*>([^<]*)</text>`)

// A run that ended when its intervals were narrow has wider ones than others, and
// says so wherever it names them.
func TestIntervalsAreCalledWhatTheyAre(t *testing.T) {
	usual := everything(7, textbook)
	for _, c := range []struct{ text, is, other string }{
		{usual, "95 %", "97 %"},
		{"precision: 2%\n" + usual, "97 %", "95 %"},
	} {
		dir, _ := write(t, c.text)
		page, err := os.ReadFile(filepath.Join(dir, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		texts := drawnText(t, dir)
		texts["report.md"] = string(page)
		named := 0
		for name, text := range texts {
			text = strings.ReplaceAll(text, "\n", " ")
			named += strings.Count(text, c.is+" interval")
			if strings.Contains(text, c.other+" interval") || strings.Contains(text, "right with "+c.other) {
				t.Errorf("%s: intervals of %s are called %s", name, c.is, c.other)
			}
		}
		if named < 25 {
			t.Errorf("intervals of %s are named %d times only", c.is, named)
		}
	}
}

// restless is a view on a machine with so much noise that any model may come out best.
func restless(t testing.TB, cost func(v variant.Variant) map[string]float64) (view, page) {
	p := newPage(read(t, world(9, 0.1, cost)))
	return p.view, p
}

// Title and table say what the highest point of the curves says.
func TestTitlesOfSpeedUpsAreTheirCurves(t *testing.T) {
	v, p := restless(t, textbook)
	page, charts := p.markdown(), 0
	for _, g := range []grid{v.compute, v.waiting} {
		for _, task := range g.works() {
			best, gil := math.Inf(-1), math.Inf(-1)
			named := ""
			for _, line := range curves(g, task) {
				for i, y := range line.Y {
					if y.Estimate > best {
						best, named = y.Estimate, point{model: line.Name, workers: int(line.X[i])}.String()
					}
					if line.Name == "gil" {
						gil = max(gil, y.Estimate)
					}
				}
			}
			want := fmt.Sprintf("%s: up to %s as fast as serial (%s)", task, times(best), named)
			if gil > 0 {
				want += fmt.Sprintf("; under a GIL %s at best", times(gil))
			}
			if got := curveTitle(g, task); got != want {
				t.Errorf("%q, drawn is %q", got, want)
			}
			row := regexp.MustCompile(`(?m)^\| ` + task + ` \| [^|]* \| ` + times(best) + ` \([^|]*\): ` + named + ` \|.*\|([^|]*)\|$`).FindStringSubmatch(page)
			if row == nil || gil > 0 && !strings.HasPrefix(row[1], " "+times(gil)+" (") {
				t.Errorf("no row of %s has %s of %s, and %s under a GIL: %q", task, times(best), named, times(gil), row)
			}
			charts++
		}
	}
	if charts < 8 {
		t.Errorf("%d workloads", charts)
	}
}

// What the headline names is drawn, with the number that it has there.
func TestTheHeadlineNamesWhatIsDrawn(t *testing.T) {
	// The libraries are the fastest.
	v, _ := restless(t, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if m := v.Get("model"); m == "ants" || m == "errgroup" {
			values["ns/op"] /= 1.3
		}
		return values
	})
	panels := v.answerBars()
	title := answerTitle(panels)
	best, ok := v.compute.fastest("primes", testCores)
	if !ok || !slices.Contains(best.models, "ants") {
		t.Fatalf("the fastest is %v", best)
	}
	for _, m := range best.models {
		if !slices.Contains(panels[0].Rows, m) {
			t.Errorf("%s is not drawn", m)
		}
	}
	if want := times(best.speedup.Estimate) + " as fast as serial with " + best.models[0]; !strings.Contains(title, want) || !strings.Contains(v.headline(), times(best.speedup.Estimate)) {
		t.Errorf("title %q, headline %q, want %q", title, v.headline(), want)
	}
}

// A line of what cores allow lies above what was measured, also where tasks take less
// CPU time together than alone.
func TestNoPointLiesBeyondWhatTheCoresAllow(t *testing.T) {
	together := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if n, _ := v.Int("workers", 1); v.Get("workload") == "file" {
			values["ns/op"] = 5e6 / math.Pow(float64(n), 0.5)
			values["cores-busy"] = min(1.7, 0.58*math.Pow(float64(n), 0.3))
			values["cpu-ns/op"] = values["ns/op"] * values["cores-busy"]
		}
		return values
	}
	v := viewOf(read(t, world(7, 0.002, together)), testCores)
	line := v.linear(v.waiting, "file")
	if line == nil || line(1) != 1 || line(2) != 2 {
		t.Fatal("no line that grows with the workers is drawn")
	}
	for _, p := range v.waiting.points("file", modelOrder()) {
		if p.workers > 1 && p.speedup.Estimate > line(float64(p.workers)) {
			t.Errorf("%s has %v, beyond the line at %v", p, p.speedup.Estimate, line(float64(p.workers)))
		}
	}
	// Samples that have more CPU time than there is.
	dear := func(v variant.Variant) map[string]float64 {
		values := together(v)
		values["cpu-ns/op"], values["cores-busy"] = 5e6, 1
		return values
	}
	v = viewOf(read(t, world(7, 0.002, dear)), testCores)
	if v.linear(v.waiting, "file") != nil {
		t.Error("a line is drawn that lies under what was measured")
	}
	v = viewOf(read(t, strings.Replace(world(7, 0.002, together), "cores: ", "course: ", 1)), 1)
	if v.linear(v.waiting, "file") != nil {
		t.Error("a line is drawn of cores that the file does not tell of")
	}
}
