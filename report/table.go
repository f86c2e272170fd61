package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"

	"parcon/experiments"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// A Table holds the trials of a result file by variant.
type Table struct {
	Setup  []Entry // the file's configuration lines, in their order
	Failed []Failure
	Bad    []string // lines that could not be read, and why
	series map[string]*series
	names  []string // keys of series in the order of their first trial
	trials int
	ratios map[ratioKey]stat.Interval // computed so far: charts and tables ask for the same ones
}

type ratioKey struct {
	experiment, of, over, unit string
}

// An Entry is one line of a file's configuration.
type Entry struct{ Key, Value string }

// A Failure is a trial that gave no result.
type Failure struct {
	Experiment, Variant, Reason string
	Round                       int
}

// series is the trials of one variant, in the order of the file.
type series struct {
	rounds []int32
	values [len(units)][]float64 // nil for a unit that no line had so far
}

// units are the values that a report makes use of; others are not kept, so
// that a file of a million lines fits.
var units = [...]string{
	"ns/op", "cpu-ns/op", "cores-busy", "in-flight", "max-in-flight", "p99-ns",
	"ctxsw/op", "peak-rss-bytes", "steal-ns", "others-busy", "throttled-ns", "threads",
}

func unitIndex(unit string) int { return slices.Index(units[:], unit) }

// ReadFile reads a result file.
func ReadFile(path string) (*Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the result file: %w", err)
	}
	defer f.Close()
	t, err := Read(f, path)
	if err != nil {
		return nil, fmt.Errorf("reading the result file %s: %w", path, err)
	}
	return t, nil
}

// NewTable returns a table without trials.
func NewTable() *Table {
	return &Table{series: map[string]*series{}, ratios: map[ratioKey]stat.Interval{}}
}

// Read reads results in the Go benchmark format. What is not a result line is
// passed over, as the format demands; a result line that cannot be read is
// noted in Bad. name stands for the file in messages.
func Read(r io.Reader, name string) (*Table, error) {
	t := NewTable()
	tail := &lastByte{Reader: r}
	lines := benchfmt.NewReader(tail, name)
	for lines.Scan() {
		switch line := lines.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Bad = append(t.Bad, line.Error())
		case *benchfmt.Result:
			t.addLine(line)
		}
	}
	if err := lines.Err(); err != nil {
		return t, err
	}
	if t.trials > 0 && tail.last != '\n' {
		// Whether the rest of the line could be read is a matter of luck.
		t.Bad = append(t.Bad, name+": the last line was cut off")
	}
	return t, nil
}

// lastByte remembers the last byte that was read.
type lastByte struct {
	io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

func (t *Table) addLine(line *benchfmt.Result) {
	if t.Setup == nil {
		for _, c := range line.Config {
			if c.File {
				t.Setup = append(t.Setup, Entry{c.Key, string(c.Value)})
			}
		}
	}
	t.trials++
	if i := strings.Index(string(line.Name), failedKey); i >= 0 {
		t.addFailure(string(line.Name[:i]), string(line.Name[i+len(failedKey):]), line)
		return
	}
	s := t.series[string(line.Name)]
	if s == nil {
		s = &series{}
		t.series[string(line.Name)] = s
		t.names = append(t.names, string(line.Name))
	}
	round := len(s.rounds) // as good as any for output of go test, which has no rounds
	var values [len(units)]float64
	for i := range values {
		values[i] = math.NaN()
	}
	for _, v := range line.Values {
		unit, value := v.Unit, v.Value
		if v.OrigUnit != "" {
			unit, value = v.OrigUnit, v.OrigValue
		}
		if i := unitIndex(unit); i >= 0 {
			values[i] = value
		} else if unit == "round" {
			round = int(value)
		}
	}
	s.add(round, values)
}

const failedKey = "/failed="

func (t *Table) addFailure(name, reason string, line *benchfmt.Result) {
	experiment, v, _ := strings.Cut(name, "/")
	round, _ := line.Value("round")
	t.Failed = append(t.Failed, Failure{experiment, v, strings.ReplaceAll(reason, "_", " "), int(round)})
}

func (s *series) add(round int, values [len(units)]float64) {
	for i, v := range values {
		if s.values[i] == nil {
			if math.IsNaN(v) {
				continue
			}
			// The first line with this unit: those before had none.
			s.values[i] = slices.Repeat([]float64{math.NaN()}, len(s.rounds))
		}
		s.values[i] = append(s.values[i], v)
	}
	s.rounds = append(s.rounds, int32(round))
}

// at is the value of one unit in one trial, NaN if the line had none.
func (s *series) at(unit, trial int) float64 {
	if s.values[unit] == nil {
		return math.NaN()
	}
	return s.values[unit][trial]
}

// Add adds a trial that is not read from a file.
func (t *Table) Add(experiment, v string, round int, values map[string]float64) {
	name := experiment + "/" + v
	if t.series[name] == nil {
		t.series[name] = &series{}
		t.names = append(t.names, name)
	}
	row := [len(units)]float64{}
	for i, unit := range units {
		value, ok := values[unit]
		if !ok {
			value = math.NaN()
		}
		row[i] = value
	}
	t.trials++
	t.series[name].add(round, row)
	clear(t.ratios)
}

// Get returns the value of a configuration key, "" if there is none.
func (t *Table) Get(key string) string {
	for _, e := range t.Setup {
		if e.Key == key {
			return e.Value
		}
	}
	return ""
}

// find returns the series of an experiment's variant, nil if it has no trial.
func (t *Table) find(experiment string, v variant.Variant) *series {
	return t.series[experiments.Title(experiment)+"/"+v.String()]
}

// center estimates one unit of a variant over its trials.
func (t *Table) center(experiment string, v variant.Variant, unit string) stat.Interval {
	s := t.find(experiment, v)
	if s == nil {
		return stat.Center(nil)
	}
	return stat.Center(s.values[unitIndex(unit)])
}

// ratio estimates the ratio of one unit of two variants, paired by round.
func (t *Table) ratio(experiment string, of, over variant.Variant, unit string) stat.Interval {
	key := ratioKey{experiment, of.String(), over.String(), unit}
	if r, ok := t.ratios[key]; ok {
		return r
	}
	a, b := pair(t.find(experiment, of), t.find(experiment, over), unitIndex(unit))
	r := stat.Ratio(a, b)
	t.ratios[key] = r
	return r
}

// pair returns the values of the rounds that both have. Should a round stand
// there several times, its n-th trial on one side meets the n-th on the other.
func pair(x, y *series, unit int) (a, b []float64) {
	if x == nil || y == nil || x.values[unit] == nil || y.values[unit] == nil {
		return nil, nil
	}
	inX, inY := x.byRound(), y.byRound()
	for i, j := 0, 0; i < len(inX) && j < len(inY); {
		switch p, q := x.rounds[inX[i]], y.rounds[inY[j]]; {
		case p < q:
			i++
		case q < p:
			j++
		default:
			a, b = append(a, x.at(unit, inX[i])), append(b, y.at(unit, inY[j]))
			i++
			j++
		}
	}
	return a, b
}

// byRound lists the trials by round, those of one round in the order of the
// file.
func (s *series) byRound() []int {
	order := make([]int, len(s.rounds))
	for i := range order {
		order[i] = i
	}
	if !slices.IsSorted(s.rounds) {
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.rounds[i], s.rounds[j]) })
	}
	return order
}
