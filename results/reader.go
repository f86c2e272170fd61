package results

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"
)

// A Reader reads result lines in the Go benchmark format one after another: those
// of parcon and those that go test prints, also from logs, packed, in UTF-16 or as
// JSON. It is bounded in memory and ends when its context does.
//
// A line that cannot be read is noted in Bad and passed over. So is a value that is no
// measurement: no finite number, or below zero where the unit counts something.
type Reader struct {
	// Bad says what was left out and why, each beginning with the file and line.
	Bad []string
	// Said is what a reader of the file must know besides.
	Said []string
	// Broken are the lines that say that what was measured failed, each beginning with
	// the file and line.
	Broken []string
	// Looks are what parcon saw of the machine between the trials, by unit.
	Looks []map[string]float64

	name    string
	close   func() error
	lines   *lines
	bench   *benchfmt.Reader
	feed    feed
	kind    string // of file that was turned into text, "" if it is text
	head    []byte // the beginning of the text, to guess what it is
	err     error
	line    Line
	results int
	barren  int // bytes since the last result

	resumes bool  // a last line without a line end is no line yet
	own     bool  // it is parcon's own file
	first   Setup // of parcon's own: the setup of its first result
	decided bool
	config  Setup
	heading bool // no result came since the head of a file or of a package's benchmarks
	changed bool // config did, since the last result

	rounds map[string]*measured // of parcon's own
	ends   map[string]bool      // the units that stood last in a line
}

// A Line is one result: it is valid until the next call of Scan.
type Line struct {
	Number int
	Result benchfmt.Result // its Config is empty, its Name without a failure
	Config Setup           // what held for it; the same slice as long as nothing changes
	// Of parcon's own files:
	Failed          string // why, "" if it did not
	Rounded         bool   // it tells its round
	Round, Position int
	Of              int // trials of its experiment in this round; 0 if it is not told
	// Lost are the values that are no measurements: they are not in Result. Whoever
	// wants one of them calls Lose.
	Lost []benchfmt.Value
}

// Open opens a result file, or the one in the folder of a run.
func Open(ctx context.Context, path string) (*Reader, error) {
	in, path, err := open(ctx, path)
	if err != nil {
		return nil, err
	}
	r := NewReader(ctx, in, path)
	r.close = in.Close
	return r, nil
}

// NewReader reads from r. name stands for the file in messages.
func NewReader(ctx context.Context, in io.Reader, name string) *Reader {
	r := &Reader{name: name, close: func() error { return nil }, heading: true, rounds: map[string]*measured{}, ends: map[string]bool{}}
	text, kind, err := decode(&stoppable{in, ctx}, mostText, func(text string) { r.Bad = append(r.Bad, name+": "+text) })
	if err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
		return r
	}
	r.kind = kind
	r.head, _ = peek(text)
	r.head = bytes.Clone(r.head)
	r.lines = newLines(text, r.bad)
	r.feed.r = r
	r.bench = benchfmt.NewReader(&r.feed, name)
	return r
}

// stoppable ends when a context does.
type stoppable struct {
	io.Reader
	ctx context.Context
}

func (s *stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, errStopped
	}
	return s.Reader.Read(p)
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// Name is the file's, with the folder that it was found in.
func (r *Reader) Name() string { return r.name }

// Own says whether parcon wrote the file: see own. It is known with the first
// result.
func (r *Reader) Own() bool { return r.own }

// Units is what the file says of its units.
func (r *Reader) Units() benchfmt.UnitMetadataMap {
	if r.bench == nil {
		return nil
	}
	return r.bench.Units()
}

// Err is why the file could not be read to its end, nil if it could.
func (r *Reader) Err() error { return r.err }

// Line is the result that Scan read.
func (r *Reader) Line() *Line { return &r.line }

func (r *Reader) bad(line int, text string) {
	if r.err == nil && len(r.Bad) >= mostBad {
		r.err = fmt.Errorf("%s: more than %d lines cannot be read: it is no result file", r.name, mostBad)
		return
	}
	r.Bad = append(r.Bad, r.at(line)+text)
}

func (r *Reader) at(line int) string { return r.name + ":" + strconv.Itoa(line) + ": " }

// Scan reads on to the next result. It returns false at the end, and where Err says
// why there is no further.
func (r *Reader) Scan() bool {
	for r.err == nil && r.bench.Scan() {
		switch record := r.bench.Result().(type) {
		case *benchfmt.SyntaxError:
			r.syntax(record)
		case *benchfmt.Result:
			if r.join(record) && r.result() {
				return true
			}
		}
	}
	if r.err == nil && r.bench.Err() != nil {
		r.err = fmt.Errorf("%s: %w", r.name, r.bench.Err())
	}
	return false
}

