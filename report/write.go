package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
	"parcon/report/web"
	"parcon/results"
)

// Made is a report that was written: what it answers, for programs too.
type Made struct {
	Answer   string `json:"answer"` // in one sentence
	Path     string `json:"report"`
	Verdicts any    `json:"verdicts"` // what verdicts.json holds
	// Rates are those of a self-check, if it was one.
	Rates []Detection `json:"rates,omitempty"`
}

// Write writes report.html, report.md, verdicts.json and charts/ into dir.
func Write(t *Table, dir string) (Made, error) {
	if err := t.Empty(); err != nil {
		return Made{}, fmt.Errorf("making a report: %w", err)
	}
	p := newPage(t)
	made := Made{Answer: p.answer, Verdicts: p.verdictRows(), Rates: p.detections}
	return made.write(dir, p.figures, p.markdown())
}

// write writes the files of a report into dir, and notes where it is.
func (m Made) write(dir string, figures []figure, text string) (Made, error) {
	charts := filepath.Join(dir, "charts")
	if err := os.MkdirAll(charts, 0o777); err != nil {
		return Made{}, fmt.Errorf("making the folder of the charts: %w: name another one with --out", err)
	}
	if err := saveAll(figures, charts); err != nil {
		return Made{}, err
	}
	verdicts, err := json.MarshalIndent(m.Verdicts, "", "  ")
	if err != nil {
		return Made{}, fmt.Errorf("encoding the verdicts: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "verdicts.json"), append(verdicts, '\n'), 0o666); err != nil {
		return Made{}, fmt.Errorf("writing the verdicts: %w", err)
	}
	page, err := inHTML(text, figures)
	if err != nil {
		return Made{}, err
	}
	m.Path = filepath.Join(dir, "report.md")
	for name, content := range map[string][]byte{"report.md": []byte(text), "report.html": page} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return Made{}, fmt.Errorf("writing the report: %w", err)
		}
	}
	return m, nil
}

// inHTML is the page as one file, with its pictures in it.
func inHTML(text string, figures []figure) ([]byte, error) {
	pictures := map[string][]byte{}
	for _, f := range figures {
		svg, err := f.SVG()
		if err != nil {
			return nil, fmt.Errorf("drawing %s: %w", f.name, err)
		}
		pictures["charts/"+f.name+".png"] = svg
	}
	return web.Page(text, pictures)
}

// Empty says why nothing can be said of a table, nil if something can.
func (t *Table) Empty() error {
	switch {
	case len(t.names) == 0 && len(t.Cut) > 0:
		return errors.New("no round is whole, and trials of a part of one are not compared: go on with `parcon run --resume DIR`")
	case len(t.names) == 0 && len(t.Failed) == 0:
		return errors.New("the file holds no result line: measure first, with `parcon run`")
	}
	return nil
}

// saveAll draws on all cores: nothing is being measured any more.
func saveAll(figures []figure, dir string) error {
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for _, f := range figures {
		group.Go(func() error { return f.Save(dir, f.name) })
	}
	return group.Wait()
}

// hindrances are those that the run found, by the names of cards.
func (t *Table) hindrances() map[string]string {
	found := map[string]string{}
	for _, chapter := range t.catalogue.Chapters {
		for _, c := range chapter.Cards {
			if why := t.Get(results.KeyCannot + c.Name); (c.Tried || c.Room > 0) && why != "" {
				found[c.Name] = why
			}
		}
	}
	return found
}

