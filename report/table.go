package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"parcon/experiments"
	"parcon/experiments/mechanism"
	"parcon/experiments/variant"
	"parcon/report/stat"
)

// A Table holds the trials of a result file by variant.
type Table struct {
	Setup  []Entry // the file's configuration lines, in their order
	Failed []Failure
	Bad    []string // lines that could not be read, and why
	Cut    []Cut    // rounds that were interrupted
	series map[string]*series
	names  []string // keys of series in the order of their first trial
	trials int
	// unordered is how many lines do not say in which round they were measured.
	unordered int
	ratios    map[ratioKey]ratio // computed so far: charts and tables ask for the same ones
	lines     map[roundKey]int   // how many each round of an experiment has, failures included
	cases     map[string]int     // how many it is to have, as the file's head says
	level     float64            // that intervals are computed at
}

// ratio is one that was computed: charts want the interval alone, and often.
type ratio struct {
	stat.Sample
	interval stat.Interval
}

type roundKey struct {
	experiment string
	round      int
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
	"start-unix-s", "life-ns", "sitting", "run-delay-ns", "involuntary-ctxsw/op", "mhz",
	"pressure-cpu-ns", "pressure-io-ns", "pressure-memory-ns",
	"tries", "seen", "answer-ns/op", "pss-bytes/unit", "rss-bytes/unit", "most-inside", "full",
	"survivors", "lost", "oversold", "broken-reads", "torn",
	"over", "more", "less", "early", "timeouts", "hanging", "named",
	"late-p50-ns", "late-p99-ns", "late-max-ns",
	"reaped", "gone-p50-ns", "gone-p99-ns", "gone-max-ns",
	"running-share", "ready-share", "blocked-share", "r-share", "s-share",
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
	return &Table{series: map[string]*series{}, ratios: map[ratioKey]ratio{}, lines: map[roundKey]int{}, cases: map[string]int{}, level: stat.Level}
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
	t.cutRounds()
	return t, nil
}

// readHead takes from the file's head what decides how its lines are read.
func (t *Table) readHead() {
	if t.Get("precision") != "" {
		t.level = stat.Careful
	}
	for _, field := range strings.Fields(t.Get("cases")) {
		name, text, _ := strings.Cut(field, ":")
		if n, err := strconv.Atoi(text); err == nil {
			t.cases[name] = n
		}
	}
}

// count counts a line of a round, if the file says how many there should be.
func (t *Table) count(experiment string, round int) {
	if t.cases[experiment] > 0 {
		t.lines[roundKey{experiment, round}]++
	}
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
	if t.trials == 0 {
		t.readHead()
	}
	t.trials++
	if i := strings.Index(string(line.Name), failedKey); i >= 0 {
		t.addFailure(string(line.Name[:i]), string(line.Name[i+len(failedKey):]), line)
		return
	}
	name := withoutProcs(string(line.Name))
	s := t.series[name]
	if s == nil {
		s = &series{}
		t.series[name] = s
		t.names = append(t.names, name)
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
	if _, ok := line.Value("round"); !ok {
		t.unordered++
	}
	s.add(round, values)
	experiment, _, _ := strings.Cut(name, "/")
	t.count(experiment, round)
}

// withoutProcs takes GOMAXPROCS off a name that go test printed: "X/workers=8-2".
// The names of parcon's own trials end in no such thing.
func withoutProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 || i+1 == len(name) || strings.Trim(name[i+1:], "0123456789") != "" {
		return name
	}
	return name[:i]
}

const failedKey = "/failed="