// syntax notes a line that is none of the format, unless it is a word of prose: go
// test takes "BenchmarkA" for a name and "Benchmarking" for none.
func (r *Reader) syntax(e *benchfmt.SyntaxError) {
	r.feed.pieces = nil
	rest := bytes.TrimPrefix(r.lines.text, benchmarkWord)
	switch {
	case len(rest) < len(r.lines.text) && len(rest) > 0 && rest[0] >= 'a' && rest[0] <= 'z':
	case !r.lines.ended:
		r.cutOff()
	default:
		r.bad(r.lines.number, e.Msg+": the line is left out")
	}
}

func (r *Reader) cutOff() {
	r.Bad = append(r.Bad, r.name+": the last line was cut off: it is left out")
}

// join puts a result that was read in pieces together. It says whether it is whole.
func (r *Reader) join(piece *benchfmt.Result) bool {
	to := &r.line.Result
	if r.feed.name == nil {
		to.Name, to.Iters, to.Values = piece.Name, piece.Iters, piece.Values
		return true
	}
	if r.feed.first {
		r.feed.first = false
		to.Values = nil
	}
	to.Name, to.Iters, to.Values = r.feed.name, piece.Iters, append(to.Values, slices.Clone(piece.Values)...)
	return len(r.feed.pieces) == 0
}

// result makes a Line of what was read. It returns false if it is not to be used.
func (r *Reader) result() bool {
	l := &r.line
	*l = Line{Number: r.lines.number, Result: l.Result, Config: l.Config, Lost: l.Lost[:0]}
	if !r.decided {
		r.decide(l.Result.Name)
	}
	if r.heading = false; r.changed {
		l.Config, r.changed = r.config, false
		if r.own && !r.oneRun() {
			return false
		}
	}
	_, last := AsWritten(l.Result.Values[len(l.Result.Values)-1])
	if !r.lines.ended && !r.whole(last) {
		r.cutOff()
		return false
	}
	r.ends[last], r.barren = true, 0
	if r.results++; r.results > mostResults {
		r.err = fmt.Errorf("%s: it holds more than the %d results that are read: it is damaged, or several runs", r.name, mostResults)
		return false
	}
	if l.Result.Iters < 1 {
		r.bad(l.Number, fmt.Sprintf("%d iterations are none", l.Result.Iters))
		return false
	}
	if r.own && string(l.Result.Name) == lookName {
		r.Looks = append(r.Looks, byUnit(l.Result.Values))
		return false
	}
	if r.own && !r.trial() {
		return false
	}
	r.measurements()
	return len(l.Result.Values) > 0 || l.Failed != "" || r.own || len(l.Lost) > 0
}

// oneRun says whether parcon's own file goes on with the run that it began with.
func (r *Reader) oneRun() bool {
	if r.first == nil {
		r.first = r.config
	}
	all := slices.DeleteFunc(Differences(r.first, r.config), func(d Difference) bool {
		return d.Of == Asked && d.Key != KeySeed || d.Key == KeyGovernor
	})
	if pkg := r.config.Get("pkg"); pkg != "" {
		all = append(all, Difference{Key: "pkg", Old: "none", New: pkg})
	}
	if len(all) == 0 {
		return true
	}
	var keys []string
	for _, d := range all[1:] {
		keys = append(keys, d.Key)
	}
	also := ""
	if len(keys) > 0 {
		also = " (also " + strings.Join(keys, ", ") + ")"
	}
	r.err = fmt.Errorf("%s:%d: another run begins here: %s is %q before and %q here%s: give each run a folder of its own",
		r.name, r.lines.number, all[0].Key, all[0].Old, all[0].New, also)
	return false
}

// whole says whether a result without a line end is one all the same: it ends as an
// earlier one does, or as those of go test.
func (r *Reader) whole(last string) bool {
	if r.ends[last] || len(r.ends) == 0 && slices.Contains([]string{"ns/op", "MB/s", "B/op", "allocs/op"}, last) {
		r.Said = append(r.Said, r.name+": the last line has no line end: it is whole, and used")
		return true
	}
	return false
}

