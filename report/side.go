package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"
)

// A Side is one of the two runs that are compared: what its file holds of one
// unit.
type Side struct {
	Name    string   // of the file, for messages
	Bad     []string // what could not be read, and why
	Failed  int      // trials without a result: they are no samples
	unit    string
	config  map[string][]string // the different values of each key that matters
	names   []benchmark         // in the order of their first sample
	samples map[benchmark][]float64
	rounds  map[benchmark][]int // of the samples, where every line tells its round
}

// benchmark tells benchmarks of one name in two packages apart.
type benchmark struct{ pkg, name string }

// The keys of a file's configuration that tell machines apart, those that say
// how much work an operation is, and those that may explain a difference.
var (
	machineKeys = []string{"goos", "goarch", "cpu", "cores", "host", "memory", "quota"}
	workKeys    = []string{"sizes", "task-cpu", "task-io", "task-mix"}
	noteKeys    = []string{"kernel", "go", "governor", "gogc"}
	configKeys  = slices.Concat(machineKeys, workKeys, noteKeys)
)

// ReadSide reads the samples of one unit from results in the Go benchmark
// format: trials of a run, output of go test -bench. What cannot be read is noted
// in Bad; a file without any sample is an error. name stands for the file in
// messages.
func ReadSide(r io.Reader, name, unit string) (*Side, error) {
	s := &Side{Name: name, unit: unit, config: map[string][]string{}, samples: map[benchmark][]float64{}, rounds: map[benchmark][]int{}}
	file := &ends{Reader: r}
	lines := benchfmt.NewReader(file, name)
	units := map[string]bool{}
	for lines.Scan() {
		switch line := lines.Result().(type) {
		case *benchfmt.SyntaxError:
			s.Bad = append(s.Bad, line.Error()+": the line is left out")
		case *benchfmt.Result:
			s.add(line, units)
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return nil, fmt.Errorf("reading %w: give the folder of a run, or output of go test -bench", err)
	case len(s.names) > 0:
	case len(units) > 0:
		return nil, fmt.Errorf("%s has no value in %q: choose a --unit that it has: %s", name, unit, list(sorted(units)))
	case s.Failed > 0:
		return nil, fmt.Errorf("%s holds nothing to compare: all its %d trials failed", name, s.Failed)
	case len(s.Bad) > 0:
		return nil, fmt.Errorf("%s holds no benchmark line that can be read: %s", name, s.Bad[0])
	default:
		return nil, fmt.Errorf("%s holds no benchmark line%s", name, file.guess())
	}
	if file.cutOff() {
		s.Bad = append(s.Bad, name+": the last line was cut off: what can be read of it is used")
	}
	return s, nil
}

// add keeps what a result line says of the unit.
func (s *Side) add(line *benchfmt.Result, units map[string]bool) {
	for _, key := range configKeys {
		if at, ok := line.ConfigIndex(key); ok && line.Config[at].File {
			s.note(key, line.Config[at].Value)
		}
	}
	if bytes.Contains(line.Name, []byte(failedKey)) {
		s.Failed++
		return
	}
	value, ok := valueIn(line, s.unit)
	if !ok {
		for _, v := range line.Values {
			units[written(v)] = true
		}
		return
	}
	b := benchmark{line.GetConfig("pkg"), string(line.Name)}
	if s.samples[b] == nil {
		s.names = append(s.names, b)
	}
	s.samples[b] = append(s.samples[b], value)
	if round, ok := line.Value("round"); ok {
		s.rounds[b] = append(s.rounds[b], int(round))
	}
}

// pairs returns the samples of a benchmark that belong together: those of one
// round, where both sides tell their rounds, else the i-th of both. whole says
// that each had a partner.
func pairs(x, y *Side, b benchmark) (of, over []float64, whole bool) {
	of, over = x.samples[b], y.samples[b]
	if len(x.rounds[b]) == len(of) && len(y.rounds[b]) == len(over) {
		return byRound(of, over, x.rounds[b], y.rounds[b])
	}
	n := min(len(of), len(over))
	return of[:n], over[:n], len(of) == len(over)
}

func byRound(x, y []float64, xRounds, yRounds []int) (a, b []float64, whole bool) {
	at := map[int]int{}
	for i, round := range yRounds {
		at[round] = i
	}
	for i, round := range xRounds {
		if j, ok := at[round]; ok {
			a, b = append(a, x[i]), append(b, y[j])
			delete(at, round)
		}
	}
	return a, b, len(a) == len(x) && len(b) == len(y)
}

// note remembers that the file has a value of a key. A file of two runs may have
// two. One that could not be found out says nothing.
func (s *Side) note(key string, value []byte) {
	if string(value) == unknownValue || slices.ContainsFunc(s.config[key], func(v string) bool { return v == string(value) }) {
		return
	}
	s.config[key] = append(s.config[key], string(value))
}

const unknownValue = "unknown"

// valueIn is a line's value in a unit as the user names it, also where the line
// has it as seconds and the user asks for nanoseconds.
func valueIn(line *benchfmt.Result, unit string) (float64, bool) {
	factor, tidy := benchunit.Tidy(1, unit)
	for _, v := range line.Values {
		switch {
		case written(v) == unit && v.OrigUnit != "":
			return v.OrigValue, true
		case v.Unit == unit:
			return v.Value, true
		case v.Unit == tidy:
			return v.Value / factor, true
		}
	}
	return 0, false
}

// written is the unit as it stands in the file.
func written(v benchfmt.Value) string {
	if v.OrigUnit != "" {
		return v.OrigUnit
	}
	return v.Unit
}

// ends remembers how a file began and how it ended.
type ends struct {
	io.Reader
	head []byte // enough to guess what it is
	last []byte // the beginning of the last line, if that has no line end
}

const headSize = 8 << 10

var benchmarkWord = []byte("Benchmark")

func (e *ends) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	e.head = append(e.head, p[:min(n, headSize-len(e.head))]...)
	rest := p[:n]
	if i := bytes.LastIndexByte(rest, '\n'); i >= 0 {
		e.last, rest = e.last[:0], rest[i+1:]
	}
	e.last = append(e.last, rest[:min(len(rest), len(benchmarkWord)-len(e.last))]...)
	return n, err
}

// cutOff says whether the file ends within a benchmark line.
func (e *ends) cutOff() bool { return len(e.last) > 0 && bytes.HasPrefix(benchmarkWord, e.last) }

// guess says what a file without benchmark lines is, and what to do.
func (e *ends) guess() string {
	for _, mark := range []string{"│", "sec/op", "vs base", "old time/op"} {
		if bytes.Contains(e.head, []byte(mark)) {
			return ": it is output of benchstat, which holds no samples: give the files that it was made from"
		}
	}
	switch {
	case bytes.HasPrefix(e.head, []byte{0xff, 0xfe}) || bytes.HasPrefix(e.head, []byte{0xfe, 0xff}):
		return ": it is UTF-16 text: save it as UTF-8"
	case bytes.HasPrefix(e.head, []byte("{")):
		return ": it is JSON: give the output of go test -bench without -json"
	}
	return ": give the folder of a run, or output of go test -bench"
}
