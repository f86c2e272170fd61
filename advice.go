package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"parcon/experiments/number"
	"parcon/report/advice"
)

// answer prints the advice, and makes a report if the trials were kept.
func (q asking) answer(ctx context.Context, a advice.Advice, note string, stdout io.Writer) error {
	if a.Workers == 0 {
		return errors.New(a.Sentence)
	}
	write := printAdvice
	if q.asJSON {
		write = printAdviceJSON
	}
	if err := write(stdout, a, note); err != nil {
		return fmt.Errorf("printing the advice: %w", err)
	}
	return q.report(ctx, stdout)
}

// printAdvice prints the sentence, what it rests on, and what else is to be known.
func printAdvice(out io.Writer, a advice.Advice, items string) error {
	fmt.Fprintf(out, "%s\n\n", a.Sentence)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(advice.Columns, "\t"))
	for _, p := range a.Points {
		fmt.Fprintln(w, strings.Join(p.Row(), "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if a.PerWorker > 0 {
		fmt.Fprintf(out, "A worker takes up to %s of memory", number.Mebibytes(a.PerWorker))
		if a.Fit > 0 {
			fmt.Fprintf(out, ": %s fit", number.Grouped(float64(a.Fit)))
		}
		fmt.Fprintln(out, ".")
	}
	for _, note := range a.Notes {
		fmt.Fprintf(out, "Note: %s.\n", note)
	}
	_, err := fmt.Fprintf(out, "Run for: %s.\n", items)
	return err
}

func printAdviceJSON(out io.Writer, a advice.Advice, items string) error {
	return printJSON(out, struct {
		advice.Advice
		Items string `json:"items"`
	}{a, items})
}
