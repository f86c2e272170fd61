package report

import (
	"fmt"
	"slices"
	"strings"
)

// counting tells the verdicts that count from those that stand beside one.
func counting(all []Judged) (count, beside []Judged) {
	for _, j := range all {
		if j.Beside {
			beside = append(beside, j)
		} else {
			count = append(count, j)
		}
	}
	return count, beside
}

// sameSentence are the verdicts on a claim under each thing that it was judged under, the
// one that counts first; none if it was judged once.
func (p page) sameSentence(j Judged) []Judged {
	all := []Judged{j}
	for _, other := range p.beside {
		if other.ID == j.ID {
			all = append(all, other)
		}
	}
	if len(all) == 1 {
		return nil
	}
	return all
}

// underEach is the table of claims that were judged under several things.
func (p page) underEach(w *strings.Builder) {
	var rows [][]string
	var disagree []string
	for _, j := range p.judged {
		for i, one := range p.sameSentence(j) {
			id, text, verdict := "", "", string(one.Verdict)
			if i == 0 {
				id, text, verdict = one.ID, one.Text, "**"+verdict+"**"
			} else if j.contradicts(one) {
				disagree = append(disagree, fmt.Sprintf("%s %s under %s and %s under %s", j.ID, j.verb(), j.Under, one.verb(), one.Under))
			}
			row := []string{id, text, one.Under, verdict, "–", "–", "–"}
			if len(one.Compared) > 0 {
				row[4], row[5], row[6] = one.Deciding.Name+": "+one.Deciding.found(), demand(one.Deciding.Comparison), toOne(one.Odds)
			} else if one.Unmeasured != "" {
				row[4] = one.Unmeasured
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return
	}
	w.WriteString("### The GIL, real and emulated\n\nThese claims are judged under each GIL by itself. The verdict that counts is in bold: that of a real one where there is one. ")
	if len(disagree) > 0 {
		w.WriteString("Where others disagree, that is a finding on them, not on the textbook: " + strings.Join(disagree, "; ") + ".")
	} else {
		w.WriteString("None of the others contradicts it.")
	}
	w.WriteString("\n\n")
	table(w, []string{"id", "claim", "under", "verdict", fmt.Sprintf("deciding comparison (%s)", interval), "bound", "odds"}, rows)
	own := slices.DeleteFunc(slices.Clone(p.beside), func(j Judged) bool {
		return j.Caveat == "" || slices.ContainsFunc(p.judged, func(counts Judged) bool { return counts.Caveat == j.Caveat })
	})
	for _, j := range own {
		fmt.Fprintf(w, "- %s: %s\n", j.Name(), p.caveat(j))
	}
	if len(own) > 0 {
		w.WriteString("\n")
	}
}

// verb is a verdict in a sentence.
func (j Judged) verb() string {
	if j.Verdict == Holds {
		return "holds"
	}
	return "is " + string(j.Verdict)
}

// contradicts says whether one of two verdicts holds and the other is refuted.
func (j Judged) contradicts(other Judged) bool {
	decided := func(v Verdict) bool { return v == Holds || v == Refuted }
	return decided(j.Verdict) && decided(other.Verdict) && j.Verdict != other.Verdict
}
