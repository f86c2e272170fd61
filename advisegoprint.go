package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"parcon/experiments/number"
	"parcon/report/choice"
	"parcon/results"
)

// answer prints the choice, and makes a report if the trials were kept.
func (q askingGo) answer(ctx context.Context, f finding, trials []results.Result, stdout io.Writer) error {
	a, ok := choice.Of(f.function.String(), f.setting(), choice.Read(trials))
	if !ok {
		return fmt.Errorf("nothing can be said of %s: all trials failed, the first because: %s", f.function, firstFailure(trials))
	}
	a.Sentence, a.Unsafe = why(a.Sentence), why(a.Unsafe)
	a.Notes = append(a.Notes, f.notes...)
	if a.Best.Workers == f.most && a.Best.Model != choice.Serial {
		a.Notes = append(a.Notes, fmt.Sprintf("more than %d workers were not tried", f.most))
	}
	write := printChoice
	if q.asJSON {
		write = printChoiceJSON
	}
	if err := write(stdout, a, f.races); err != nil {
		return fmt.Errorf("printing the answer: %w", err)
	}
	if err := q.report(ctx, stdout); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("stopped: the answer is by what was measured until then")
	}
	return nil
}

func firstFailure(trials []results.Result) string {
	for _, r := range trials {
		if r.Failed != "" {
			return why(r.Failed)
		}
	}
	return results.NoReason
}

// mostRaceLines of a report of the race detector are shown.
const mostRaceLines = 30

// printChoice prints the sentence, what it rests on, and what else is to be known.
func printChoice(out io.Writer, a choice.Answer, races string) error {
	fmt.Fprintf(out, "%s.\n\n", a.Sentence)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "model\tworkers\ttime of a call\ttimes serial\tCPU time of a call\tmemory\ttrials")
	for _, p := range a.Points {
		if p.Failed != "" {
			fmt.Fprintf(w, "%s\t%d\tfailed: %s\n", p.Model, p.Workers, visible(why(p.Failed)))
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%d\n", p.Model, p.Workers, number.Span(p.Wall), p.Times.In(number.Times),
			number.Span(p.CPU), number.Mebibytes(p.Peak), p.Trials)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, note := range a.Notes {
		if _, err := fmt.Fprintf(out, "Note: %s.\n", visible(note)); err != nil {
			return err
		}
	}
	if races == "" {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(races), "\n")
	fmt.Fprintln(out, "\nThe race detector says:")
	for _, line := range lines[:min(len(lines), mostRaceLines)] {
		fmt.Fprintln(out, visible(line))
	}
	if rest := len(lines) - mostRaceLines; rest > 0 {
		fmt.Fprintf(out, "... and %s more\n", number.Plural(rest, "line"))
	}
	return nil
}

func printChoiceJSON(out io.Writer, a choice.Answer, races string) error {
	return printJSON(out, struct {
		choice.Answer
		Races string `json:"races,omitempty"` // the report of the race detector
	}{a, races})
}
