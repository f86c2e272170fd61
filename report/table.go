package report

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/lane"
	"parcon/experiments/variant"
	"parcon/report/stat"
	"parcon/results"
	"parcon/runner/calm"
)

// A Table holds the trials of a result file by variant.
type Table struct {
	Setup  results.Setup // the file's configuration lines, in their order
	Failed []Failure
	Bad    []string        // lines that could not be read, and why
	Said   []string        // what else is to be known of the file
	Looks  []calm.Look     // at the machine, between the trials
	Lanes  []lane.Timeline // of traced runs beside it; none if nobody made them
	Cut    []Cut           // rounds that were interrupted
	series map[string]*series
	names  []string // keys of series in the order of their first trial
	trials int
	// unordered is how many lines do not say in which round they were measured.
	unordered int
	ratios    map[ratioKey]ratio // computed so far: charts and tables ask for the same ones
	lines     map[roundKey]int   // how many each round of an experiment has, failures included
	due       map[roundKey]int   // how many it is to have
	cases     map[string]int     // how many every round is to have, as the head of older files says
	catalogue Catalogue
	units     units
}

// ratio is one that was computed: charts want the interval alone, and often.
type ratio struct {
	stat.Series
	rounds   []int
	interval stat.Interval
}

type roundKey struct {
	experiment string
	round      int
}

// A Failure is a trial that gave no result.
type Failure struct {
	Experiment, Variant, Reason string
	Round                       int
}

// series is the trials of one variant, in the order of the file.
type series struct {
	units  units
	rounds []int32
	values [][]float64 // by unit; nil for one that no line had so far
	told   []int       // units that some line had
}

// commonUnits are values that a report makes use of whatever a trial is about. Others
// are those of cards; what is neither is not kept, so that a file of a million lines
// fits.
var commonUnits = []string{
	"ns/op", "cpu-ns/op", "cores-busy", "in-flight", "max-in-flight", "p99-ns",
	"ctxsw/op", "peak-rss-bytes", "steal-ns", "others-busy", "throttled-ns", "threads",
	"start-unix-s", "life-ns", "sitting", "run-delay-ns", "involuntary-ctxsw/op", "mhz",
	"pressure-cpu-ns", "pressure-io-ns", "pressure-memory-ns", card.UnitTries, card.UnitSeen, card.UnitEpisodes,
	"took-ns", "run-delay-ns/op", "left/op",
}

// units are the places of the values that are kept of a trial.
type units map[string]int

func unitsOf(c Catalogue) units {
	all := units{}
	for _, unit := range slices.Concat(commonUnits, c.units()) {
		if _, there := all[unit]; !there {
			all[unit] = len(all)
		}
	}
	return all
}

// unit is the place of a unit, -1 if its values are not kept.
func (t *Table) unit(name string) int { return t.units.place(name) }

// unit is that place for a series.
func (s *series) unit(name string) int { return s.units.place(name) }

func (u units) place(name string) int {
	if i, ok := u[name]; ok {
		return i
	}
	return -1
}

// ReadFile reads a result file, until ctx ends.
func ReadFile(ctx context.Context, path string, c Catalogue) (*Table, error) {
	r, err := results.Open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("reading the result file: %w", err)
	}
	defer r.Close()
	t, err := readAll(r, c)
	if err != nil {
		return nil, fmt.Errorf("reading the result file %w", err)
	}
	switch {
	case t.trials > 0:
		return t, nil
	case len(t.Bad) > 0:
		return nil, fmt.Errorf("%s holds no result line that can be read: %s", r.Name(), results.FewFaults(t.Bad))
	}
	return nil, fmt.Errorf("%s holds no result line%s", r.Name(), r.Guess())
}

// NewTable returns a table without trials.
func NewTable(c Catalogue) *Table {
	u := unitsOf(c)
	return &Table{
		series: map[string]*series{}, ratios: map[ratioKey]ratio{}, lines: map[roundKey]int{}, due: map[roundKey]int{}, cases: map[string]int{},
		catalogue: c, units: u,
	}
}