// newPage computes everything that a report says.
func newPage(t *Table) page {
	cores, known := t.cores()
	if !known {
		cores = 1
	}
	p := page{view: viewOf(t, cores), aa: aaTestOf(t), disturbances: attribute(t, cores)}
	var claims []asked
	scale := t.scale(cores)
	for _, e := range card.Asked(t.catalogue.Chapters, strings.Fields(t.Get(results.KeyExperiments))) {
		if !t.holds(e.Name) {
			continue
		}
		p.measured = append(p.measured, e)
		for _, c := range e.Claims(scale) {
			if !known {
				c.Unmeasured, c.Beside = "the file does not tell the number of cores, on which its variants depend", nil
			}
			claims = append(claims, ask(e.Name, c)...)
		}
	}
	order := t.catalogue.byID()
	slices.SortStableFunc(claims, func(a, b asked) int { return order(a.claim.ID, b.claim.ID) })
	p.odds = t.odds(claims)
	all := judge(t, claims, p.odds)
	p.judged, p.beside = counting(all)
	rest, left := t.undisturbed(cores)
	calm, _ := counting(judge(rest, claims, p.odds))
	p.sensitivity = sensitivity{left, calm}
	p.sides = sides(p.judged, p.odds)
	p.aa.withhold(p.judged, p.sides)
	p.aa.withhold(p.beside, nil)
	p.aa.withhold(p.sensitivity.judged, nil)
	p.chapters = p.tell(p.judged)
	p.figures = p.view.figures(p.judged)
	if p.detections = detectionsOf(t); len(p.detections) > 0 {
		p.figures = append(p.figures, detectionFigure(p.detections))
	}
	p.answer = p.sentence()
	if p.aa.Failed() {
		p.answer = "No verdict is given, " + p.aa.withheld() + ". What was measured: " + p.answer
	}
	return p
}

// scale is what claims depend on.
func (t *Table) scale(cores int) card.Scale {
	return card.Scale{
		Cores: cores, System: t.Get(results.KeyGOOS), Quota: t.Get(results.KeyQuota),
		Pythons: card.Pythons(t.Get(results.KeyPython)), Hindrances: t.hindrances(),
	}
}

// odds are those that are asked of each claim: what the run wrote down, or so many that
// the chance of any wrong verdict among its claims is 5 %.
func (t *Table) odds(claims []asked) float64 {
	if odds, err := strconv.ParseFloat(t.Get(results.KeyOdds), 64); err == nil && odds > 1 {
		return odds
	}
	n := 0
	for _, c := range claims {
		if c.claim.Unmeasured == "" {
			n++
		}
	}
	return defaultOdds(n)
}

// sentence is the answer of the report.
func (p page) sentence() string {
	if a := p.advice(); a != nil {
		return capital(a.Sentence) + "."
	}
	if single := gridOf(p.table, "single"); len(single.cells) > 0 && len(p.measured) == 0 {
		return singleAnswer(single)
	}
	if len(p.named()) > 0 && len(p.measured) == 0 {
		return "What was named by hand was measured: the table tells what came out."
	}
	if len(p.detections) > 0 {
		return detectionFinding(p.detections) + "."
	}
	var parts []string
	if len(p.compute.cells)+len(p.waiting.cells) > 0 {
		parts = append(parts, p.headline())
	}
	if len(p.mixed.cells) > 0 {
		parts = append(parts, p.crossover())
	}
	if len(p.crowd.cells) > 0 && len(parts) == 0 {
		parts = append(parts, p.crowdFinding())
	}
	if len(parts) == 0 {
		for _, c := range p.chapters {
			parts = append(parts, c.sentence())
		}
	}
	if n := len(p.table.Failed); len(parts) == 0 && n > 0 && n == p.table.trials {
		return fmt.Sprintf("Nothing was measured: all %s failed, the first because: %s.", number.Plural(n, "trial"), p.table.Failed[0].Reason)
	}
	if len(parts) == 0 && len(p.judged) == 1 { // a claim that no page tells of
		j := p.judged[0]
		parts = append(parts, fmt.Sprintf("%s %s: %s", j.ID, j.Verdict, j.Text))
	}
	if len(parts) == 0 {
		return "The file holds no experiment of parcon's catalogue."
	}
	if len(p.judged) > 1 && !p.aa.Failed() {
		parts = append(parts, fmt.Sprintf("Of %s %s", number.Plural(len(p.judged), "claim"), countVerdicts(p.judged, Refuted)))
	}
	return strings.Join(parts, ". ") + "."
}

