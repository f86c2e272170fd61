package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"parcon/experiments/number"
	"parcon/report"
	"parcon/results"
)

// progress shows how far a run is: a bar on a terminal, else a plain line now
// and then.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil: plain lines
	last  time.Time
	told  map[string]bool // claims that were said to be decided
	asked int             // claims
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, told: map[string]bool{}}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(1,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish())
	}
	return p
}

// plainEvery is the time between two plain lines.
const plainEvery = 10 * time.Second

func (p *progress) tell(r results.Result, finished, total int, left time.Duration) {
	p.failed(r)
	text := fmt.Sprintf("round %d, at most %s left", r.Round+1, left.Round(time.Second))
	if p.asked > 0 { // how many trials they need nobody knows
		p.show(len(p.told), p.asked, fmt.Sprintf("trial %d, %d of %d claims decided", finished, len(p.told), p.asked), text)
		return
	}
	p.show(finished, total, fmt.Sprintf("trial %d of %d", finished, total), text)
}

// benchmarks tells of a trial of benchmarks, of which some need no further round. How many rounds
// the others need nobody knows.
func (p *progress) benchmarks(r results.Result, resting, of int, left time.Duration) {
	p.failed(r)
	p.show(resting, of, fmt.Sprintf("%d of %s told", resting, number.Plural(of, "benchmark")),
		fmt.Sprintf("round %d, at most %s left", r.Round+1, left.Round(time.Second)))
}

func (p *progress) failed(r results.Result) {
	if r.Failed != "" {
		p.end()
		fmt.Fprintf(p.out, "failed: %s/%s, round %d: %s\n", r.Experiment, r.Variant, r.Round+1, r.Failed)
	}
}

// show says that done of most are done: a bar beside a text, or a line that begins with what
// the bar would show.
func (p *progress) show(done, most int, counted, text string) {
	if p.bar != nil {
		p.bar.ChangeMax(most)
		p.bar.Describe(text)
		_ = p.bar.Set(done)
		return
	}
	if time.Since(p.last) >= plainEvery {
		p.last = time.Now()
		fmt.Fprintf(p.out, "%s, %s\n", counted, text)
	}
}

// pace guesses the time that what is left takes, if done of most took spent.
func pace(spent time.Duration, done, most float64) string {
	return fmt.Sprintf("about %s left", time.Duration(float64(spent)/done*(most-done)).Round(time.Second))
}

// claims tells of those that were decided since it told last.
func (p *progress) claims(decided []report.Judged, measured int) {
	p.asked = measured
	for _, j := range decided {
		if !p.told[j.ID] {
			p.told[j.ID] = true
			p.end()
			fmt.Fprintf(p.out, "%s (%d of %d)\n", j, len(p.told), measured)
		}
	}
}

// open tells what is not decided, what would decide it, and which claims a further
// minute would.
func (p *progress) open(claims []string, soon string) {
	p.end()
	for _, text := range claims {
		fmt.Fprintf(p.out, "open: %s\n", text)
	}
	switch {
	case soon != "":
		fmt.Fprintf(p.out, "a further minute would decide, if rounds fall as so far: %s\n", soon)
	case len(claims) > 0:
		fmt.Fprintln(p.out, "a further minute would hardly decide any")
	}
}

// advising tells which numbers of workers the next round tries.
func (p *progress) advising(round int, next []int, spent, budget time.Duration) {
	text := fmt.Sprintf("round %d: %s at once, at most %s left", round+1, spaced(next), max(0, budget-spent).Round(time.Second))
	if p.bar != nil {
		p.bar.ChangeMax(int(budget.Seconds()) + 1)
		p.bar.Describe(text)
		_ = p.bar.Set(int(min(spent, budget).Seconds()))
		return
	}
	if time.Since(p.last) >= plainEvery {
		p.last = time.Now()
		fmt.Fprintln(p.out, text)
	}
}

func spaced(all []int) string { return strings.Trim(fmt.Sprint(all), "[]") }

// end takes the bar off the screen.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