// Read reads results in the Go benchmark format. What is not a result line is
// passed over, as the format demands; a result line that cannot be read is
// noted in Bad. name stands for the file in messages.
func Read(r io.Reader, name string, c Catalogue) (*Table, error) {
	return readAll(results.NewReader(context.Background(), r, name), c)
}

func readAll(r *results.Reader, c Catalogue) (*Table, error) {
	t := NewTable(c)
	for r.Scan() {
		t.addLine(r)
	}
	for _, values := range r.Looks {
		if l, ok := calm.LookOf(values); ok {
			t.Looks = append(t.Looks, l)
		}
	}
	t.Bad, t.Said = r.Bad, append(r.Said, r.Broken...)
	if err := r.Err(); err != nil {
		return t, err
	}
	t.cutRounds()
	return t, nil
}

// Seen is what the looks at the machine come to.
func (t *Table) Seen() calm.Seen {
	began, err := time.Parse(time.RFC3339, t.Get(results.KeyDate))
	if err != nil {
		began = time.Time{}
	}
	return calm.Of(t.Looks, began)
}

// readHead takes from the file's head what decides how its lines are read.
func (t *Table) readHead() {
	for _, field := range strings.Fields(t.Get(results.KeyCases)) {
		name, text, _ := strings.Cut(field, ":")
		if n, err := strconv.Atoi(text); err == nil {
			t.cases[name] = n
		}
	}
}

// count counts a line of a round, if the file says how many there should be: in its head
// those of every round, or with each line those of its own.
func (t *Table) count(experiment string, round, of int) {
	key := roundKey{experiment, round}
	if of == 0 {
		of = t.cases[experiment]
	}
	if of > 0 {
		t.lines[key]++
		t.due[key] = of
	}
}

// addLine adds the trial that a line tells of. Rounds, failures and what the head
// says of the machine are parcon's own: in another's file such words mean nothing.
func (t *Table) addLine(r *results.Reader) {
	line := r.Line()
	if t.trials == 0 {
		t.Setup = line.Config
		t.readHead()
	}
	if t.lost(r) {
		return
	}
	t.trials++
	experiment, v, _ := strings.Cut(string(line.Result.Name), "/")
	if line.Failed != "" {
		t.count(experiment, line.Round, line.Of)
		t.Failed = append(t.Failed, Failure{experiment, v, line.Failed, line.Round})
		return
	}
	s := t.seriesOf(line.Result.Name, line.Rounded)
	round := line.Round
	if !line.Rounded {
		round = len(s.rounds) // as good as any: there are none
		t.unordered++
	}
	s.add(round)
	for _, v := range line.Result.Values {
		value, unit := results.AsWritten(v)
		s.set(t.unit(unit), value)
	}
	t.count(experiment, round, line.Of)
}

// lost says whether a value that a report makes use of is no measurement: nothing
// else of that trial is to be trusted then.
func (t *Table) lost(r *results.Reader) bool {
	lost := false
	for _, v := range r.Line().Lost {
		if _, unit := results.AsWritten(v); t.unit(unit) >= 0 {
			r.Lose(v)
			lost = true
		}
	}
	return lost
}

// seriesOf is the series that a line belongs to. Those of parcon tell their rounds,
// and have no GOMAXPROCS at their end.
func (t *Table) seriesOf(line []byte, rounded bool) *series {
	if s := t.series[string(line)]; s != nil && rounded {
		return s
	}
	name := string(line)
	if !rounded {
		name = withoutProcs(name)
	}
	s := t.series[name]
	if s == nil {
		s = t.newSeries()
		t.series[name] = s
		t.names = append(t.names, name)
	}
	return s
}

