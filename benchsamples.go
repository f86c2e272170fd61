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
// samples of a benchmark are of one round, each of the side's faster process. So of a round
// in which one failed nothing is written.
type samples struct {
	run     *benchRun
	files   []*os.File // of the sides; none: nothing is kept
	writers []*benchfmt.Writer
	cpu     string
	waiting map[int]map[benchOrder]results.Result // of a round that is not whole yet: by subject
}

func (b *benchRun) samplesTo(writers ...*benchfmt.Writer) *samples {
	return &samples{run: b, writers: writers, cpu: runner.Host(b.work).Get(results.KeyCPU), waiting: map[int]map[benchOrder]results.Result{}}
}

// openSamples makes the files, none without --out. They are never those that are there.
func (b *benchRun) openSamples() (*samples, error) {
	s := b.samplesTo()
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
	if len(s.writers) == 0 {
		return nil
	}
	if s.waiting[o.subject] == nil {
		s.waiting[o.subject] = map[benchOrder]results.Result{}
	}
	round := s.waiting[o.subject]
	if round[o] = r; len(round) < turns*len(s.run.sides) {
		return nil
	}
	delete(s.waiting, o.subject)
	fastest := make([]results.Result, len(s.writers))
	for o, r := range round {
		if r.Failed != "" {
			return nil
		}
		if old := fastest[o.side]; old.Values == nil || r.Values["ns/op"] < old.Values["ns/op"] {
			fastest[o.side] = r
		}
	}
	for side, w := range s.writers {
		if err := w.Write(sampleLine(s.run.subjects[o.subject], fastest[side], s.cpu)); err != nil {
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

// printSamples writes those of what is only measured.
func (b *benchRun) printSamples(out io.Writer) error {
	s := b.samplesTo(benchfmt.NewWriter(out))
	for i := range b.subjects {
		orders := b.variants(i)
		for _, r := range b.trials {
			if o, own := orders[r.Variant]; own {
				if err := s.keep(r, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
