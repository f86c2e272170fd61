package report

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"

	"parcon/results"
)

// A Side is one of the two runs that are compared: what its file holds of one
// unit.
type Side struct {
	Name   string   // of the file, for messages
	Bad    []string // what is left out, and why
	Said   []string // what else is to be known of the file
	Broken []string // lines that say that what was measured failed
	Failed int      // trials without a result: they are no samples
	unit   string
	own    bool          // parcon wrote it
	setup  results.Setup // what holds for it; of a key that has several values, the first
	units  benchfmt.UnitMetadataMap
	groups []*group // in the order of their first sample
}

// A group is the samples of one benchmark under one configuration.
type group struct {
	pkg, name string
	config    results.Setup
	values    []float64
	rounds    []int // of the values, in parcon's own files
}

// ReadSide reads the samples of one unit from results in the Go benchmark
// format: trials of a run, output of go test -bench. What cannot be read is noted
// in Bad; a file without any sample is an error. name stands for the file in
// messages.
func ReadSide(r io.Reader, name, unit string) (*Side, error) {
	return readSide(results.NewReader(context.Background(), r, name), unit)
}

// OpenSide does so with a file, or the trials in the folder of a run, until ctx ends.
func OpenSide(ctx context.Context, path, unit string) (*Side, error) {
	r, err := results.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("%w: give the folder of a run, or output of go test -bench", err)
	}
	defer r.Close()
	return readSide(r, unit)
}

func readSide(r *results.Reader, unit string) (*Side, error) {
	s := &Side{Name: r.Name(), unit: unit}
	in := sorting{side: s, groups: map[string]*group{}, units: map[string]bool{}}
	for r.Scan() {
		in.add(r)
	}
	s.own, s.Bad, s.Said, s.Broken, s.units = r.Own(), r.Bad, r.Said, r.Broken, r.Units()
	switch err := r.Err(); {
	case err != nil:
		return nil, fmt.Errorf("reading %w", err)
	case len(s.groups) > 0:
		return s, nil
	case len(in.units) > 0:
		return nil, fmt.Errorf("%s has no value in %q: choose a --unit that it has: %s", s.Name, unit, list(sorted(in.units)))
	case s.Failed > 0:
		return nil, fmt.Errorf("%s holds nothing to compare: all its %d trials failed", s.Name, s.Failed)
	case len(s.Broken) > 0:
		return nil, fmt.Errorf("%s holds no benchmark line, and what it measured failed: %s", s.Name, results.FewFaults(s.Broken))
	case len(s.Bad) > 0:
		return nil, fmt.Errorf("%s holds no benchmark line that can be read: %s", s.Name, results.FewFaults(s.Bad))
	}
	return nil, fmt.Errorf("%s holds no benchmark line%s", s.Name, r.Guess())
}

// sorting puts the lines of a file into the groups of a side.
type sorting struct {
	side   *Side
	groups map[string]*group // by configuration, package and name
	units  map[string]bool   // that lines have which have not the one asked for
	config results.Setup     // of the last line
	prefix string            // of its key in groups
}

// add keeps what a result line says of the unit.
func (in *sorting) add(r *results.Reader) {
	s, line := in.side, r.Line()
	if in.prefix == "" || !same(in.config, line.Config) {
		in.config, in.prefix = line.Config, keyOf(line.Config, r.Own())
		for _, e := range line.Config {
			if s.setup.Get(e.Key) == "" {
				s.setup = append(s.setup, e)
			}
		}
	}
	if line.Failed != "" {
		s.Failed++
		return
	}
	for _, v := range line.Lost {
		if _, ok := valueIn([]benchfmt.Value{v}, s.unit); ok {
			r.Lose(v)
			return
		}
	}
	value, ok := valueIn(line.Result.Values, s.unit)
	if !ok {
		for _, v := range line.Result.Values {
			_, unit := results.AsWritten(v)
			in.units[unit] = true
		}
		return
	}
	if value < 0 || math.IsInf(value, 0) {
		r.Lose(benchfmt.Value{Value: value, Unit: s.unit}) // it has no ratio
		return
	}
	g := in.group(string(line.Result.Name))
	g.values = append(g.values, value)
	if line.Rounded {
		g.rounds = append(g.rounds, line.Round)
	}
}

// group is that of a benchmark under the configuration of the last line.
func (in *sorting) group(name string) *group {
	key := in.prefix + name
	g := in.groups[key]
	if g == nil {
		g = &group{pkg: in.config.Get("pkg"), name: name, config: in.config}
		in.groups[key] = g
		in.side.groups = append(in.side.groups, g)
	}
	return g
}

// same says whether two configurations are one, in memory.
func same(a, b results.Setup) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// keyOf tells configurations apart. All of a file of parcon's own belongs together:
// the reader sees to that.
func keyOf(config results.Setup, own bool) string {
	var w strings.Builder
	if !own {
		for _, e := range config {
			if !slices.Contains(moments, e.Key) {
				w.WriteString(e.Key + ": " + e.Value + "\n")
			}
		}
	}
	return w.String() + "\n"
}

// moments are keys that tell when something was measured: every sample may have its
// own.
var moments = []string{"date", "time", "start"}

// valueIn is a line's value in a unit as the user names it, also where the line
// has it as seconds and the user asks for nanoseconds.
func valueIn(values []benchfmt.Value, unit string) (float64, bool) {
	factor, tidy := benchunit.Tidy(1, unit)
	for _, v := range values {
		value, written := results.AsWritten(v)
		switch {
		case written == unit:
			return value, true
		case v.Unit == unit:
			return v.Value, true
		case v.Unit == tidy:
			return v.Value / factor, true
		}
	}
	return 0, false
}

// values of a key in a side's configurations, in the order of the file. One that could
// not be found out says nothing.
func (s *Side) values(key string) []string {
	var all []string
	for _, g := range s.groups {
		if v := g.config.Get(key); v != "" && v != results.Unknown && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}
