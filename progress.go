package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"parcon/results"
)

// progress shows how far a run is: a bar on a terminal, else a plain line now
// and then.
type progress struct {
	out  io.Writer
	bar  *progressbar.ProgressBar // nil: plain lines
	last time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
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
	if r.Failed != "" {
		p.end()
		fmt.Fprintf(p.out, "failed: %s/%s, round %d: %s\n", r.Experiment, r.Variant, r.Round+1, r.Failed)
	}
	text := fmt.Sprintf("round %d, %s left", r.Round+1, left.Round(time.Second))
	if p.bar != nil {
		p.bar.ChangeMax(total)
		p.bar.Describe(text)
		_ = p.bar.Set(finished)
		return
	}
	if time.Since(p.last) >= plainEvery {
		p.last = time.Now()
		fmt.Fprintf(p.out, "trial %d of at most %d, %s\n", finished, total, text)
	}
}

// end takes the bar off the screen.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
