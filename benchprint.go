package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"parcon/experiments/benchmark"
	"parcon/experiments/number"
	"parcon/report"
	"parcon/report/stat"
	"parcon/results"
)

// label names a benchmark as tables do: with its package where there are several.
func (b *benchRun) label(s benchmarked) string {
	several := map[string]bool{}
	for _, side := range b.sides {
		for pkg := range side.packages {
			several[pkg] = true
		}
	}
	if len(several) < 2 {
		return s.FullName()
	}
	return s.key()
}

// changes are those of the old side to the new one.
func (b *benchRun) changes() report.Changes {
	c := report.Changes{Old: b.vs, New: "the working tree", Unit: "ns/op", Question: b.question, OnlyNew: b.only[0], OnlyOld: b.only[1]}
	if all := b.failures(); len(all) > 0 {
		c.Broken = []string{results.FewFaults(all)}
	}
	deceived := b.deceived()
	for i, s := range b.subjects {
		all := b.series(i, b.trials)
		row := b.rule().Change(b.label(s), all[1], all[0])
		if deceived {
			row.Difference, row.Verdict, row.Worse = report.NotTold, string(report.NotTold), false
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// pairs are the A/A pairs, the two processes of the new side in each round: how many there
// are, and how many are called different, each at odds of 20 to 1.
func (b *benchRun) pairs() (called, all int) {
	for i := range b.subjects {
		pair := b.processes(i, b.trials)[0]
		if len(pair[0]) == 0 {
			continue
		}
		all++
		if report.Told(pair[0], pair[1]) {
			called++
		}
	}
	return called, all
}

// deceived says that more A/A pairs were called different than chance can explain: then
// nothing else is told either.
func (b *benchRun) deceived() bool {
	called, all := b.pairs()
	return stat.AtLeast(called, all, 1-stat.Level) < tooManyPairs
}

// tooManyPairs is the chance below which so many pairs are no chance.
const tooManyPairs = 0.001

// failures are what could not be measured, and why.
func (b *benchRun) failures() []string {
	all := slices.Clone(b.broken)
	for i, s := range b.subjects {
		orders, told := b.variants(i), map[int]bool{}
		for _, r := range b.trials {
			if o, own := orders[r.Variant]; own && r.Failed != "" && !told[o.side] {
				told[o.side] = true
				all = append(all, fmt.Sprintf("%s on the %s side: %s", b.label(s), b.sides[o.side].name, r.Failed))
			}
		}
	}
	return all
}

// rounds is the number of the last one that any benchmark had.
func (b *benchRun) rounds() (last int) {
	for _, r := range b.trials {
		last = max(last, r.Round+1)
	}
	return last
}

// outcome is the error that a whole measurement ends with, nil if nothing is worse and
// nothing failed.
func (b *benchRun) outcome() error {
	if b.vs != "" && b.deceived() {
		called, all := b.pairs()
		return fmt.Errorf("of %d A/A pairs %d are called different: do not trust what is measured on this machine now; `parcon doctor` may say why", all, called)
	}
	if b.vs != "" {
		return worse(b.changes())
	}
	if all := b.failures(); len(all) > 0 {
		return fmt.Errorf("what was measured failed: %s", results.FewFaults(all))
	}
	return nil
}

func (b *benchRun) print(out io.Writer) error {
	switch {
	case b.asJSON:
		return b.printJSON(out)
	case b.vs == "":
		return b.printAlone(out)
	}
	c := b.changes()
	c.Notes = append(c.Notes, b.failures()...)
	if err := printRows(out, c); err != nil {
		return err
	}
	layouts := "linked anew for each"
	if !b.layouts {
		layouts = "in one layout of functions"
	}
	called, all := b.pairs()
	fmt.Fprintf(out, "Measured in %s (%s), %s; of %s, the new side against itself, %d called different.\n",
		number.Plural(b.rounds(), "round"), b.took.Round(time.Second), layouts, number.Plural(all, "A/A pair"), called)
	if len(b.beside) > 0 {
		if err := b.printUsual(out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, c.Summary())
	return err
}

// alone are the intervals of what is only measured.
type alone struct {
	Name   string          `json:"name"`
	Unit   string          `json:"unit"`
	Median number.Interval `json:"median"`
}

func (b *benchRun) measured() (all []alone) {
	for i, s := range b.subjects {
		interval := stat.SeriesOf(b.series(i, b.trials)[0]).Running()
		all = append(all, alone{b.label(s), "ns/op", interval})
	}
	return all
}

// printAlone prints the samples, for benchstat, and their intervals, which it passes over.
func (b *benchRun) printAlone(out io.Writer) error {
	if err := b.printSamples(out); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nmeasured\tmedian\tlow\thigh\trounds")
	text := func(v float64) string {
		if math.IsInf(v, 0) {
			return "open"
		}
		return centre(v, "ns/op")
	}
	for _, a := range b.measured() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", a.Name, text(a.Median.Estimate), text(a.Median.Low), text(a.Median.High), a.Median.N)
	}
	return w.Flush()
}

func (b *benchRun) printJSON(out io.Writer) error {
	if b.vs == "" {
		return printJSON(out, struct {
			Benchmarks []alone  `json:"benchmarks"`
			Failed     []string `json:"failed"`
		}{b.measured(), append([]string{}, b.failures()...)})
	}
	called, all := b.pairs()
	return printJSON(out, struct {
		Changes   report.Changes `json:"changes"`
		Failed    []string       `json:"failed"`
		Rounds    int            `json:"rounds"`
		Seconds   float64        `json:"seconds"`
		Layouts   bool           `json:"layouts"`
		Pairs     int            `json:"aa_pairs"`
		Different int            `json:"aa_different"`
		Usual     []usualRow     `json:"usual,omitempty"`
		UsualTook float64        `json:"usual_seconds,omitempty"`
		Seed      uint64         `json:"seed"`
	}{b.changes(), append([]string{}, b.failures()...), b.rounds(), b.took.Seconds(), b.layouts, all, called, b.beside, b.usualTook.Seconds(), b.seed})
}

// A usualRow is what the usual way finds of a benchmark.
type usualRow struct {
	Name      string   `json:"name"`
	Ratio     *float64 `json:"ratio"` // of the medians
	P         *float64 `json:"p"`
	Different bool     `json:"different"`
}

// usualCount is the -count that is usual.
const usualCount = 10

// usually measures all of the old side, then all of the new one, and compares as benchstat
// does.
func (b *benchRun) usually(ctx context.Context) error {
	started := time.Now()
	layouts := b.layouts
	b.layouts = false // the linker's own
	err := b.relink(ctx, b.all())
	b.layouts = layouts
	if err != nil {
		return err
	}
	samples := map[string][2][]float64{}
	for _, side := range []int{1, 0} {
		for _, pkg := range slices.Sorted(maps.Keys(b.sides[side].packages)) {
			if err := b.sampleUsually(ctx, side, pkg, samples); err != nil {
				return fmt.Errorf("measuring the usual way: %w", err)
			}
		}
	}
	for _, s := range b.subjects {
		both := samples[s.key()]
		row := usualRow{Name: b.label(s)}
		if len(both[0]) > 0 && len(both[1]) > 0 {
			p, _ := report.Usually(both[1], both[0])
			row.Ratio, row.P = number.Finite(stat.SeriesOf(both[0]).Median()/stat.SeriesOf(both[1]).Median()), number.Finite(p)
			row.Different = p < report.UsualLevel
		}
		b.beside = append(b.beside, row)
	}
	b.usualTook = time.Since(started)
	return nil
}

func (b *benchRun) sampleUsually(ctx context.Context, side int, pkg string, samples map[string][2][]float64) error {
	var own []benchmark.Benchmark
	for _, s := range b.subjects {
		if s.pkg == pkg {
			own = append(own, s.Benchmark)
		}
	}
	if len(own) == 0 {
		return nil
	}
	all, err := b.program(side, pkg).Sample(ctx, own, usualCount, b.benchOptions.usual)
	for _, one := range own {
		key := benchmarked{pkg, one}.key()
		both := samples[key]
		for _, m := range all[one.FullName()] {
			both[side] = append(both[side], m["ns/op"])
		}
		samples[key] = both
	}
	return err
}

func (b *benchRun) printUsual(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nthe usual way\tratio\tp\tverdict")
	different := 0
	for _, r := range b.beside {
		verdict, ratioText, p := "no difference", "–", "–"
		if r.Different {
			verdict, different = "different", different+1
		}
		if r.Ratio != nil {
			ratioText = ratio(*r.Ratio)
		}
		if r.P != nil {
			p = fmt.Sprintf("%.3f", *r.P)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, ratioText, p, verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nThe usual way (-count=%d of all of the old side, then of the new one; Mann and Whitney's test, p < %v) took %s and calls %d of %d different; the rounds above took %s.\n",
		usualCount, report.UsualLevel, b.usualTook.Round(time.Second), different, len(b.beside), b.took.Round(time.Second))
	return err
}
