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

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// drawnText is what stands in the pictures of a report, by their names.
func drawnText(t testing.TB, p page) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, f := range p.figures {
		var lines []string
		for _, b := range boxes(t, f) {
			lines = append(lines, b.text)
		}
		all[f.name] = strings.Join(lines, " ")
	}
	if len(all) == 0 {
		t.Fatal("no pictures")
	}
	return all
}

// Intervals are named, and no others than those of 95 % are in a report.
func TestIntervalsAreCalledWhatTheyAre(t *testing.T) {
	p := newPage(read(t, everything(7, textbook)))
	texts := drawnText(t, p)
	texts["report.md"] = p.markdown()
	named := 0
	for _, text := range texts {
		named += strings.Count(text, "95 % interval")
	}
	if named < 25 {
		t.Errorf("intervals are named %d times only", named)
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
			want := fmt.Sprintf("%s: up to %s as fast as serial (%s)", task, number.Times(best), named)
			if gil > 0 {
				want += fmt.Sprintf("; under an emulated GIL %s at best", number.Times(gil))
			}
			if got := curveTitle(g, task); got != want {
				t.Errorf("%q, drawn is %q", got, want)
			}
			row := regexp.MustCompile(`(?m)^\| ` + task + ` \| [^|]* \| ` + number.Times(best) + ` \([^|]*\): ` + named + ` \|.*\|([^|]*)\|$`).FindStringSubmatch(page)
			if row == nil || gil > 0 && !strings.HasPrefix(row[1], " "+number.Times(gil)+" (") {
				t.Errorf("no row of %s has %s of %s, and %s under a GIL: %q", task, number.Times(best), named, number.Times(gil), row)
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
	// The libraries are the fastest, at a depth that has them.
	v := newPage(read(t, worldOf(card.Scale{Cores: testCores, Depth: card.Standard}, 9, 0.1, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if m := v.Get("model"); m == "ants" || m == "errgroup" {
			values["ns/op"] /= 1.3
		}
		return values
	}))).view
	panels := v.answerBars()
	title := answerTitle(panels)
	best, ok := v.compute.fastest("primes", testCores)
	if !ok || !slices.Contains(best.models, "ants") && !slices.Contains(best.models, "errgroup") {
		t.Fatalf("the fastest is %v", best)
	}
	for i, m := range best.models {
		named := regexp.MustCompile(`\b` + m + `\b`).MatchString(v.headline())
		if i == 0 && !named || named && !slices.Contains(panels[0].Rows, m) {
			t.Errorf("%s is not drawn, or the best and not named: %q", m, v.headline())
		}
	}
	if want := number.Times(best.speedup.Estimate) + " as fast as serial with " + best.models[0]; !strings.Contains(title, want) || !strings.Contains(v.headline(), number.Times(best.speedup.Estimate)) {
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
	for _, p := range v.waiting.points("file", v.waiting.order()) {
		if p.workers > 1 && p.speedup.Estimate > line(float64(p.workers)) {
			t.Errorf("%s has %v, beyond the line at %v", p, p.speedup.Estimate, line(float64(p.workers)))
		}
	}
	v = viewOf(read(t, strings.Replace(world(7, 0.002, together), "cores: ", "course: ", 1)), 1)
	if v.linear(v.waiting, "file") != nil {
		t.Error("a line is drawn of cores that the file does not tell of")
	}
}

// box is a line of text in a picture: where it stands, in points.
type box struct {
	text           string
	x0, y0, x1, y1 float64
}

var svgBox = regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)"[^>]*text-anchor="([^"]*)" textLength="([^"]*)"[^>]*font-size:([0-9.]+)px[^>]*>([^<]*)</text>`)

// boxes are the lines of text of a picture.
func boxes(t testing.TB, f figure) []box {
	t.Helper()
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var all []box
	for _, m := range svgBox.FindAllStringSubmatch(string(svg), -1) {
		var n [4]float64
		for i, text := range []string{m[1], m[2], m[4], m[5]} {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			n[i] = v
		}
		x, y, width, size := n[0], -n[1], n[2], n[3]
		x -= width * map[string]float64{"start": 0, "middle": 0.5, "end": 1}[m[3]]
		all = append(all, box{html.UnescapeString(m[6]), x, y - 0.15*size, x + width, y + 0.7*size})
	}
	return all
}

// In no picture is text cut off, or covered by other text, or off the page.
func TestTextInPicturesCanBeRead(t *testing.T) {
	tables := map[string]*Table{"all": read(t, everything(2, textbook))}
	tables["all"].Lanes = traced(8, 32)
	for _, name := range []string{"standard", "selfcheck"} {
		table, err := ReadFile(t.Context(), filepath.Join("..", "results", name), catalogue())
		if err != nil {
			t.Fatal(err)
		}
		tables[name] = table
	}
	for name, table := range tables {
		for _, f := range newPage(table).figures {
			at := name + ", " + f.name
			all := boxes(t, f)
			if len(all) < 5 {
				t.Errorf("%s has %d lines of text", at, len(all))
			}
			for i, b := range all {
				if strings.Contains(b.text, "…") {
					t.Errorf("%s: %q is cut off", at, b.text)
				}
				if b.x0 < 0 || b.x1 > 576 || b.y0 < 0 {
					t.Errorf("%s: %q is not on the page", at, b.text)
				}
				for _, o := range all[:i] {
					if b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 {
						t.Errorf("%s: %q lies on %q", at, b.text, o.text)
					}
				}
			}
		}
	}
}

// What a title counts as refuted it names, drawn or not; of the claims that are not
// drawn the picture says what became of them.
func TestTitlesNameWhatIsRefuted(t *testing.T) {
	judge := func(id string, verdict Verdict, m card.Measure) Judged {
		return Judged{
			Claim: card.Claim{ID: id, Text: id}, Verdict: verdict,
			Deciding: Compared{Comparison: card.Comparison{Measure: m, High: 2}, Sure: stat.Interval{Estimate: 1, Low: 0.9, High: 1.1, N: 9}},
		}
	}
	f := verdictFigure("verdicts", "mechanisms", []Judged{
		judge("U1", Holds, card.Throughput), judge("U2", Refuted, card.Throughput),
		judge("S1", Holds, card.Seen), judge("S6", Refuted, card.Happens), judge("L1", Undecided, card.Seen),
		judge("L2", NotMeasured, card.Time),
	})
	if want := "6 claims on mechanisms: 2 hold, 2 refuted (U2, S6), 1 undecided, 1 not measured"; f.title != want {
		t.Errorf("%q, want %q", f.title, want)
	}
	text := drawnText(t, page{figures: []figure{f}})["verdicts"]
	for _, want := range []string{"share of time: 1 holds, 1 refuted (S6), 1 undecided (L1)", "with the reason: 1 not measured (L2)", "at the odds that are asked", "ratio (log scale)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture does not say %q: %s", want, text)
		}
	}
}