func (t *Table) newSeries() *series {
	return &series{units: t.units, values: make([][]float64, len(t.units))}
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

// add begins a trial, of which no value is known yet.
func (s *series) add(round int) {
	s.rounds = append(s.rounds, int32(round))
	for _, i := range s.told {
		s.values[i] = append(s.values[i], math.NaN())
	}
}

// set keeps a value of the last trial, if its unit is one that is kept.
func (s *series) set(unit int, value float64) {
	if unit < 0 {
		return
	}
	if s.values[unit] == nil { // the trials before had none
		s.values[unit] = slices.Repeat([]float64{math.NaN()}, len(s.rounds))
		s.told = append(s.told, unit)
	}
	s.values[unit][len(s.rounds)-1] = value
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
	if unit < 0 || s.values[unit] == nil {
		return math.NaN()
	}
	return s.values[unit][trial]
}

// Keep adds a trial as it was measured.
func (t *Table) Keep(r results.Result) {
	if r.Failed != "" {
		t.trials++
		t.Failed = append(t.Failed, Failure{r.Experiment, r.Variant, r.Failed, r.Round})
		clear(t.ratios)
		return
	}
	t.Add(r.Experiment, r.Variant, r.Round, r.Values)
}

// Add adds a trial that is not read from a file.
func (t *Table) Add(experiment, v string, round int, values map[string]float64) {
	name := experiment + "/" + v
	if t.series[name] == nil {
		t.series[name] = t.newSeries()
		t.names = append(t.names, name)
	}
	t.trials++
	t.series[name].add(round)
	for unit, value := range values {
		t.series[name].set(t.unit(unit), value)
	}
	clear(t.ratios)
}

// interval says what intervals are, for a heading or a legend.
const interval = "95 % interval"

// Get returns the value of a configuration key, "" if there is none.
func (t *Table) Get(key string) string { return t.Setup.Get(key) }

// cores is how many the machine has. A file that does not tell, as that of another
// program, says nothing of it.
func (t *Table) cores() (n int, known bool) {
	n, err := strconv.Atoi(t.Get(results.KeyCores))
	return n, err == nil && n >= 1
}

// failures counts the failed trials of a variant.
func (t *Table) failures(experiment string, v variant.Variant) int {
	n := 0
	for _, f := range t.Failed {
		if f.Experiment == card.Title(experiment) && f.Variant == v.String() {
			n++
		}
	}
	return n
}

// holds says whether there is any trial of an experiment.
func (t *Table) holds(experiment string) bool {
	prefix := card.Title(experiment) + "/"
	return slices.ContainsFunc(t.names, func(name string) bool { return strings.HasPrefix(name, prefix) })
}

// rounds is the most trials that any variant of an experiment has.
func (t *Table) rounds(experiment string) int {
	most := 0
	for name, s := range t.series {
		if strings.HasPrefix(name, card.Title(experiment)+"/") {
			most = max(most, len(s.rounds))
		}
	}
	return most
}

// find returns the series of an experiment's variant, nil if it has no trial.
func (t *Table) find(experiment string, v variant.Variant) *series {
	return t.series[card.Title(experiment)+"/"+v.String()]
}

// center estimates one unit of a variant over its rounds: all in which it has a trial.
//
// It is the value of that variant alone, and of no pair: each has several partners, the
// baseline and all that it is compared with, and a round in which one of them failed
// counts in the ratios with the others. So a failure of another variant takes nothing
// from it.
func (t *Table) center(experiment string, v variant.Variant, unit string) stat.Interval {
	_, values := t.values(experiment, v, unit)
	return values.Running()
}

// busy is how many cores a variant kept busy, of as many as there are: CPU time is taken
// until the last of its processes has ended, wall time until its last task has, so that
// their quotient may be a little higher.
func (t *Table) busy(experiment string, v variant.Variant) stat.Interval {
	i := t.center(experiment, v, "cores-busy")
	if n, known := t.cores(); known {
		most := float64(n)
		i.Estimate, i.Low, i.High = min(i.Estimate, most), min(i.Low, most), min(i.High, most)
	}
	return i
}

// values is the evidence on one unit of one variant.
func (t *Table) values(experiment string, v variant.Variant, unit string) (rounds []int, of stat.Series) {
	var values []float64
	t.find(experiment, v).eachRound(t.unit(unit), func(round int, value float64) {
		rounds, values = append(rounds, round), append(values, value)
	})
	return rounds, stat.SeriesOf(values)
}

// counts are what was counted of a variant and its tries, one of each for each
// round.
func (t *Table) counts(experiment string, v variant.Variant, unit string) (counted, tries []float64) {
	_, counted, tries = t.countsByRound(experiment, v, unit)
	return counted, tries
}

func (t *Table) countsByRound(experiment string, v variant.Variant, unit string) (rounds []int, counted, tries []float64) {
	s := t.find(experiment, v)
	return pair(s, t.unit(unit), s, t.unit(card.UnitTries))
}

// episodes is how many a variant's trials were made of, and in how many rounds they say so.
func (t *Table) episodes(experiment string, v variant.Variant) (episodes float64, rounds int) {
	t.find(experiment, v).eachRound(t.unit(card.UnitEpisodes), func(_ int, n float64) {
		episodes += n
		rounds++
	})
	return episodes, rounds
}

// ratio estimates the ratio of one unit of two variants, paired by round.
func (t *Table) ratio(experiment string, of, over variant.Variant, unit string) stat.Interval {
	return t.across(experiment, of, unit, over, unit).interval
}

// across is the evidence on the ratio of a unit of one variant to that of another, by
// round, and its interval. A round in which one of the two failed has no ratio and counts against
// whatever is said of it.
func (t *Table) across(experiment string, of variant.Variant, unit string, over variant.Variant, than string) ratio {
	key := ratioKey{experiment, of.String(), over.String(), unit + " " + than}
	if r, ok := t.ratios[key]; ok {
		return r
	}
	rounds, x, y := t.shared(experiment, of, unit, over, than)
	r := ratio{Series: stat.RatioSeries(x, y), rounds: rounds}
	r.interval = r.Running()
	t.ratios[key] = r
	return r
}

// shared are the rounds in which both ran, and their values, NaN where a trial failed.
func (t *Table) shared(experiment string, of variant.Variant, unit string, over variant.Variant, than string) (rounds []int, x, y []float64) {
	a, b := t.rounded(experiment, of, unit), t.rounded(experiment, over, than)
	for _, round := range slices.Sorted(maps.Keys(a)) {
		if other, ok := b[round]; ok {
			rounds, x, y = append(rounds, round), append(x, a[round]), append(y, other)
		}
	}
	return rounds, x, y
}

// rounded are the values of a variant by round, NaN where its trial failed.
func (t *Table) rounded(experiment string, v variant.Variant, unit string) map[int]float64 {
	values := map[int]float64{}
	for _, f := range t.Failed {
		if f.Experiment == card.Title(experiment) && f.Variant == v.String() {
			values[f.Round] = math.NaN()
		}
	}
	t.find(experiment, v).eachRound(t.unit(unit), func(round int, value float64) { values[round] = value })
	return values
}

// pair returns the values of the rounds that both have: where one of them failed neither
// counts.
func pair(x *series, unitX int, y *series, unitY int) (rounds []int, a, b []float64) {
	var all []int
	var values []float64
	x.eachRound(unitX, func(round int, value float64) {
		all, values = append(all, round), append(values, value)
	})
	i := 0
	y.eachRound(unitY, func(round int, value float64) {
		for i < len(all) && all[i] < round {
			i++
		}
		if i < len(all) && all[i] == round {
			rounds, a, b = append(rounds, round), append(a, values[i]), append(b, value)
		}
	})
	return rounds, a, b
}

// eachRound calls f for every round that has a value, in ascending order. Should
// a round hold several trials of a variant, they are no further samples: their
// mean stands for the round.
func (s *series) eachRound(unit int, f func(round int, value float64)) {
	if s == nil || unit < 0 || s.values[unit] == nil {
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
