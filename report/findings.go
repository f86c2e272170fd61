package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parcon/experiments/number"
)

// A screen is one finding of a report: a title that says what was found, a picture or a small
// table of it, and the textbooks' sentences that it bears on, with their verdicts.
type screen struct {
	chapter string // what it is about
	title   string
	why     string // what lies behind it; "" for nothing
	figure  string // its name; "" for a table
	head    []string
	rows    [][]string
	about   []string // IDs of the claims that it is about; none: all of its chapter's
	claims  []Judged // those that it tells of
	more    int      // claims of the same chapter that are not among them
	to      string
}

const (
	mostClaims = 1 // of a finding: more are a table, which comes after
	mostRows   = 6
)

// pictured are the chapters of the grid, with the pictures that tell most, the best first, and the
// headings of their evidence. Of mixed tasks a section of its own tells.
var pictured = map[string]struct {
	figures      []string
	heading, why string
	about        []string // claims
}{
	"compute": {
		[]string{"speedup-primes", "answer"},
		"Computing",
		"Each worker gets a core as long as there is one; under a GIL only the one that holds the lock computes.",
		[]string{"P2"},
	},
	"waiting": {
		[]string{"speedup-sleep", "price"},
		"Waiting",
		"Who waits needs no core, so one thread can look after many tasks; a process keeps memory of its own for each.",
		[]string{"P7"},
	},
	"crowd": {
		[]string{"crowd-throughput", "crowd-longest"},
		"Thousands of tasks that compute",
		"A task in flight costs the memory of its stack, and finding the next to run hardly takes longer among many.",
		[]string{"P10"},
	},
}

// allFindings are those of all chapters that were measured, in the order of the report.
func (p page) allFindings() []screen {
	var all []screen
	for _, e := range p.measured {
		f, ok := p.gridFinding(e.Name)
		if !ok {
			f, ok = p.chapterFinding(e.Title)
		}
		if !ok {
			continue
		}
		var claims []Judged
		for _, j := range p.judged {
			if j.Experiment == e.Name && j.Verdict != NotMeasured {
				claims = append(claims, j)
			}
		}
		slices.SortStableFunc(claims, func(a, b Judged) int { return f.rank(a) - f.rank(b) })
		shown := min(len(claims), mostClaims)
		f.claims, f.more = claims[:shown], len(claims)-shown
		all = append(all, f)
	}
	return all
}

// rank is the place of a claim among those of its chapter: first what the picture is about,
// then what is refuted, which is news, and what is decided.
func (s screen) rank(j Judged) int {
	rank := slices.Index([]Verdict{Refuted, Holds, Undecided}, j.Verdict)
	if len(s.about) > 0 && !slices.Contains(s.about, j.ID) {
		rank += 3
	}
	return rank
}

// gridFinding is that of a chapter on models.
func (p page) gridFinding(experiment string) (screen, bool) {
	of := pictured[experiment]
	for _, name := range of.figures {
		for _, f := range p.figures {
			if f.name == name {
				return screen{chapter: of.heading, title: f.title, why: of.why, about: of.about, figure: name, to: slug(of.heading)}, true
			}
		}
	}
	return screen{}, false
}

// chapterFinding is that of a chapter on mechanisms: the section that is its answer, or else
// its first picture, or else its first small table.
func (p page) chapterFinding(title string) (screen, bool) {
	for _, c := range p.chapters {
		if c.title != title {
			continue
		}
		for _, is := range []func(part) bool{
			func(s part) bool { return s.answer && s.figure.Figure != nil },
			func(s part) bool { return s.figure.Figure != nil },
			func(s part) bool { return len(s.rows) <= mostRows },
			func(part) bool { return true },
		} {
			if i := slices.IndexFunc(c.parts, is); i >= 0 {
				return c.parts[i].asScreen(title), true
			}
		}
	}
	return screen{}, false
}

func (s part) asScreen(chapter string) screen {
	f := screen{chapter: chapter, title: s.finding, why: s.why, about: s.about, to: slug(s.topic)}
	if s.figure.Figure != nil {
		f.figure = s.figure.name
	} else if len(s.rows) <= mostRows {
		f.head, f.rows = s.head, s.rows
	}
	return f
}

