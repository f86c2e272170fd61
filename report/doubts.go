package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/report/stat"
	"parcon/results"
)

// doubts prints what speaks against the numbers above.
func (p page) doubts(w *strings.Builder) {
	heading(w, "##", "Doubts")
	for _, d := range p.allDoubts() {
		if !strings.HasPrefix(d, "  ") { // those are under the one before
			w.WriteString("- ")
		}
		w.WriteString(d + "\n")
	}
	w.WriteString("\n")
	p.causes(w)
}

func (p page) allDoubts() []string {
	all := []string{p.aaDoubt(), p.roundsDoubt(), leaningOf(p.table, p.judged).String(), p.order(), p.cuts(), p.chance(), p.changedClaims(), p.flattered()}
	if len(p.detections) > 0 {
		all = []string{"like was compared with like, in random order: noise alone cannot make parcon err, a harness that favours one side could. What hits one of two different models more than the other is no error of this kind and is not seen here"}
	} else {
		all = append(all, p.noise()...)
	}
	if n := len(p.table.Failed); n > 0 {
		all = append(all, fmt.Sprintf("%s failed and count in no number above; a ratio lacks the rounds in which either side failed, a value of one variant those in which itself did:", number.Plural(n, "trial")))
		all = append(all, failures(p.table.Failed)...)
	}
	if n := len(p.table.Bad); n > 0 {
		all = append(all, fmt.Sprintf("%s of the result file could not be read and were passed over; the first: %s", number.Plural(n, "line"), p.table.Bad[0]))
	}
	if name := p.table.Get(results.KeyPrograms); name != "" && !strings.HasPrefix(name, "small") {
		all = append(all, fmt.Sprintf("the trials ran in %s, because the small trial program could not be built: processes start more slowly and take more memory than they need", name))
	}
	if fs := p.table.Get(results.KeyFilesystem); fs == "tmpfs" || fs == "ramfs" {
		all = append(all, fmt.Sprintf("the workload file wrote to %s, which is memory: it says nothing of a disk", fs))
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// failures tells of failed trials, of those that failed alike in one line.
func failures(failed []Failure) []string {
	type alike struct{ experiment, variant, reason string }
	var order []alike
	rounds := map[alike][]string{}
	for _, f := range failed {
		one := alike{f.Experiment, f.Variant, f.Reason}
		if rounds[one] == nil {
			order = append(order, one)
		}
		rounds[one] = append(rounds[one], fmt.Sprint(f.Round+1))
	}
	var all []string
	for i, one := range order {
		if i == mostFailures {
			return append(all, fmt.Sprintf("  - … and %d more", len(order)-i))
		}
		in := rounds[one]
		where := "round " + in[0]
		if len(in) > 1 {
			where = fmt.Sprintf("%d rounds, from %s to %s", len(in), in[0], in[len(in)-1])
		}
		all = append(all, fmt.Sprintf("  - %s/%s in %s: %s", one.experiment, one.variant, where, one.reason))
	}
	return all
}

// mostFailures is how many kinds of failed trials are told one by one.
const mostFailures = 20

// fingerprints are those of the claims that were written down before the run measured, by
// chapter.
func (p page) fingerprints() map[string]string {
	then := map[string]string{}
	for _, field := range strings.Fields(p.table.Get(results.KeyClaims)) {
		name, print, _ := strings.Cut(field, ":")
		then[name] = print
	}
	return then
}

// changedChapters are those whose claims are not the ones that were written down.
func (p page) changedChapters() []string {
	then := p.fingerprints()
	scale := p.table.scale(p.cores)
	var changed []string
	for _, e := range p.measured {
		if was, told := then[e.Name]; told && was != card.Fingerprint(e.Claims(scale)) {
			changed = append(changed, e.Name)
		}
	}
	return changed
}

// changedClaims warns of claims that were written after the trials were measured.
func (p page) changedClaims() string {
	changed := p.changedChapters()
	if len(changed) == 0 {
		return ""
	}
	return "the claims or bounds of " + strings.Join(changed, ", ") + " are not those that were written down when this was measured: they came after the numbers"
}

// butChanged is added where it is said that claims were there before the numbers.
func (p page) butChanged() string {
	changed := p.changedChapters()
	if len(changed) == 0 {
		return ""
	}
	return ", but for those of " + strings.Join(changed, ", ") + ", of which some were changed after that"
}

// chance tells what stands behind a verdict.
func (p page) chance() string {
	n := 0
	for _, j := range p.judged {
		if len(j.Compared) > 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("the verdicts on %s are decided at odds of %s each: the chance that one or more of them is wrong is at most %s, however often one looks, as far as noise is the cause and a round, given those before it, is as likely to lie above the truth as below", number.Plural(n, "claim"), toOne(math.Log(p.odds)), p.risk())
}

// order warns of a file that does not tell its rounds.
func (p page) order() string {
	if p.table.unordered == 0 || len(p.detections) > 0 {
		return ""
	}
	return fmt.Sprintf("%s tell no round, as those of go test do not: the i-th of one variant is paired with the i-th of another although they were not measured together, so a machine that drifted is in the ratios", number.Plural(p.table.unordered, "line"))
}

// flattered warns of the best of many.
func (p page) flattered() string {
	if len(p.compute.cells)+len(p.waiting.cells) == 0 {
		return ""
	}
	return "the fastest of several models that are in truth alike is the one that luck favoured: its speed-up is a little too high, and its interval is not corrected for that"
}

// cuts tells of rounds that were interrupted.
func (p page) cuts() string {
	var parts []string
	for _, c := range p.table.Cut {
		parts = append(parts, fmt.Sprintf("round %d of %s (%s)", c.Round+1, c.Experiment, number.Plural(c.Trials, "trial")))
	}
	if len(parts) == 0 {
		return ""
	}
	return "interrupted, and not used: " + strings.Join(parts, ", ")
}

// roundsDoubt tells how many rounds each experiment has.
func (p page) roundsDoubt() string {
	var parts []string
	few := false
	for _, e := range p.measured {
		most := p.table.rounds(e.Name)
		few = few || most < fewRounds
		parts = append(parts, fmt.Sprintf("%s %d", e.Name, most))
	}
	if len(parts) == 0 {
		return ""
	}
	text := "rounds: " + strings.Join(parts, ", ")
	if few {
		text += fmt.Sprintf("; with fewer than %d rounds intervals are wide, and small differences stay unseen", fewRounds)
	}
	return text
}

const fewRounds = 10

// aaDoubt tells what the A/A pairs say.
func (p page) aaDoubt() string {
	text := p.aa.String()
	if p.aa.Failed() {
		text += "; that is to be expected in fewer than one run in a hundred, so all verdicts are withheld: measure again, and if it happens again do not trust what is measured here"
	}
	return text
}

// noise sums up what the system said around the trials.
func (p page) noise() []string {
	told := 0
	for _, a := range p.disturbances {
		told = max(told, a.told)
	}
	if told == 0 {
		return []string{"this system does not tell what disturbed a trial (stolen time, throttling, load)"}
	}
	text := fmt.Sprintf("a trial counts as disturbed, by a rule that was fixed beforehand, if the hypervisor or other programs took %s of the machine's processor time while it lived, or a quota held it back for as long (all of it, not only what is unusual for its variant): ", number.Percent(disturbedShare))
	if p.sensitivity.left == 0 {
		return []string{text + "none was"}
	}
	text += fmt.Sprintf("%d of %s. The verdicts rest on all trials, because leaving out what one does not like is how numbers are bent; without the disturbed ones ", p.sensitivity.left, number.Plural(p.table.trials-len(p.table.Failed), "trial"))
	var kinds []string
	ids := map[string][]string{}
	for i, j := range p.judged {
		was, is := j.Verdict, p.sensitivity.judged[i].Verdict
		if was == is {
			continue
		}
		kind := fmt.Sprintf("would be %s, not %s", is, was)
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		ids[kind] = append(ids[kind], j.ID)
	}
	if len(kinds) == 0 {
		return []string{text + "all verdicts are the same"}
	}
	for i, kind := range kinds {
		kinds[i] = strings.Join(ids[kind], ", ") + " " + kind
	}
	return []string{text + strings.Join(kinds, "; ") + "; the other verdicts are the same"}
}

// causes is the table of what disturbed the trials.
func (p page) causes(w *strings.Builder) {
	if len(p.disturbances) == 0 {
		return
	}
	var rows [][]string
	for _, a := range p.disturbances {
		rows = append(rows, []string{a.cause, fmt.Sprintf("%d of %d", a.trials, a.told), a.slowdown.In(number.Times)})
	}
	fmt.Fprintf(w, "What the system saw around the trials. One is counted where a cause took %s more of its life than is usual for its variant.\n\n", number.Percent(disturbedShare))
	table(w, []string{"cause", "trials", fmt.Sprintf("their time over their variant's median (%s interval)", number.Percent(stat.Level))}, rows)
}
