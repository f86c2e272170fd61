package report

import (
	"fmt"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

func (p page) verdicts(w *strings.Builder) {
	if len(p.judged) == 0 {
		return
	}
	w.WriteString("## What the claims are worth here\n\nA claim was written down with its bound before anything ran. It *holds* when all its comparisons surely lie inside the bound, is *refuted* when one surely lies outside, and is *undecided* otherwise. What is claimed to happen every time, or never, is refuted by a single trial that shows otherwise, and holds if there is none and it surely does not fail in half of all trials; rarer exceptions could be there still. What is claimed to happen holds once it was seen, and is refuted if it surely happens in fewer than half of all trials. All claims are corrected together, so what holds by itself may be undecided here: as far as noise is the cause, the chance of any wrong verdict in the table is at most 5 %.\n\n")
	p.picture(w, "verdicts")
	p.picture(w, "verdicts-mechanisms")
	var rows [][]string
	for _, j := range p.judged {
		row := []string{j.ID, j.Text, "**" + string(j.Verdict) + "**", "–", "–", "–", j.Reason}
		if len(j.Compared) > 0 {
			row[3] = j.Deciding.Name + ": " + j.Deciding.found()
			row[4] = demand(j.Deciding.Comparison)
			row[5] = chanceOf(j.P)
		}
		rows = append(rows, row)
	}
	table(w, []string{"id", "claim", "verdict", fmt.Sprintf("nearest comparison (%s)", p.table.interval()), "bound", "p", "why"}, rows)
	w.WriteString(p.legend() + "\n\n")
	for _, j := range p.judged {
		if j.Caveat != "" {
			fmt.Fprintf(w, "- %s: %s\n", j.ID, j.Caveat)
		}
	}
	w.WriteString("\n")
	if p.asksAll() {
		fmt.Fprintf(w, "Not asked yet, here or in any report of this version: %s.\n\n", strings.Join(p.table.catalogue.NotYet, ", "))
	}
	p.comparisons(w)
}

// legend explains what stands in the table of verdicts.
func (p page) legend() string {
	text := fmt.Sprintf("*p*: the chance of evidence as strong as this if the verdict were wrong, corrected for the number of claims; at most %s decides.", number.Short(1-p.table.level))
	has := func(is func(c Compared) bool) bool {
		return slices.ContainsFunc(p.judged, func(j Judged) bool { return slices.ContainsFunc(j.Compared, is) })
	}
	if has(func(c Compared) bool { return c.Measure == card.Throughput }) {
		text += " Ratios are of throughput, tasks per second, where nothing else is named."
	}
	if has(func(c Compared) bool { return strings.Contains(c.Name, " x ") }) {
		text += " \"x 8\" means with 8 workers, on both sides where it stands once."
	}
	if has(func(c Compared) bool { return c.Occurrence != nil }) {
		text += fmt.Sprintf(" \"200 of 200\": seen so often in so many tries; a rate has its %s over trials. The *p* of what was seen in every one of n trials is that of its failing in half of all trials or more.", p.table.interval())
	}
	return text
}

// asksAll says whether the report is on all claims that there are.
func (p page) asksAll() bool {
	all := 0
	for _, c := range p.table.catalogue.Chapters {
		all += len(c.Claims(card.Scale{Cores: 2}))
	}
	return len(p.judged) == all
}

// comparisons lists all that the verdicts rest on, folded away.
func (p page) comparisons(w *strings.Builder) {
	head := []string{"claim", "comparison", fmt.Sprintf("ratio or value (%s)", p.table.interval()), "bound", "verdict by itself", "sides", "visible", "rounds"}
	if p.sensitivity.left > 0 {
		head = append(head, "without disturbed trials")
	}
	var rows [][]string
	for i, j := range p.judged {
		for k, c := range j.Compared {
			sides, visible := "–", "–"
			if contrast, ok := p.contrasts[contrastKey(j.Experiment, c.Comparison)]; ok {
				sides, visible = sideWords(c.Measure)[contrast.Difference], beyond(contrast.Visible)
			}
			row := []string{
				j.ID, c.Name, c.found(), demand(c.Comparison), string(c.Verdict), sides, visible, fmt.Sprint(c.Value.N),
			}
			if p.sensitivity.left > 0 {
				row = append(row, p.sensitivity.judged[i].Compared[k].found())
			}
			rows = append(rows, row)
		}
	}
	all := fmt.Sprintf("All %d comparisons", len(rows))
	if len(rows) == 1 {
		all = "The one comparison"
	}
	fmt.Fprintf(w, "<details><summary>%s</summary>\n\n", all)
	table(w, head, rows)
	fmt.Fprintf(w, "*Verdict by itself*: by this interval alone. *Sides*: the first side against the second, all rows corrected together by Holm; equal means within %s. *Visible*: the smallest difference that nine in ten such runs would have told in this table.\n\n</details>\n\n", number.Percent(card.Same-1))
}

// contrastKey names a comparison among all.
func contrastKey(experiment string, c card.Comparison) string {
	return experiment + " " + c.Measure.Name + " " + c.Of.String() + " " + c.Over.String()
}

// sideWords are the differences in the words of a measure.
func sideWords(m card.Measure) map[Difference]string {
	words := map[Difference]string{Higher: "more", Lower: "less", Equal: "equal", NotTold: "undecided", NoneToTell: "not measured"}
	switch m {
	case card.Throughput:
		words[Higher], words[Lower] = "faster", "slower"
	case card.Time:
		words[Higher], words[Lower] = "slower", "faster"
	}
	return words
}

// contrast tells the sides of all comparisons apart, each once however many
// claims make it.
func contrast(judged []Judged, level float64) map[string]Contrast {
	var keys []string
	var ratios []stat.Evidence
	for _, j := range judged {
		for _, c := range j.Compared {
			key := contrastKey(j.Experiment, c.Comparison)
			if c.Measure.How > card.Inverse || slices.Contains(keys, key) {
				continue
			}
			keys, ratios = append(keys, key), append(ratios, c.evidence.(stat.Evidence))
		}
	}
	told := map[string]Contrast{}
	for i, c := range contrasts(ratios, card.Same, level) {
		told[keys[i]] = c
	}
	return told
}
