package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/perf/benchunit"

	"parcon/report"
	"parcon/results"
)

// worseError says that a comparison found something worse.
type worseError struct{ error }

func compareCommand(stdout, stderr io.Writer) *cobra.Command {
	var q report.Question
	var unit, threshold, equal string
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "Tell what changed between two runs, or two outputs of go test -bench",
		Long: `Compare reads two runs (folders that hold trials.txt) or two files in the Go benchmark
format, such as output of go test -bench, and tells of every benchmark whether it changed.
All benchmarks are corrected together: the chance that noise makes any of them look changed
is at most 5 %, and so is the chance that it makes any look changed in shape: that its middle
stayed and other samples did not. A machine that changed between the two runs is no noise
and looks like a change: measure both alternately and use --paired. Exit code 3: something,
or the shape of something, surely got worse by more than --threshold, noise apart.`,
		Example: "  parcon compare old.txt new.txt\n" +
			"  parcon compare old.txt new.txt --threshold 5% --unit B/op",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrongUsage("compare needs two folders or files: `parcon compare OLD NEW`")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Threshold, err = share("--threshold", threshold); err != nil {
				return err
			}
			if q.Margin, err = share("--equal", equal); err != nil {
				return err
			}
			if strings.TrimSpace(unit) == "" {
				return wrongUsage("--unit %q: give one, such as ns/op", unit)
			}
			changes, err := compareFiles(cmd.Context(), args[0], args[1], unit, q, stderr)
			if err != nil {
				return err
			}
			show := printChanges
			if asJSON {
				show = func(out io.Writer, c report.Changes) error { return printJSON(out, c) }
			}
			if err := show(stdout, changes); err != nil {
				return fmt.Errorf("printing the comparison: %w", err)
			}
			return worse(changes)
		},
	}
	f := c.Flags()
	f.StringVar(&unit, "unit", "ns/op", "what to compare; of a rate (/s) more is better, of all else less, if the files do not say")
	f.StringVar(&threshold, "threshold", "0%", "how much worse is forgiven")
	f.StringVar(&equal, "equal", "1%", "changes that are surely within this are equal")
	f.BoolVar(&q.Paired, "paired", false, "the i-th samples of a benchmark were measured side by side")
	jsonFlag(c, &asJSON)
	f.StringSliceVar(&q.Ignored, "ignore", nil, "keys of the configuration, as pkg or commit, that tell no samples apart")
	f.BoolVar(&q.OtherMachine, "other-machine", false, "compare although the machines differ")
	f.BoolVar(&q.OtherWork, "other-work", false, "compare although the sizes of tasks differ")
	return c
}

// share reads "5%" or "5" as 0.05.
func share(flag, text string) (float64, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || !(percent >= 0 && percent <= 1000) {
		return 0, wrongUsage("%s %q: give a percentage from 0 to 1000, such as 5%%", flag, text)
	}
	return percent / 100, nil
}

func compareFiles(ctx context.Context, old, new, unit string, q report.Question, stderr io.Writer) (report.Changes, error) {
	var sides [2]*report.Side
	for i, path := range []string{old, new} {
		side, err := report.OpenSide(ctx, path, unit)
		if err != nil {
			return report.Changes{}, fmt.Errorf("comparing: %w", err)
		}
		if all := append(side.Bad, side.Said...); len(all) > 0 {
			fmt.Fprintln(stderr, "parcon:", results.FewFaults(all))
		}
		sides[i] = side
	}
	changes, err := report.Compare(sides[0], sides[1], q)
	if err != nil {
		return changes, fmt.Errorf("comparing: %w", err)
	}
	return changes, nil
}

func printChanges(out io.Writer, c report.Changes) error {
	if err := printRows(out, c); err != nil {
		return err
	}
	if c.Question.Paired {
		fmt.Fprintln(out, "The i-th samples are taken as a pair: that is right only where OLD and NEW were measured alternately.")
	} else {
		fmt.Fprintln(out, "One was measured after the other, so a machine that changed in between counts as a difference: alternate and use --paired.")
	}
	_, err := fmt.Fprintln(out, c.Summary())
	return err
}

// printRows prints the table of changes, what it leaves out, and how it is read.
func printRows(out io.Writer, c report.Changes) error {
	for _, note := range c.Notes {
		fmt.Fprintln(out, "Note:", note)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "benchmark\told\tnew\tratio\tlow\thigh\tverdict\tvisible")
	for _, r := range c.Rows {
		low, high, visible := ratio(r.Ratio.Low), ratio(r.Ratio.High), report.Percent(r.Visible)
		if r.Ratio.Low == 0 && math.IsInf(r.Ratio.High, 1) {
			low, high = "open", "open"
		}
		if math.IsNaN(r.Visible) {
			visible = "–"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, centre(r.Old, c.Unit), centre(r.New, c.Unit),
			ratio(r.Ratio.Estimate), low, high, r.Verdict, visible)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(c.OnlyOld) > 0 {
		fmt.Fprintf(out, "Only in %s: %s\n", c.Old, strings.Join(c.OnlyOld, ", "))
	}
	if len(c.OnlyNew) > 0 {
		fmt.Fprintf(out, "Only in %s: %s\n", c.New, strings.Join(c.OnlyNew, ", "))
	}
	_, err := fmt.Fprintf(out, "\nOld and new are medians; ratio is new/old in %s, with its 95 %% interval from low to high; visible is the\n"+
		"smallest change that nine in ten such comparisons would tell.\n", c.Unit)
	return err
}

// ratio writes a ratio with three decimals, with four where it would look like
// none.
func ratio(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	if text := fmt.Sprintf("%.3f", v); text != "1.000" || v == 1 {
		return text
	}
	return fmt.Sprintf("%.4f", v)
}

// centre writes a value with its unit, four digits and a prefix: "1.130 ms",
// "16.00 KiB/op".
func centre(v float64, unit string) string {
	if math.IsNaN(v) {
		return "–"
	}
	value, tidy := benchunit.Tidy(v, unit)
	scale := benchunit.CommonScale([]float64{value}, benchunit.ClassOf(tidy))
	if report.IsTime(unit) {
		tidy = "s"
	}
	if number := value / scale.Factor; math.Abs(number) >= 1e6 { // beyond all prefixes
		return fmt.Sprintf("%.4g %s%s", number, scale.Prefix, tidy)
	}
	return fmt.Sprintf("%.*f %s%s", scale.Prec, value/scale.Factor, scale.Prefix, tidy)
}

// worse is the error that ends a comparison with its own exit code, nil if nothing is
// worse. Where what was measured failed, what is missing may be worse still: that is no
// comparison to rely on.
func worse(c report.Changes) error {
	rows := c.Worse()
	if len(rows) == 0 && len(c.Broken) == 0 {
		return nil
	}
	text := ""
	if len(rows) > 0 {
		by := ""
		if c.Question.Threshold > 0 {
			by = " by more than " + report.Percent(1+c.Question.Threshold)
		}
		text = fmt.Sprintf("surely %s%s: %s", rows[0].Verdict, by, rows[0].Name)
		if rows[0].Difference == report.ChangedShape {
			text = fmt.Sprintf("surely changed in shape for the worse%s: %s", by, rows[0].Name)
		}
		if len(rows) > 1 {
			text += fmt.Sprintf(" and %d more", len(rows)-1)
		}
	}
	switch {
	case len(c.Broken) == 0:
		return worseError{errors.New(text)}
	case text != "":
		text = "; " + text
	}
	return fmt.Errorf("what was measured failed: %s: measure it again%s", strings.Join(c.Broken, "; "), text)
}
