package results

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Read reads a run's result file back, until ctx ends: its setup and its results. A last line that
// was cut off is passed over. Other lines that cannot be read are returned as errors
// beside what could be. A file that was put together from several runs is an error.
func Read(ctx context.Context, path string) (Setup, []Result, []error, error) {
	r, err := Open(ctx, path)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reading the result file: %w", err)
	}
	defer r.Close()
	if r.kind != "" {
		return nil, nil, nil, fmt.Errorf("reading the result file %s: it is %s, to which no text can be added: turn it into text first", r.name, r.kind)
	}
	r.own, r.resumes = true, true
	var all []Result
	var setup Setup
	for r.Scan() {
		l := r.Line()
		if setup == nil {
			setup = l.Config
		}
		for _, v := range l.Lost {
			r.Lose(v)
		}
		all = append(all, l.trial())
	}
	if err := r.Err(); err != nil {
		return setup, all, nil, fmt.Errorf("reading %w", err)
	}
	var bad []error
	for _, text := range r.Bad {
		bad = append(bad, errors.New(text))
	}
	return setup, all, bad, nil
}

// trial turns a line of parcon's back into a result.
func (l *Line) trial() Result {
	experiment, variant, _ := strings.Cut(string(l.Result.Name), "/")
	r := Result{Slot: Slot{Experiment: experiment, Variant: variant, Round: l.Round, Position: l.Position, Of: l.Of}, Failed: l.Failed}
	values := byUnit(l.Result.Values)
	r.Sitting = int(values["sitting"])
	delete(values, "sitting")
	if r.Failed == "" {
		r.Values = values
	}
	return r
}

// byUnit are values as they stand in the file.
func byUnit(all []benchfmt.Value) map[string]float64 {
	values := map[string]float64{}
	for _, v := range all {
		value, unit := AsWritten(v)
		values[unit] = value
	}
	return values
}