func (t *Table) addFailure(name, reason string, line *benchfmt.Result) {
	experiment, v, _ := strings.Cut(name, "/")
	round, _ := line.Value("round")
	t.count(experiment, int(round))
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

// drop takes out a round.
func (s *series) drop(round int) {
	for i := len(s.rounds) - 1; i >= 0; i-- {
		if int(s.rounds[i]) != round {
			continue
		}
		s.rounds = slices.Delete(s.rounds, i, i+1)
		for u := range s.values {
			if s.values[u] != nil {
				s.values[u] = slices.Delete(s.values[u], i, i+1)
			}
		}
	}
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

// failures counts the failed trials of a variant.
func (t *Table) failures(experiment string, v variant.Variant) int {
	n := 0
	for _, f := range t.Failed {
		if f.Experiment == experiments.Title(experiment) && f.Variant == v.String() {
			n++
		}
	}
	return n
}

// holds says whether there is any trial of an experiment.
func (t *Table) holds(experiment string) bool {
	prefix := experiments.Title(experiment) + "/"
	return slices.ContainsFunc(t.names, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// rounds is the most trials that any variant of an experiment has.
func (t *Table) rounds(experiment string) int {
	most := 0
	for name, s := range t.series {
		if strings.HasPrefix(name, experiments.Title(experiment)+"/") {
			most = max(most, len(s.rounds))
		}
	}
	return most
}

// find returns the series of an experiment's variant, nil if it has no trial.
func (t *Table) find(experiment string, v variant.Variant) *series {
	return t.series[experiments.Title(experiment)+"/"+v.String()]
}

// center estimates one unit of a variant over its rounds.
func (t *Table) center(experiment string, v variant.Variant, unit string) stat.Interval {
	return t.values(experiment, v, unit).Interval(t.level)
}

// values is the evidence on one unit of one variant.
func (t *Table) values(experiment string, v variant.Variant, unit string) stat.Sample {
	var values []float64
	t.find(experiment, v).eachRound(unitIndex(unit), func(_ int, value float64) {
		values = append(values, value)
	})
	return stat.Values(values)
}

// counts are what was counted of a variant and its tries, one of each for each
// round.
func (t *Table) counts(experiment string, v variant.Variant, unit string) (counted, tries []float64) {
	s := t.find(experiment, v)
	return pair(s, unitIndex(unit), s, unitIndex(mechanism.Tries))
}

// ratio estimates the ratio of one unit of two variants, paired by round.
func (t *Table) ratio(experiment string, of, over variant.Variant, unit string) stat.Interval {
	return t.paired(experiment, of, over, unit).interval
}

// paired is the evidence on the ratio of one unit of two variants.
func (t *Table) paired(experiment string, of, over variant.Variant, unit string) ratio {
	return t.across(experiment, of, unit, over, unit)
}

// across is the same for two units of one kind.
func (t *Table) across(experiment string, of variant.Variant, unit string, over variant.Variant, than string) ratio {
	key := ratioKey{experiment, of.String(), over.String(), unit + " " + than}
	if r, ok := t.ratios[key]; ok {
		return r
	}
	a, b := pair(t.find(experiment, of), unitIndex(unit), t.find(experiment, over), unitIndex(than))
	sample := stat.Ratios(a, b)
	r := ratio{sample, sample.Interval(t.level)}
	t.ratios[key] = r
	return r
}

// pair returns the values of the rounds that both have.
func pair(x *series, unitX int, y *series, unitY int) (a, b []float64) {
	var rounds []int
	var values []float64
	x.eachRound(unitX, func(round int, value float64) {
		rounds, values = append(rounds, round), append(values, value)
	})
	i := 0
	y.eachRound(unitY, func(round int, value float64) {
		for i < len(rounds) && rounds[i] < round {
			i++
		}
		if i < len(rounds) && rounds[i] == round {
			a, b = append(a, values[i]), append(b, value)
		}
	})
	return a, b
}

// eachRound calls f for every round that has a value, in ascending order. Should
// a round hold several trials of a variant, they are no further samples: their
// mean stands for the round.
func (s *series) eachRound(unit int, f func(round int, value float64)) {
	if s == nil || s.values[unit] == nil {
		return
	}
	order := s.byRound()
	for len(order) > 0 {
		round, sum, n := s.rounds[order[0]], 0.0, 0
		for len(order) > 0 && s.rounds[order[0]] == round {
			if v := s.values[unit][order[0]]; !math.IsNaN(v) {
				sum += v
				n++
			}
			order = order[1:]
		}
		if n > 0 {
			f(int(round), sum/float64(n))
		}
	}
}

// byRound lists the trials by round.
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
