package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/perf/benchfmt"

	"parcon/results"
	"parcon/runner"
)

// samples writes what is measured as go test -bench would: a file for each side, whose i-th
// samples of a benchmark are of one round. So of a round in which a side failed nothing is
// written.
type samples struct {
	run     *benchRun
	files   []*os.File // of the sides; none: nothing is kept
	writers []*benchfmt.Writer
	cpu     string
	waiting map[int]map[int]results.Result // of a round that is not whole yet: by subject and side
}

// openSamples makes the files, none without --out. They are never those that are there.
func (b *benchRun) openSamples() (*samples, error) {
	s := &samples{run: b, cpu: runner.Host(b.work).Get(results.KeyCPU), waiting: map[int]map[int]results.Result{}}
	if b.out == "" {
		return s, nil
	}
	if err := os.MkdirAll(b.out, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder for the samples: %w: name another one with --out", err)
	}
	for _, side := range b.sides {
		f, err := os.OpenFile(filepath.Join(b.out, side.name+".txt"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("creating a file for samples: %w: name another folder with --out", err)
		}
		s.files = append(s.files, f)
		s.writers = append(s.writers, benchfmt.NewWriter(f))
	}
	return s, nil
}

func (s *samples) Close() {
	for _, f := range s.files {
		_ = f.Close() // every write was checked
	}
}

// keep writes the samples of a benchmark when its round is whole.
func (s *samples) keep(r results.Result, o benchOrder) error {
	if len(s.files) == 0 {
		return nil
	}
	if s.waiting[o.subject] == nil {
		s.waiting[o.subject] = map[int]results.Result{}
	}
	round := s.waiting[o.subject]
	if round[o.side] = r; len(round) < len(s.files) {
		return nil
	}
	delete(s.waiting, o.subject)
	for _, r := range round {
		if r.Failed != "" {
			return nil
		}
	}
	for side, w := range s.writers {
		if err := w.Write(sampleLine(s.run.subjects[o.subject], round[side], s.cpu)); err != nil {
			return fmt.Errorf("writing samples: %w", err)
		}
	}
	return nil
}

// sampleLine is a sample in the Go benchmark format.
func sampleLine(of benchmarked, r results.Result, cpu string) *benchfmt.Result {
	line := &benchfmt.Result{Name: benchfmt.Name(of.FullName()), Iters: of.Iterations}
	for _, c := range [][2]string{{"goos", runtime.GOOS}, {"goarch", runtime.GOARCH}, {"pkg", of.pkg}, {"cpu", cpu}} {
		line.Config = append(line.Config, benchfmt.Config{Key: c[0], Value: []byte(c[1]), File: true})
	}
	units := slices.Sorted(maps.Keys(r.Values))
	if i := slices.Index(units, "ns/op"); i > 0 { // first, as everybody expects
		units = slices.Insert(slices.Delete(units, i, i+1), 0, "ns/op")
	}
	for _, unit := range units {
		line.Values = append(line.Values, benchfmt.Value{Value: r.Values[unit], Unit: unit})
	}
	return line
}

// printSamples writes those of a side.
func (b *benchRun) printSamples(out io.Writer, side int) error {
	w, cpu := benchfmt.NewWriter(out), runner.Host(b.work).Get(results.KeyCPU)
	for i, subject := range b.subjects {
		for _, r := range b.trials {
			if r.Variant != b.variant(i, side) || r.Failed != "" {
				continue
			}
			if err := w.Write(sampleLine(subject, r, cpu)); err != nil {
				return err
			}
		}
	}
	return nil
}