// trial takes what a line of parcon's says of its trial out of its name and values.
// It returns false if the line cannot be used.
func (r *Reader) trial() bool {
	l := &r.line
	failed := false
	kept := l.Result.Values[:0]
	for _, v := range l.Result.Values {
		var to *int
		switch v.Unit {
		case "round":
			to, l.Rounded = &l.Round, true
		case "position":
			to = &l.Position
		case "in-round":
			to = &l.Of
		case "failed":
			failed = true
			continue
		default:
			kept = append(kept, v)
			continue
		}
		if v.Value < 0 || v.Value > math.MaxInt32 || v.Value != math.Trunc(v.Value) {
			r.bad(l.Number, fmt.Sprintf("%v is no %s", v.Value, v.Unit))
			return false
		}
		*to = int(v.Value)
	}
	l.Result.Values = kept
	if i := bytes.Index(l.Result.Name, failedKey); i >= 0 {
		reason := l.Result.Name[i+len(failedKey):]
		l.Failed, l.Result.Name = strings.ReplaceAll(string(reason), "_", " "), l.Result.Name[:i]
		failed = true
	}
	if failed {
		l.Failed = cmp.Or(l.Failed, NoReason)
		return true
	}
	return !l.Rounded || r.once(l.Result.Name, l.Round)
}

var failedKey = []byte("/failed=")

// once notes a variant that has a second result in a round, as in a file that was
// put together from two.
func (r *Reader) once(name []byte, round int) bool {
	m := r.rounds[string(name)]
	if m == nil {
		m = &measured{}
		r.rounds[string(name)] = m
	}
	if m.add(int32(round)) {
		return true
	}
	r.bad(r.line.Number, fmt.Sprintf("%s was measured in round %d before: are these two runs?", name, round+1))
	return false
}

// measured is the set of rounds in which a variant has a result.
type measured struct {
	rising []int32 // as long as they come in order
	all    map[int32]bool
}

// add returns false if the round is in the set already.
func (m *measured) add(round int32) bool {
	if m.all == nil {
		if n := len(m.rising); n == 0 || m.rising[n-1] < round {
			m.rising = append(m.rising, round)
			return true
		}
		m.all = map[int32]bool{}
		for _, have := range m.rising {
			m.all[have] = true
		}
		m.rising = nil
	}
	if m.all[round] {
		return false
	}
	m.all[round] = true
	return true
}

// measurements takes out the values that are none.
func (r *Reader) measurements() {
	l := &r.line
	kept := l.Result.Values[:0]
	for _, v := range l.Result.Values {
		if !math.IsNaN(v.Value) && !math.IsInf(v.Value, 0) && (v.Value >= 0 || !counts(v.Unit)) {
			v.Value += 0 // a zero has no sign
			v.OrigValue += 0
			kept = append(kept, v)
			continue
		}
		l.Lost = append(l.Lost, v)
	}
	l.Result.Values = kept
}

// counts says whether a unit cannot be below zero, as times, rates and allocations.
// Others can: memory that something takes more than something else does.
func counts(unit string) bool {
	_, unit = benchunit.Tidy(1, unit)
	for _, word := range strings.FieldsFunc(unit, func(r rune) bool { return r == '-' || r == '/' }) {
		switch word {
		case "sec", "s", "B", "allocs":
			return true
		}
	}
	return false
}

// Lose notes in Bad that a value of the line is no measurement.
func (r *Reader) Lose(v benchfmt.Value) {
	value, unit := AsWritten(v)
	r.bad(r.line.Number, fmt.Sprintf("%v is no value of %s: it is left out", value, unit))
}

// AsWritten is a value and its unit as they stand in the file: benchfmt has seconds
// for nanoseconds, and bytes for megabytes.
func AsWritten(v benchfmt.Value) (value float64, unit string) {
	if v.OrigUnit != "" {
		return v.OrigValue, v.OrigUnit
	}
	return v.Value, v.Unit
}

// FewFaults tells in one line what is left out of a file: the first few faults and
// how many more there are.
func FewFaults(all []string) string {
	const few = 3
	text := strings.Join(all[:min(few, len(all))], "; ")
	if more := len(all) - few; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// Guess says of a file without a result what it is, and what to do.
func (r *Reader) Guess() string {
	for _, mark := range []string{"│", "sec/op", "vs base", "old time/op"} {
		if bytes.Contains(r.head, []byte(mark)) {
			return ": it is output of benchstat, which holds no samples: give the files that it was made from"
		}
	}
	if text := bytes.TrimSpace(r.head); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return ": it is JSON, and not that of go test -json: give output of go test -bench"
	}
	return ": give the folder of a run, or output of go test -bench"
}
