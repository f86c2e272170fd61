package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A page is read from the top: what to do, what was found, and only then how sure it is.
func TestFindingsComeBeforeTheEvidence(t *testing.T) {
	p := newPage(read(t, "task-mix: 5ms\n"+everything(14, textbook)))
	page := p.markdown()
	at := 0
	for _, part := range []string{
		"**" + p.answer + "**", "(charts/answer.png)", "](#what-to-use-when) · ", "\n## What to use when\n", "\n## Findings\n",
		"\n## " + claimsHeading + "\n", "\n## " + verdictsHeading + "\n", "\n## Computing\n", "\n## Doubts\n",
	} {
		found := strings.Index(page[at:], part)
		if found < 0 {
			t.Fatalf("%q does not follow", part)
		}
		at += found
	}
	before, _, _ := strings.Cut(page, "\n## "+verdictsHeading+"\n")
	published, err := os.ReadFile(filepath.Join("..", "results", "standard", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{"a world": page, "the published run": string(published)} {
		before, _, _ := strings.Cut(page, "\n## "+verdictsHeading+"\n")
		if words := len(regexp.MustCompile(`[\p{L}\p{N}]\S*`).FindAllString(before, -1)); words > 4000 {
			t.Errorf("%s: %d words come before the evidence", name, words)
		}
	}
	for _, j := range p.judged {
		if !strings.Contains(before, "| ["+j.ID+"](#"+j.ID+") | "+j.Text+" | **"+string(j.Verdict)+"** |") {
			t.Errorf("the table of all claims lacks %s", j.ID)
		}
	}
}

// Every link within the page leads to one place in it.
func TestLinksWithinAPageLeadSomewhere(t *testing.T) {
	page := newPage(read(t, "task-mix: 5ms\n"+everything(14, textbook))).markdown()
	places := map[string]int{}
	for _, a := range regexp.MustCompile(`<a id="([^"]+)">`).FindAllStringSubmatch(page, -1) {
		places[a[1]]++
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(page, -1)
	for _, l := range links {
		if places[l[1]] != 1 {
			t.Errorf("there are %d places that #%s could lead to", places[l[1]], l[1])
		}
	}
	if len(links) < len(newPage(read(t, everything(14, textbook))).judged)+40 { // each claim, each finding, and the contents
		t.Errorf("only %d links were found", len(links))
	}
}

// A finding has what it says: a picture whose title it is, or a table, and a sentence of the
// textbooks with its verdict.
func TestEachChapterHasAFinding(t *testing.T) {
	p := newPage(read(t, everything(14, textbook)))
	_, section, _ := strings.Cut(p.markdown(), "\n## Findings\n")
	section, _, _ = strings.Cut(section, "\n## ")
	titles := map[string]bool{}
	for _, f := range p.allFindings() {
		if titles[f.title] {
			t.Errorf("two findings say %q", f.title)
		}
		titles[f.title] = true
		if n := strings.Count(section, f.title); n != 1 || f.chapter == "" || !strings.Contains(section, "\n### "+f.chapter+"\n") {
			t.Errorf("%q is said %d times, under %q", f.title, n, f.chapter)
		}
		drawn := false
		for _, one := range p.figures {
			drawn = drawn || one.name == f.figure && one.title == f.title
		}
		if drawn == (len(f.rows) > 0) {
			t.Errorf("%q has a picture: %v, and %d rows", f.title, drawn, len(f.rows))
		}
		if f.why == "" {
			t.Errorf("%q does not say why", f.title)
		}
		if len(f.claims) == 0 || len(f.claims) > mostClaims {
			t.Errorf("%q tells of %d claims", f.title, len(f.claims))
		}
		for _, j := range f.claims {
			if len(f.about) > 0 && !strings.Contains(strings.Join(f.about, " "), j.ID) {
				t.Errorf("%q is about %v and tells of %s", f.title, f.about, j.ID)
			}
		}
	}
	if len(titles) < 10 {
		t.Errorf("only %d findings: %v", len(titles), titles)
	}
}

// A caveat tells the numbers that it speaks of, where they were measured.
func TestACaveatTellsItsNumbers(t *testing.T) {
	number := regexp.MustCompile(`(?m)^- P2: .* Here: primes: thread over goroutine, x \d+: 1\.\d+ \(.*; cores busy, allocate: thread over goroutine, x \d+: [\d.]+ \(.*\)\.$`)
	text := everything(14, textbook)
	if page := newPage(read(t, text)).markdown(); !number.MatchString(page) {
		t.Errorf("no numbers stand with %q", regexp.MustCompile(`(?m)^- P2: .*`).FindString(page))
	}
	without := regexp.MustCompile(`(?m)^BenchmarkCompute/workload=\w+/model=thread/.*\n`).ReplaceAllString(text, "")
	if page := newPage(read(t, without)).markdown(); strings.Contains(page, " Here: primes: thread") || !strings.Contains(page, "- P2: Processes are") {
		t.Error("numbers are told that were not measured")
	}
}

func TestWhatDoesNotHoldStandsInTheTextbookCorner(t *testing.T) {
	p, refuted := newPage(read(t, everything(14, oneCore))), 0
	open := 0
	for _, j := range p.judged {
		if j.Verdict == Undecided {
			open++
		}
	}
	_, corner, found := strings.Cut(p.markdown(), "\n## Textbook corner\n")
	corner, _, _ = strings.Cut(corner, "\n## ")
	for _, j := range p.judged {
		if j.Verdict == Refuted {
			refuted++
		}
		told := strings.Contains(corner, "**"+j.ID+".** Books say: *"+j.Text+".*")
		if told != (j.Verdict == Refuted || j.Verdict == Undecided && open <= mostOpen) {
			t.Errorf("%s is %s; told of in the corner (%v): %v", j.ID, j.Verdict, found, told)
		}
	}
	if !regexp.MustCompile("^\nSee each yourself, by its name: `parcon run [A-Z]\\d+`\\.\n").MatchString(corner) {
		t.Errorf("the corner does not say how to see it: %.200q", corner)
	}
	// Of a run that was ended early nearly all could not be told.
	early := newPage(read(t, everything(3, oneCore)))
	_, short, _ := strings.Cut(early.markdown(), "\n## Textbook corner\n")
	short, _, _ = strings.Cut(short, "\n## ")
	if !strings.Contains(short, "claims could not be told here: [what would decide each](#") || strings.Contains(short, "Here that could not be told") {
		t.Errorf("%q", short)
	}
	if refuted < 2 {
		t.Errorf("only %d claims are refuted there", refuted)
	}
}