// A title names what its picture shows under that name.
func TestThePriceIsThatOfWhatIsDrawn(t *testing.T) {
	f := viewOf(read(t, world(7, 0.002, textbook)), testCores).priceFigure()
	if want := "With 8 tasks that wait process-pool takes 7.7x the memory of thread, 2.0x its CPU time a task"; f.title != want {
		t.Errorf("%q, want %q", f.title, want)
	}
	few := viewOf(read(t, only(world(7, 0.002, textbook), "model=loop")), testCores).priceFigure()
	if want := "What a waiting task costs"; few.title != want {
		t.Errorf("without processes: %q, want %q", few.title, want)
	}
}

// No share is of more than all, whatever a file says.
func TestNoShareIsOfMoreThanAll(t *testing.T) {
	more := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		values["cores-busy"] = 1.1 * testCores
		for _, unit := range []string{"running-share", "ready-share", "blocked-share", "seen", "lost", "survivors", "rate"} {
			if v, ok := values[unit]; ok {
				values[unit] = 3*v + 1000
			}
		}
		return values
	}
	p := newPage(read(t, everything(7, more)))
	page := p.markdown()
	for _, m := range regexp.MustCompile(`(\d+\.?\d*) % (of|as|under)|\(([0-9.]+) %\)|to ([0-9.]+) %\)`).FindAllStringSubmatch(page, -1) {
		if v, err := strconv.ParseFloat(m[1]+m[3]+m[4], 64); err != nil || v > 100 {
			t.Errorf("%s is more than all", m[0])
		}
	}
	for _, c := range p.chapters {
		for _, s := range c.parts {
			for _, word := range strings.Fields(s.finding) {
				if n, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64); err == nil && strings.Contains(s.topic, "(F6)") && n > 100 {
					t.Errorf("%s: %s", s.topic, s.finding)
				}
			}
		}
	}
	for _, i := range drawing(p.view, "life", "states").Panels[0].Values {
		if i.N == 0 || i.Estimate > 100 || i.High > 100 {
			t.Errorf("a share is drawn as %v %%", i)
		}
	}
	if title := p.planeTitle(); !strings.HasSuffix(title, "goroutines 2.00") {
		t.Errorf("more cores are busy than there are: %q", title)
	}
	for share, want := range map[section.Total]string{{Count: 7999, Tries: 8000}: "over 99.9 %", {Count: 9, Tries: 8}: "100 %", {Count: 8, Tries: 8}: "100 %", {Count: 799, Tries: 800}: "99.9 %"} {
		if got := share.Share(); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}

// What a note says of whiskers and frames is what is drawn: of few rounds there are no
// intervals.
func TestNotesSayWhatIsDrawn(t *testing.T) {
	said := func(rounds int) string {
		var all []string
		for name, text := range drawnText(t, newPage(read(t, everything(rounds, textbook)))) {
			if strings.HasPrefix(name, "verdicts") {
				continue // theirs are wider: all claims together are to be right
			}
			if rounds < stat.MinSamples && name != "lost" && strings.Contains(text, "Whiskers: ") {
				t.Errorf("%s has whiskers of %d rounds: %s", name, rounds, text)
			}
			all = append(all, text)
		}
		return strings.Join(all, " ")
	}
	const none, few = "No whiskers: too few rounds for an interval.", "too few rounds to tell it from others"
	if text := said(2); strings.Count(text, none) < 14 || !strings.Contains(text, few) {
		t.Errorf("few rounds: %s", text)
	}
	if text := said(7); strings.Contains(text, none) || strings.Contains(text, few) || !strings.Contains(text, "and what cannot be told from it") {
		t.Errorf("enough rounds: %s", text)
	}
	if page := newPage(read(t, world(2, 0.1, textbook))).markdown(); !regexp.MustCompile(`\| primes \|[^|]*\| [0-9.]+x \(no interval\): [^|]*\| – \|`).MatchString(page) {
		t.Error("two rounds tell which models are as good as the best")
	}
}