// findings writes them, one screen each. What was found is said once: a picture has it as its title, and
// as its words for those who do not see it, so that the heading above names the chapter alone.
func (p page) findings(w *strings.Builder) {
	all := p.allFindings()
	if len(all) < 2 { // the only one is the answer
		return
	}
	heading(w, "##", "Findings")
	if !p.aa.Failed() {
		fmt.Fprintf(w, "Odds tell how strongly the rounds speak for a verdict. At %s its trials may rest: many end just above.\n\n", toOne(math.Log(p.odds)))
	}
	for _, f := range all {
		fmt.Fprintf(w, "### %s\n\n", f.chapter)
		if f.figure != "" {
			p.picture(w, f.figure)
		} else {
			fmt.Fprintf(w, "**%s**\n\n", f.title)
		}
		if len(f.rows) > 0 {
			table(w, f.head, f.rows)
		}
		if f.why != "" {
			fmt.Fprintf(w, "- Why: %s\n", f.why)
		}
		for _, j := range f.claims {
			fmt.Fprintf(w, "- Textbooks say: *%s.* Here that **%s**", j.Text, j.is())
			if j.Verdict != Undecided {
				fmt.Fprintf(w, ", at odds of %s", toOne(j.Odds))
			}
			fmt.Fprintf(w, " ([%s](#%s)).\n", j.ID, j.ID)
		}
		if f.why != "" || len(f.claims) > 0 {
			w.WriteString("\n")
		}
		fmt.Fprintf(w, "[The evidence](#%s)", f.to)
		if f.more > 0 {
			fmt.Fprintf(w, ", [and %s more](#%s)", number.Plural(f.more, "claim"), slug(claimsHeading))
		}
		w.WriteString("\n\n")
	}
}

// is is a verdict in a sentence on the claim.
func (j Judged) is() string {
	if j.Verdict == Holds {
		return "holds"
	}
	return "is " + string(j.Verdict)
}

const claimsHeading = "What textbooks say, and what was found here"

// plainly lists all claims with their verdicts, and nothing else.
func (p page) plainly(w *strings.Builder) {
	if len(p.judged) == 0 {
		return
	}
	heading(w, "##", claimsHeading)
	fmt.Fprintf(w, "Each sentence was written down with its bound before anything ran%s. The chance that any of these verdicts is wrong because of noise is at most %s.\n\n", p.butChanged(), p.risk())
	var rows [][]string
	for _, j := range p.judged {
		rows = append(rows, []string{fmt.Sprintf("[%s](#%s)", j.ID, j.ID), j.Text, "**" + string(j.Verdict) + "**"})
	}
	w.WriteString("<div class=\"claims\">\n\n") // the page's script finds the table by it
	table(w, []string{"id", "textbooks say", "here"}, rows)
	w.WriteString("</div>\n\n")
}

// mostOpen is how many claims that could not be told the corner tells of one by one: of a run
// that was ended early they are nearly all.
const mostOpen = 5

// corner tells of what was refuted, and of what could not be told: what the books say, what was
// found, why, and how to see it.
func (p page) corner(w *strings.Builder) {
	var refuted, open []Judged
	for _, j := range p.judged {
		switch {
		case j.Verdict == Refuted:
			refuted = append(refuted, j)
		case j.Verdict == Undecided && !p.aa.Failed():
			open = append(open, j)
		}
	}
	if len(refuted)+len(open) == 0 {
		return
	}
	heading(w, "##", "Textbook corner")
	fmt.Fprintf(w, "See each yourself, by its name: `parcon run %s`.\n\n", slices.Concat(refuted, open)[0].ID)
	tell := func(j Judged, here string) {
		fmt.Fprintf(w, "**%s.** Books say: *%s.* %s [The evidence](#%s)\n\n", j.ID, j.Text, here, j.ID)
	}
	for _, j := range refuted {
		tell(j, fmt.Sprintf("Here: %s: %s; the sentence asks for %s. %s", j.Deciding.Name, j.Deciding.found(), demand(j.Deciding.Comparison), p.caveat(j)))
	}
	if len(open) > mostOpen {
		fmt.Fprintf(w, "%s could not be told here: [what would decide each](#%s) stands beside its verdict.\n\n", number.Plural(len(open), "claim"), slug(verdictsHeading))
		return
	}
	for _, j := range open {
		tell(j, fmt.Sprintf("Here that could not be told: %s.", j.lacking))
	}
}
