package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parcon/report/stat"
)

// bench makes output of go test -bench: n lines of every benchmark.
func bench(head string, n int, value func(name string, i int) float64, names ...string) string {
	var w strings.Builder
	w.WriteString(head)
	for _, name := range names {
		for i := range n {
			fmt.Fprintf(&w, "Benchmark%s-8 \t 100 \t %g ns/op \t 64 B/op\n", name, value(name, i))
		}
	}
	return w.String() + "PASS\n"
}

// spread are values around a centre, without chance.
func spread(centre float64) func(string, int) float64 {
	return func(_ string, i int) float64 { return centre * (1 + 0.002*float64(i%5)) }
}

func side(t testing.TB, name, text, unit string) *Side {
	t.Helper()
	s, err := ReadSide(strings.NewReader(text), name, unit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func changes(t testing.TB, old, new, unit string, q Question) Changes {
	t.Helper()
	c, err := Compare(side(t, "old", old, unit), side(t, "new", new, unit), q)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVerdictsOfChanges(t *testing.T) {
	head := "goos: linux\npkg: example.com/a\n"
	for _, test := range []struct {
		unit      string
		factor    float64 // of the time
		threshold float64
		verdict   string
		worse     bool
	}{
		{"ns/op", 1, 0, "equal", false},
		{"sec/op", 1, 0, "equal", false},
		{"ns/op", 1.1, 0, "slower", true},
		{"sec/op", 1.1, 0, "slower", true},
		{"ns/op", 1.1, 0.08, "slower", true},
		{"ns/op", 1.1, 0.1, "slower", false},
		{"ns/op", 0.9, 0, "faster", false},
		{"B/op", 1.1, 0, "equal", false},
	} {
		c := changes(t, bench(head, 10, spread(1000), "A"), bench(head, 10, spread(1000*test.factor), "A"), test.unit, Question{Margin: 0.01, Threshold: test.threshold})
		if r := c.Rows[0]; r.Verdict != test.verdict || r.Worse != test.worse || r.Name != "A-8" {
			t.Errorf("%+v: %+v", test, r)
		}
	}
}

// In units that end in /s more is better; what is no time has other words.
func TestUnitsHaveTheirWords(t *testing.T) {
	text := func(speed, waste float64) string {
		return strings.Repeat(fmt.Sprintf("BenchmarkA 1 %g MB/s %g waste\n", speed, waste), 6)
	}
	for _, test := range []struct {
		unit       string
		old, new   string
		verdict    string
		worse      bool
		worseByPct float64
	}{
		{"MB/s", text(100, 1), text(80, 1), "slower", true, 25},
		{"B/s", text(100, 1), text(80, 1), "slower", true, 25},
		{"MB/s", text(80, 1), text(100, 1), "faster", false, -20},
		{"waste", text(1, 4), text(1, 5), "more", true, 25},
		{"waste", text(1, 5), text(1, 4), "less", false, -20},
	} {
		c := changes(t, test.old, test.new, test.unit, Question{Margin: 0.01})
		r := c.Rows[0]
		if by := 100 * (r.Worsening(c.Better).Estimate - 1); r.Verdict != test.verdict || r.Worse != test.worse || math.Abs(by-test.worseByPct) > 1e-6 {
			t.Errorf("%+v: worse by %v %%, %+v", test, by, r)
		}
	}
	for unit, want := range map[string]bool{"ns/op": true, "cpu-ns/op": true, "p99-ns": true, "sec/op": true, "B/op": false, "tasks/sec": false, "in-flight": false} {
		if IsTime(unit) != want {
			t.Errorf("%s is a time: %v", unit, !want)
		}
	}
}

func TestPackagesAreNotMixed(t *testing.T) {
	a := bench("pkg: example.com/a\n", 6, spread(100), "X")
	b := bench("pkg: example.com/b\n", 6, spread(900), "X")
	c := changes(t, a+b, b+a+bench("pkg: example.com/c\n", 6, spread(1), "X"), "ns/op", Question{Margin: 0.01})
	if len(c.Rows) != 2 || c.Rows[0].Name != "example.com/a.X-8" || c.Rows[0].Verdict != "equal" || c.Rows[1].Verdict != "equal" {
		t.Errorf("%+v", c.Rows)
	}
	if len(c.OnlyNew) != 1 || c.OnlyNew[0] != "example.com/c.X-8" || len(c.OnlyOld) != 0 {
		t.Errorf("only in one: %v, %v", c.OnlyOld, c.OnlyNew)
	}
	// A file that lost its pkg line still has a counterpart, if that is clear.
	bare := bench("", 6, spread(100), "X")
	if c := changes(t, a, bare, "ns/op", Question{Margin: 0.01}); len(c.Rows) != 1 || c.Rows[0].Name != "X-8" {
		t.Errorf("%+v", c)
	}
	if _, err := Compare(side(t, "old", a+b, "ns/op"), side(t, "new", bare, "ns/op"), Question{}); err == nil || !strings.Contains(err.Error(), "nothing to compare") {
		t.Errorf("which of two packages was meant: %v", err)
	}
}

func TestSidesThatDoNotAgree(t *testing.T) {
	text := func(head string) string { return bench(head, 6, spread(100), "X") }
	for _, test := range []struct {
		old, new string
		q        Question
		err      string // part of the error; "": none
		note     string
	}{
		{old: "cpu: A\n", new: "cpu: A\n"},
		{old: "cpu: A\n", new: ""}, // one side does not know
		{old: "cpu: A\n", new: "cpu: unknown\n"},
		{old: "cpu: A\n", new: "cpu: B\n", err: `cpu is "A" in old and "B" in new: measure both on the same, or compare them all the same with --other-machine`},
		{old: "cpu: A\n", new: "cpu: B\n", q: Question{OtherMachine: true}, note: `not measured on one machine: cpu is "A" in old and "B" in new`},
		{old: "cpu: A\n", new: "cpu: B\n", q: Question{OtherWork: true}, err: "--other-machine"},
		{old: ownHead + "quota: none\n", new: ownHead + "quota: 1 cores\n", err: `quota is "none"`},
		{old: ownHead + "memory: 8 GiB\n", new: ownHead + "memory: 16 GiB\n", err: "memory"},
		{old: ownHead + "host: a\n", new: ownHead + "host: b\n", err: "host"},
		{old: "kernel: 6.1\ngo: go1.26.0\n", new: "kernel: 6.2\ngo: go1.26.0\n", note: `kernel is "6.1" in old and "6.2" in new`},
		{old: ownHead + "sizes: hash:8 primes:10\n", new: ownHead + "sizes: json:4 hash:8\n"},
		{old: ownHead + "sizes: hash:8 primes:10\n", new: ownHead + "sizes: primes:11\n", err: `sizes is "primes:10" in old and "primes:11" in new`},
		{old: ownHead + "sizes: primes:10\n", new: ownHead + "sizes: primes:11\n", q: Question{OtherMachine: true}, err: "--other-work"},
		{old: ownHead + "sizes: primes:10\n", new: ownHead + "sizes: primes:11\n", q: Question{OtherWork: true}, note: "not the same work"},
		{old: ownHead + "task-cpu: 2ms\n", new: ownHead + "task-cpu: 5ms\n", err: "not the same work: task-cpu"},
		{old: ownHead + "commit: a\n", new: ownHead + "commit: b\n", note: `commit is "a" in old and "b" in new: what measured may be the difference: measure both with one build of parcon`},
		{old: ownHead + "programs: small\n", new: ownHead + "programs: parcon itself\n", note: `programs is "small" in old and "parcon itself" in new: what`},
		{old: ownHead + "programs: small\n", new: ownHead + "programs: small trial:1 worker:2\n"},
		{old: ownHead + "programs: small trial:1 worker:3\n", new: ownHead + "programs: small trial:1 worker:2\n", note: `programs is "worker:3" in old and "worker:2" in new`},
		{old: ownHead + "python: none\n", new: ownHead + "python: CPython 3.12\n", note: `python is "none" in old and "CPython 3.12" in new: the rows of CPython`},
		{old: ownHead + "claims: compute:1 costs:2\n", new: ownHead + "claims: compute:3\n", note: `claims is "compute:1" in old and "compute:3" in new: the claims were changed`},
		{old: ownHead + "claims: compute:1\n", new: ownHead + "claims: costs:3\n"},
		{old: "cpu: A\n", new: "cpu: B\n", q: Question{Ignored: []string{"cpu"}}},
		// In the output of another program our words mean nothing, and a host is a note.
		{old: "pkg: a\nmemory: 8 GiB\ncores: 2\nquota: none\n", new: "pkg: a\nmemory: 16 GiB\ncores: 8\nquota: all\n"},
		{old: "pkg: a\nhost: a\n", new: "pkg: a\nhost: b\n", note: `host is "a" in old and "b" in new`},
		{old: "pkg: a\ncommit: a\n", new: "pkg: a\ncommit: b\n", note: `commit is "a" in old and "b" in new`},
		{old: "cpu: A\n" + text("") + "cpu: B\n", new: "cpu: A\n", err: `cpu is "A" and "B" in old and "A" in new`},
	} {
		c, err := Compare(side(t, "old", text(test.old), "ns/op"), side(t, "new", text(test.new), "ns/op"), test.q)
		switch {
		case (err == nil) != (test.err == ""), err != nil && !strings.Contains(err.Error(), test.err):
			t.Errorf("%q and %q: %v, want %q", test.old, test.new, err, test.err)
		case err == nil && strings.Join(c.Notes, "") != test.note && !(test.note != "" && strings.Contains(strings.Join(c.Notes, ""), test.note)):
			t.Errorf("%q and %q: notes %q, want %q", test.old, test.new, c.Notes, test.note)
		}
	}
}

func TestFilesThatHoldNoSamples(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "f holds no benchmark line: give the folder of a run, or output of go test -bench",
		"goos: linux\nPASS\n":   "f holds no benchmark line: give",
		"       │ old │\n":      "output of benchstat, which holds no samples: give the files that it was made from",
		",old.txt,\n,sec/op,CI": "output of benchstat",
		"name  old time/op  new time/op  delta\nX  1ns 2ns\n": "output of benchstat",
		`{"rows":[]}`:                                "it is JSON, and not that of go test -json",
		"BenchmarkX 1 x ns/op\n":                     "no benchmark line that can be read: f:1: parsing measurement",
		"BenchmarkX 1 2 MB/s 3 B/op\n":               "f has no value in \"ns/op\": choose a --unit that it has: B/op, MB/s",
		"BenchmarkX 1 NaN ns/op\n":                   "no benchmark line that can be read: f:1: NaN is no value of ns/op",
		ownHead + "BenchmarkX/failed=no 1 2 ns/op\n": "all its 1 trials failed",
		"--- FAIL: BenchmarkX\nexit status 1\n":      "holds no benchmark line, and what it measured failed: f:1: --- FAIL: BenchmarkX; f:2: exit status 1",
		strings.Repeat("x", 2<<20):                   "f:1: the line is longer than 1 MiB",
	} {
		if _, err := ReadSide(strings.NewReader(text), "f", "ns/op"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

// ownHead is the beginning of a file that parcon wrote.
const ownHead = "cores: 2\nprofile: quick\nseed: 1\n"

// samplesOf are those that a side has of a benchmark.
func samplesOf(s *Side, name string) []float64 {
	var all []float64
	for _, g := range s.groups {
		if g.name == name {
			all = append(all, g.values...)
		}
	}
	return all
}

func TestWhatIsReadWithGaps(t *testing.T) {
	s := side(t, "f", ownHead+"BenchmarkX 1 5 ns/op\nBenchmarkX 1 y ns/op\nBenchmarkX/failed=it_hung 1 7 ns/op\nBenchmarkX 1 6 ns/op 7", "ns/op")
	if got := samplesOf(s, "X"); len(got) != 1 || s.Failed != 1 || len(s.Bad) != 2 || !strings.Contains(s.Bad[1], "cut off: it is left out") {
		t.Errorf("%v, %d failed, %q", got, s.Failed, s.Bad)
	}
	if s := side(t, "f", "BenchmarkX 1 5 ns/op\nPASS", "ns/op"); len(s.Bad) != 0 {
		t.Errorf("%q", s.Bad)
	}
	// A cut within the first word is one too.
	if s := side(t, "f", "BenchmarkX 1 5 ns/op\nBench", "ns/op"); len(s.Bad) != 1 {
		t.Errorf("%q", s.Bad)
	}
	// One that is whole is used, and that is said.
	if s := side(t, "f", "BenchmarkX 1 5 ns/op\nBenchmarkX 1 6 ns/op", "ns/op"); len(samplesOf(s, "X")) != 2 || len(s.Bad) != 0 || len(s.Said) != 1 {
		t.Errorf("%v, %q, %q", samplesOf(s, "X"), s.Bad, s.Said)
	}
}

// Two files that do not agree on which way is better: the new one counts, which is said.
func TestOfTwoDirectionsOneIsSaid(t *testing.T) {
	samples := strings.Repeat("BenchmarkX 1 5 score\n", 8)
	higher, lower := "Unit score better=higher\n"+samples, "Unit score better=lower\n"+samples
	for _, c := range []struct {
		old, new, note string
		more           bool
	}{
		{higher, lower, "old says that of score higher is better, and new that lower is: lower is taken as better", false},
		{lower, higher, "old says that of score lower is better, and new that higher is: higher is taken as better", true},
		{higher, higher, "", true},
		{samples, higher, "", true},
		{higher, samples, "", true},
	} {
		changes, err := Compare(side(t, "old", c.old, "score"), side(t, "new", c.new, "score"), Question{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(changes.Notes, "; "); got != c.note || changes.Better.More != c.more {
			t.Errorf("%.30q, %.30q: %q, more is better: %v", c.old, c.new, got, changes.Better.More)
		}
	}
}

// What is no measurement is no sample, and is named by its line.
func TestValuesThatAreNone(t *testing.T) {
	text := "BenchmarkX 1 5 ns/op 2 score\nBenchmarkX 1 NaN ns/op\nBenchmarkX 1 +Inf ns/op\nBenchmarkX 1 1e400 ns/op\nBenchmarkX 1 -5 ns/op -3 score\nBenchmarkX 0 5 ns/op\n"
	s := side(t, "f", text, "ns/op")
	if got := fmt.Sprint(samplesOf(s, "X")); got != "[5]" {
		t.Errorf("samples %v", got)
	}
	for i, line := range []string{"f:2: NaN is", "f:3: +Inf is", "f:4: parsing measurement: value out of range", "f:5: -5 is", "f:6: 0 iterations"} {
		if len(s.Bad) != 5 || !strings.HasPrefix(s.Bad[i], line) {
			t.Errorf("%q, want %q", s.Bad, line)
		}
	}
	// A score may be below zero, but has no ratio then.
	if s := side(t, "f", text, "score"); fmt.Sprint(samplesOf(s, "X")) != "[2]" || !strings.Contains(strings.Join(s.Bad, " "), "f:5: -3 is no value of score") {
		t.Errorf("%v, %q", samplesOf(s, "X"), s.Bad)
	}
}

func TestTooFewSamplesSayHowManyAreNeeded(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf("Row%d", i)
	}
	for _, test := range []struct {
		n      int
		names  []string
		paired bool
		note   string
	}{
		{3, many[:1], false, "visible: none, 3 samples a side cannot show anything among 1 row, 4 samples a side could: Row0-8"},
		{6, many, false, "visible: none, 6 samples a side cannot show anything among 40 rows, 7 samples a side could: Row0-8, Row1-8, Row2-8 and 37 more"},
		{10, many, true, "visible: none, 10 pairs cannot show anything among 40 rows, 11 pairs could"},
		{7, many, false, ""},
		{11, many, true, ""},
	} {
		c := changes(t, bench("", test.n, spread(100), test.names...), bench("", test.n, spread(200), test.names...), "ns/op", Question{Margin: 0.01, Paired: test.paired})
		if notes := strings.Join(c.Notes, "|"); (test.note == "") != (notes == "") || !strings.HasPrefix(notes, test.note) {
			t.Errorf("%d samples, %d rows: %q, want %q", test.n, len(test.names), notes, test.note)
		}
		want := "slower"
		if test.note != "" {
			want = "undecided"
		}
		if r := c.Rows[0]; r.Verdict != want || r.Worse != (want == "slower") || math.IsInf(r.Visible, 1) != (test.note != "") {
			t.Errorf("%d samples, %d rows: %+v", test.n, len(test.names), r)
		}
	}
}

// A drift that both sides share hides a change from two runs that are compared
// as wholes, not from their pairs.
func TestPairsSeeThroughDrift(t *testing.T) {
	drift := func(centre float64) func(string, int) float64 {
		return func(_ string, i int) float64 { return centre * (1 + 0.05*float64(i) + 0.001*float64(i*i%3)) }
	}
	old, new := bench("", 10, drift(100), "X"), bench("", 10, drift(103), "X")
	if r := changes(t, old, new, "ns/op", Question{Margin: 0.01}).Rows[0]; r.Verdict != "undecided" {
		t.Errorf("as wholes: %+v", r)
	}
	if r := changes(t, old, new, "ns/op", Question{Margin: 0.01, Paired: true}).Rows[0]; r.Verdict != "slower" || r.Ratio.N != 10 {
		t.Errorf("in pairs: %+v", r)
	}
	c := changes(t, old, bench("", 9, drift(103), "X"), "ns/op", Question{Paired: true})
	if r := c.Rows[0]; r.Ratio.N != 9 || !strings.Contains(strings.Join(c.Notes, ""), "have no partner on the other side and are left out: X-8") {
		t.Errorf("%+v, %q", r, c.Notes)
	}
}

// Where lines tell their rounds, these pair them, also after a trial that failed.
func TestPairsMeetByTheirRounds(t *testing.T) {
	side := func(factor float64, skip int) *Side {
		var w strings.Builder
		w.WriteString(ownHead)
		for round := range 10 {
			if round != skip {
				fmt.Fprintf(&w, "BenchmarkX 1 %g ns/op %d round\n", factor*math.Pow(2, float64(round)), round)
			}
		}
		s, err := ReadSide(strings.NewReader(w.String()), "run", "ns/op")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	c, err := Compare(side(1, 3), side(3, 5), Question{Paired: true})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Rows[0].Ratio; r.N != 8 || math.Abs(r.Low-3) > 1e-9 || math.Abs(r.High-3) > 1e-9 {
		t.Errorf("%+v", r)
	}
}

// Forty benchmarks that got worse by just the threshold are not surely worse by
// more, whatever their number.
func TestThresholdIsCorrectedForTheNumberOfRows(t *testing.T) {
	const tables, rows = 3000, 40
	random := rand.New(rand.NewPCG(12, 0))
	wrong := 0
	for range tables {
		all := make([]stat.Evidence, rows)
		for i := range all {
			all[i] = known{1.05 * math.Exp(0.01*random.NormFloat64()), 0.01}
		}
		if slices.Contains(surelyWorse(all, false, 1.05), true) {
			wrong++
		}
	}
	// One side of a two-sided test.
	if rate := float64(wrong) / tables; rate < 0.015 || rate > 0.036 {
		t.Errorf("%.1f %% of the tables hold a row that is called worse", 100*rate)
	}
}

// Of a table of rows without any difference, none may be called one in 95 % of
// cases; of one of rows at the edge of the margin, none may be called equal. Of
// 4,000 tables 4.6 and 4.4 % had such a row.
func TestATableOfNoChangesSaysSo(t *testing.T) {
	const tables, rows, samples, margin = 400, 40, 10, 1.5
	heavy := func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) }
	rate := func(ratio, margin float64, wrong func(Difference) bool) float64 {
		random := rand.New(rand.NewPCG(11, math.Float64bits(ratio)))
		x, y := make([]float64, samples), make([]float64, samples)
		called := 0
		for range tables {
			evidence := make([]stat.Evidence, rows)
			for row := range evidence {
				for i := range x {
					x[i], y[i] = ratio*math.Exp(heavy(random)), math.Exp(heavy(random))
				}
				evidence[row] = stat.Shifts(x, y)
			}
			for _, c := range Contrasts(evidence, margin) {
				if wrong(c.Difference) {
					called++
					break
				}
			}
		}
		return float64(called) / tables
	}
	if got := rate(1, 1, func(d Difference) bool { return d == Higher || d == Lower }); got > 0.05 {
		t.Errorf("a difference was found in %.1f %% of the tables without any", 100*got)
	}
	if got := rate(margin, margin, func(d Difference) bool { return d == Equal }); got > 0.05 {
		t.Errorf("rows were called equal in %.1f %% of the tables of rows that are not", 100*got)
	}
}

// lined makes result lines of values.
func lined(unit string, values ...float64) string {
	var w strings.Builder
	for _, v := range values {
		fmt.Fprintf(&w, "BenchmarkX 1 %g %s\n", v, unit)
	}
	return w.String()
}

// slowed are n values around 100 of which so many are twice as large.
func slowed(n, slow int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = 100 + float64(i)/100
		if i >= n-slow {
			all[i] *= 2
		}
	}
	return all
}

func TestVerdictsBesideTheMiddle(t *testing.T) {
	zeros := make([]float64, 8)
	higher := "Unit score better=higher\n"
	for _, test := range []struct {
		name, unit string
		old, new   string
		q          Question
		verdict    string
		worse      bool
		note       string
	}{
		{name: "0 to 2", unit: "allocs/op", old: lined("allocs/op", zeros...), new: lined("allocs/op", 2, 2, 2, 2, 2, 2, 2, 2), verdict: "more", worse: true, note: "zero on one side has no ratio"},
		{name: "2 to 0", unit: "allocs/op", old: lined("allocs/op", 2, 2), new: lined("allocs/op", 0, 0), verdict: "less", note: "zero"},
		{name: "0 to 0", unit: "allocs/op", old: lined("allocs/op", 0, 0), new: lined("allocs/op", 0, 0), verdict: "equal"},
		{name: "5 to 6", unit: "allocs/op", old: lined("allocs/op", 5, 5), new: lined("allocs/op", 6, 6), verdict: "more", worse: true},
		{name: "5 to 5", unit: "allocs/op", old: lined("allocs/op", 5, 5), new: lined("allocs/op", 5, 5), verdict: "equal"},
		{name: "one sample tells nothing", unit: "allocs/op", old: lined("allocs/op", 5), new: lined("allocs/op", 6), verdict: "undecided", note: "visible: none"},
		{name: "unless it is exact", unit: "score", old: "Unit score assume=exact\n" + lined("score", 5), new: lined("score", 6), verdict: "more", worse: true},
		{name: "mixed with zeros", unit: "allocs/op", old: lined("allocs/op", 0, 0, 1, 0, 0, 0, 0, 0), new: lined("allocs/op", 2, 3, 2, 2, 3, 2, 2, 2), verdict: "more", worse: true, note: "zero"},
		{name: "from zero in pairs", unit: "allocs/op", old: lined("allocs/op", 0, 0, 0, 0, 0, 0, 0, 1), new: lined("allocs/op", 2, 2, 3, 2, 2, 2, 2, 2), q: Question{Paired: true}, verdict: "more", worse: true, note: "zero"},
		{name: "six of 20", unit: "ns/op", old: lined("ns/op", slowed(20, 0)...), new: lined("ns/op", slowed(20, 6)...), verdict: "changed in shape", worse: true, note: "X: the middle stayed, but of the 20 new samples 6 lie more than 1 % above it and 0 below, of the 20 old ones 0 and 0"},
		{name: "six of 20 no more", unit: "ns/op", old: lined("ns/op", slowed(20, 6)...), new: lined("ns/op", slowed(20, 0)...), verdict: "changed in shape"},
		{name: "six of 20 pairs", unit: "ns/op", old: lined("ns/op", slowed(20, 0)...), new: lined("ns/op", slowed(20, 6)...), q: Question{Paired: true}, verdict: "changed in shape", worse: true, note: "in 6 pairs new is higher"},
		{name: "forgiven", unit: "ns/op", old: lined("ns/op", slowed(20, 0)...), new: lined("ns/op", slowed(20, 6)...), q: Question{Threshold: 1.5}, verdict: "changed in shape"},
		{name: "four of 20", unit: "ns/op", old: lined("ns/op", slowed(20, 0)...), new: lined("ns/op", slowed(20, 4)...), verdict: "undecided"},
		{name: "one of 20", unit: "ns/op", old: lined("ns/op", slowed(20, 0)...), new: lined("ns/op", slowed(20, 1)...), verdict: "equal"},
		{name: "better high", unit: "score", old: higher + lined("score", slowed(8, 0)...), new: lined("score", slowed(8, 8)...), verdict: "more"},
		{name: "and low", unit: "score", old: higher + lined("score", slowed(8, 8)...), new: lined("score", slowed(8, 0)...), verdict: "less", worse: true},
		{name: "better low, though a rate", unit: "errors/s", old: "Unit errors/s better=lower\n" + lined("errors/s", slowed(8, 0)...), new: lined("errors/s", slowed(8, 8)...), verdict: "faster", worse: true},
		{name: "a rate", unit: "ops/sec", old: lined("ops/sec", slowed(8, 8)...), new: lined("ops/sec", slowed(8, 0)...), verdict: "slower", worse: true},
		{name: "medians aside", unit: "ns/op", old: lined("ns/op", 100, 100.1, 100.2, 100.3, 150, 150.1, 150.2), new: lined("ns/op", 100, 100.1, 100.2, 150, 150.1, 150.2, 150.3), verdict: "undecided", note: "X: the medians differ by a factor of 1.496 and the ratio is"},
	} {
		test.q.Margin = 0.01
		c := changes(t, test.old, test.new, test.unit, test.q)
		notes := strings.Join(c.Notes, "|")
		if r := c.Rows[0]; r.Verdict != test.verdict || r.Worse != test.worse || !strings.Contains(notes, test.note) || test.note == "" && notes != "" && test.verdict != "changed in shape" {
			t.Errorf("%s: %+v, notes %q", test.name, r, notes)
		}
		if text, err := json.Marshal(c); err != nil || c.Summary() == "" {
			t.Errorf("%s: %s, %v", test.name, text, err)
		}
	}
}

// Of a table of rows that all come from one source, in which samples fall into groups,
// none may be called changed in shape in 95 % of cases.
func TestATableOfNoChangesHasNoShapes(t *testing.T) {
	const tables, rows, samples = 300, 20, 20
	random := rand.New(rand.NewPCG(13, 0))
	draw := func() []float64 {
		x := make([]float64, samples)
		for i := range x {
			x[i] = 100 * math.Exp(0.001*random.NormFloat64())
			if random.Float64() < 0.3 {
				x[i] *= 1 + random.Float64()
			}
		}
		return x
	}
	called := 0
	for range tables {
		c := Changes{Unit: "ns/op", Question: Question{Margin: 0.01}}
		old, new := listing{of: map[benchmark]sampled{}}, listing{of: map[benchmark]sampled{}}
		var both []benchmark
		for i := range rows {
			b := benchmark{name: fmt.Sprint(i)}
			both = append(both, b)
			old.of[b], new.of[b] = sampled{values: draw()}, sampled{values: draw()}
		}
		c.compare(both, func(b benchmark) string { return b.name }, old, new, false)
		if slices.ContainsFunc(c.Rows, func(r Change) bool { return r.Difference == ChangedShape }) {
			called++
		}
	}
	if rate := float64(called) / tables; rate > 0.05 {
		t.Errorf("a change of shape was found in %.1f %% of the tables without any", 100*rate)
	}
}

func TestConfigurationsAreKeptApart(t *testing.T) {
	two := func(a, b float64) string {
		return bench("commit: aaa\n", 8, spread(a), "X") + bench("commit: bbb\n", 8, spread(b), "X")
	}
	c := changes(t, two(100, 150), two(150, 100), "ns/op", Question{Margin: 0.01})
	if len(c.Rows) != 2 || c.Rows[0].Name != "X-8 (commit aaa)" || c.Rows[0].Verdict != "slower" || c.Rows[1].Verdict != "faster" || !strings.Contains(strings.Join(c.Notes, ""), "--ignore commit") {
		t.Errorf("%+v, %q", c.Rows, c.Notes)
	}
	c = changes(t, two(100, 150), two(150, 100), "ns/op", Question{Margin: 0.01, Ignored: []string{"commit"}})
	if len(c.Rows) != 1 || c.Rows[0].NNew != 16 || !strings.Contains(strings.Join(c.Notes, ""), "samples that differ in commit are put together: X-8") {
		t.Errorf("%+v, %q", c.Rows, c.Notes)
	}
	one := bench("commit: ccc\n", 8, spread(100), "X")
	if _, err := Compare(side(t, "old", one, "ns/op"), side(t, "new", two(1, 2), "ns/op"), Question{}); err == nil || !strings.Contains(err.Error(), "--ignore commit") {
		t.Error(err)
	}
	// Another package under another name.
	a, b := bench("pkg: example.org/a\n", 8, spread(100), "X"), bench("pkg: example.org/a/v2\n", 8, spread(100), "X")
	if _, err := Compare(side(t, "old", a, "ns/op"), side(t, "new", b, "ns/op"), Question{}); err == nil || !strings.Contains(err.Error(), "--ignore pkg") {
		t.Error(err)
	}
	if c := changes(t, a, b, "ns/op", Question{Margin: 0.01, Ignored: []string{"pkg"}}); len(c.Rows) != 1 || c.Rows[0].Verdict != "equal" {
		t.Errorf("%+v", c.Rows)
	}
}

// Which side is called old changes the sign of every change, and nothing else.
func TestSwappedSidesSwapTheVerdicts(t *testing.T) {
	swapped := map[string]string{"faster": "slower", "slower": "faster", "equal": "equal", "undecided": "undecided", "not measured": "not measured", "changed in shape": "changed in shape"}
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 3), 1, 12)
		text := func(label string) string {
			var w strings.Builder
			for _, name := range []string{"A", "B", "C"} {
				for _, v := range values.Draw(rt, label+name) {
					fmt.Fprintf(&w, "Benchmark%s 1 %g ns/op\n", name, v)
				}
			}
			return w.String()
		}
		old, new, q := text("old"), text("new"), Question{Margin: 0.2, Paired: rapid.Bool().Draw(rt, "paired")}
		a, b := changes(t, old, new, "ns/op", q), changes(t, new, old, "ns/op", q)
		for i, r := range a.Rows {
			s := b.Rows[i]
			if s.Verdict != swapped[r.Verdict] || r.NOld != s.NNew || r.Ratio.N > 0 && !reciprocal(r.Ratio.Estimate, s.Ratio.Estimate) {
				rt.Fatalf("%+v, swapped %+v", r, s)
			}
		}
	})
}

