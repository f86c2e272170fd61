package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
)

// verdictsHeading begins the evidence.
const verdictsHeading = "What each verdict rests on"

func (p page) verdicts(w *strings.Builder) {
	if len(p.judged) == 0 {
		return
	}
	heading(w, "##", verdictsHeading)
	p.calmness(w)
	fmt.Fprintf(w, "A claim was written down with its bound before anything ran%s. It *holds* when all its comparisons surely lie inside the bound, is *refuted* when one surely lies outside, and is *undecided* otherwise. Surely: the odds for it are at least %s, which keeps the chance of any wrong verdict in the table at %s, whenever one looks. What is claimed to happen every time, or never, is refuted by a single trial that shows otherwise, and holds when there are such odds that exceptions are rarer than one in twenty. What is claimed to happen holds once it was seen.\n\n", p.butChanged(), toOne(math.Log(p.odds)), p.risk())
	p.picture(w, "verdicts")
	p.picture(w, "verdicts-mechanisms")
	var rows [][]string
	for _, j := range p.judged {
		row := []string{anchored(j.ID), j.Text, "**" + string(j.Verdict) + "**", "–", "–", "–", j.Reason}
		if len(j.Compared) > 0 {
			row[3] = j.Deciding.Name + ": " + j.Deciding.found()
			row[4] = demand(j.Deciding.Comparison)
			row[5] = toOne(j.Odds)
		}
		rows = append(rows, row)
	}
	table(w, []string{"id", "claim", "verdict", fmt.Sprintf("deciding comparison (%s)", interval), "bound", "odds", "why"}, rows)
	w.WriteString(p.legend() + " " + p.words() + "\n\n")
	for _, j := range p.judged {
		if j.Caveat != "" {
			fmt.Fprintf(w, "- %s: %s\n", j.ID, p.caveat(j))
		}
	}
	w.WriteString("\n")
	p.underEach(w)
	p.faithful(w)
	p.comparisons(w)
}

// caveat is what a reader must know to judge a verdict, with the numbers that it speaks of, as
// far as they were measured.
func (p page) caveat(j Judged) string {
	var told []string
	for _, k := range j.Told {
		if c := compare(p.table, j.Experiment, k, p.odds); c.Verdict != NotMeasured {
			told = append(told, c.Name+": "+c.found())
		}
	}
	if len(told) == 0 {
		return j.Caveat
	}
	return j.Caveat + " Here: " + strings.Join(told, "; ") + "."
}

// risk is the most that the chance of any wrong verdict can be at the odds that were
// asked: 5 %, unless the user asked for others.
func (p page) risk() string {
	measured := 0
	for _, j := range slices.Concat(p.judged, p.beside) {
		if j.Unmeasured == "" {
			measured++
		}
	}
	return number.Percent(min(1, float64(measured)/p.odds))
}

// legend explains what stands in the table of verdicts.
func (p page) legend() string {
	text := fmt.Sprintf("*Odds*: those of the evidence for the verdict, or of an undecided claim for what is likelier; a bet on noise alone reaches x to 1 with a chance of 1/x at most, ever. The deciding comparison is the one with the least odds, of several that have as much the one nearest to its bound. A %s is that of one comparison alone, whenever one looks: it holds for all moments of the run together, so an estimate may lie just outside.", interval)
	has := func(is func(c Compared) bool) bool {
		return slices.ContainsFunc(p.judged, func(j Judged) bool { return slices.ContainsFunc(j.Compared, is) })
	}
	if has(func(c Compared) bool { return c.Measure == card.Throughput }) {
		text += " Ratios are of throughput, tasks per second, where nothing else is named."
	}
	if has(func(c Compared) bool { return strings.Contains(c.Name, " x ") }) {
		text += " \"x 8\" means with 8 workers, on both sides where it stands once."
	}
	if has(func(c Compared) bool { return c.Measure.How == card.Gain }) {
		text += " A gain on one core is the share that was reached of the speed-up that is possible: (S - 1) / (L - 1), with S the speed-up over serial code and L as often as the CPU time of the serial trial of that round fits into its wall time, or the number of workers if that is less."
	}
	if has(func(c Compared) bool { return c.Occurrence != nil }) {
		text += fmt.Sprintf(" \"200 of 200\": seen so often in so many tries; a rate has its %s over trials.", interval)
	}
	if has(func(c Compared) bool { return c.Occurrence != nil && c.Occurrence.sample == "episode" }) {
		text += " An episode is a part of a trial that begins anew, with a number, a lock or a file that nobody had before."
	}
	return text
}

// words says what the words of claims mean, which decides their bounds.
func (p page) words() string {
	var means []string
	for _, word := range card.Words {
		means = append(means, fmt.Sprintf("*%s*, %s", word.Name, word.Means))
	}
	return "The words of a claim decide its bound, on the ratio of two sides, on a share or on a gain, and did so before anything ran: " + strings.Join(means, "; ") + "; *every time* and *never* leave no exception, *it happens* needs one sighting. A ratio's size stands beside its word."
}

// comparisons lists all that the verdicts rest on, folded away.
func (p page) comparisons(w *strings.Builder) {
	head := []string{"claim", "comparison", fmt.Sprintf("ratio or value (%s)", interval), "bound", "verdict of it", "sides", "visible", "rounds"}
	if p.sensitivity.left > 0 {
		head = append(head, "without disturbed trials")
	}
	var rows [][]string
	for i, j := range p.judged {
		for k, c := range j.Compared {
			sides, visible := "–", "–"
			if side, ok := p.sides[contrastKey(j.Experiment, c.Comparison)]; ok {
				sides, visible = sideWords(c.Measure)[side.Difference], beyond(side.Visible)
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
	fmt.Fprintf(w, "*Verdict of it*: at the odds that are asked of all. *Sides*: the first side against the second, at the same odds; equal means within %s. *Visible*: the smallest difference that nine in ten such runs would have told in this table.\n\n</details>\n\n", number.Percent(card.Same-1))
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

// sides tells the sides of all comparisons apart, each once however many claims make
// it, at odds of so many to one for each.
func sides(judged []Judged, odds float64) map[string]Contrast {
	rounds := map[string]stat.Series{}
	for _, j := range judged {
		for _, c := range j.Compared {
			if c.Measure.How <= card.Inverse {
				rounds[contrastKey(j.Experiment, c.Comparison)] = c.rounds
			}
		}
	}
	told := map[string]Contrast{}
	for key, r := range rounds {
		i, agree := r.Sure(odds)
		s := Contrast{Ratio: i, Difference: NotTold, P: math.NaN(), Visible: r.Visible(odds)}
		switch {
		case !agree:
		case i.N == 0:
			s.Difference = NoneToTell
		case i.Low > 1:
			s.Difference = Higher
		case i.High < 1:
			s.Difference = Lower
		case i.Low >= 1/card.Same && i.High <= card.Same:
			s.Difference = Equal
		}
		told[key] = s
	}
	return told
}