// singleAnswer names the fastest of the variants that a user named, each
// against its own baseline.
func singleAnswer(g grid) string {
	var best stat.Interval
	var name string
	for _, v := range g.cells {
		serial := baseline(v)
		if r := g.table.ratio("single", serial, v, "ns/op"); v.String() != serial.String() && r.N > 0 && (name == "" || r.Estimate > best.Estimate) {
			best, name = r, v.String()
		}
	}
	if name == "" {
		return "No variant was measured beside its serial baseline."
	}
	return fmt.Sprintf("%s runs %s as fast as serial.", name, best.In(number.Times))
}

// verdictRow is a claim's object in verdicts.json. Numbers that do not exist
// (an interval's open end) are null.
type verdictRow struct {
	ID          string          `json:"id"`
	Under       string          `json:"under,omitempty"`  // what it is judged under, such as a GIL
	Beside      bool            `json:"beside,omitempty"` // another verdict of this ID counts
	Claim       string          `json:"claim"`
	Verdict     Verdict         `json:"verdict"`
	Estimate    *float64        `json:"estimate"`
	Low         *float64        `json:"low"`
	High        *float64        `json:"high"`
	Odds        *float64        `json:"odds"` // to one
	Rounds      int             `json:"rounds"`
	Reason      string          `json:"reason"`
	Calm        Verdict         `json:"without_disturbed,omitempty"` // of one that counts
	Deciding    string          `json:"decided_by,omitempty"`
	Comparisons []comparisonRow `json:"comparisons,omitempty"`
}

type comparisonRow struct {
	Name      string   `json:"name"`
	Verdict   Verdict  `json:"verdict"`
	Estimate  *float64 `json:"estimate"`
	Low       *float64 `json:"low"`
	High      *float64 `json:"high"`
	Rounds    int      `json:"rounds"`
	BoundLow  *float64 `json:"bound_low"`
	BoundHigh *float64 `json:"bound_high"`
	Sides     string   `json:"sides,omitempty"`
	Visible   *float64 `json:"visible"`
	Observed  *factRow `json:"observed,omitempty"`
}

// factRow is how often something was seen. Of its comparison, estimate, low and
// high are the share of trials that show what is claimed.
type factRow struct {
	Count float64  `json:"count"`
	Tries float64  `json:"tries"`
	Rate  *float64 `json:"rate"` // per try, with its interval over trials
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

func (p page) verdictRows() []verdictRow {
	rows := make([]verdictRow, 0, len(p.judged)+len(p.beside))
	for i, j := range slices.Concat(p.judged, p.beside) {
		row := verdictRow{
			ID: j.ID, Under: j.Under, Beside: j.Beside, Claim: j.Text, Verdict: j.Verdict, Reason: j.Reason, Rounds: j.Deciding.Value.N, Odds: number.Finite(math.Exp(j.Odds)),
			Estimate: number.Finite(j.Deciding.Value.Estimate), Low: number.Finite(j.Deciding.Value.Low), High: number.Finite(j.Deciding.Value.High),
		}
		if !j.Beside {
			row.Calm = p.sensitivity.judged[i].Verdict
		}
		if len(j.Compared) == 0 {
			row.Estimate, row.Low, row.High = nil, nil, nil
		} else {
			row.Deciding = j.Deciding.Name
		}
		for _, c := range j.Compared {
			side := comparisonRow{
				Name: c.Name, Verdict: c.Verdict, Rounds: c.Value.N,
				Estimate: number.Finite(c.Value.Estimate), Low: number.Finite(c.Value.Low), High: number.Finite(c.Value.High),
				BoundLow: number.Finite(c.Low), BoundHigh: number.Finite(c.High),
			}
			if f := c.Occurrence; f != nil && f.trials > 0 {
				side.Observed = &factRow{f.Count, f.Tries, number.Finite(f.Rate.Estimate), number.Finite(f.Rate.Low), number.Finite(f.Rate.High)}
			}
			if told, ok := p.sides[contrastKey(j.Experiment, c.Comparison)]; ok {
				side.Sides, side.Visible = sideWords(c.Measure)[told.Difference], number.Finite(told.Visible-1)
			}
			row.Comparisons = append(row.Comparisons, side)
		}
		rows = append(rows, row)
	}
	return rows
}