// reciprocal says that two ratios are each other's. One that is too small for all of its
// digits has no exact other: that is beyond all numbers, or nearly.
func reciprocal(a, b float64) bool {
	if min(a, b) < 0x1p-1022 {
		return max(a, b) > 1e307
	}
	return !(math.Abs(a*b-1) > 1e-9)
}

// Whatever is read, the answer is an error of one line or a table that can be
// written.
func FuzzCompare(f *testing.F) {
	head := "goos: linux\ncpu: A\nsizes: primes:10\n"
	f.Add([]byte(bench(head, 6, spread(10), "X", "Y")), []byte(bench("pkg: a\n", 3, spread(11), "X")), "ns/op", false)
	f.Add([]byte("BenchmarkX 1 NaN ns/op\nBenchmarkX 1 1e308 ns/op"), []byte("BenchmarkX 1 5e-324 ns/op\nBenchmarkX 1 0 ns/op\n"), "ns/op", true)
	f.Add([]byte("│ sec/op"), []byte("Unit ns/op better=lower\nBenchmarkX 1 -1 MB/s\n"), "MB/s", true)
	f.Fuzz(func(t *testing.T, old, new []byte, unit string, all bool) {
		a, err := ReadSide(strings.NewReader(string(old)), "old", unit)
		if err == nil {
			var b *Side
			if b, err = ReadSide(strings.NewReader(string(new)), "new", unit); err == nil {
				var c Changes
				if c, err = Compare(a, b, Question{0.01, 0.05, all, all, all, nil}); err == nil {
					if text, err := json.Marshal(c); err != nil || c.Summary() == "" {
						t.Errorf("%s, %v", text, err)
					}
					for _, r := range c.Rows {
						if r.Worse && r.Ratio.Known() == false || r.Verdict == "" {
							t.Errorf("%+v", r)
						}
					}
				}
			}
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("an error of several lines: %q", err)
		}
	})
}

func ExampleCompare() {
	run := func(decode ...string) string {
		var w strings.Builder
		for _, d := range decode {
			fmt.Fprintf(&w, "BenchmarkDecode-8 1000 %s ns/op\n", d)
		}
		return w.String()
	}
	old, _ := ReadSide(strings.NewReader(run("1031", "1024", "1044", "1029", "1035", "1027")), "old.txt", "ns/op")
	new, _ := ReadSide(strings.NewReader(run("1108", "1101", "1115", "1490", "1104", "1110")), "new.txt", "ns/op")
	changes, err := Compare(old, new, Question{Margin: 0.01, Threshold: 0.05})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(changes.Summary())
	// Output: 1 benchmark: 1 slower; Decode-8 is the worst: slower by 7.7 % (6.7 % to 42.7 %)
}
