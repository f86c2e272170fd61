package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// everything is a file of all variants that there are, those of CPython too,
// without noise.
func everything(rounds int, cost func(v variant.Variant) map[string]float64) string {
	return worldOf(fullScale, rounds, 0, cost)
}

// fullScale is that of everything.
var fullScale = card.Scale{Cores: testCores, Depth: card.Full, Pythons: []card.Python{"3.12.1"}}

// only keeps the lines of a file that hold one of some words, and its head.
func only(text string, words ...string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "Benchmark") || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// taught are numbers that the words and tables of sections are tried with.
var taught = []struct {
	name, unit string
	value      float64
}{
	{"create/unit=process", "ns/op", 1e6},
	{"create/unit=thread", "ns/op", 3e4},
	{"switch/unit=process/placement=one", "ns/op", 2400},
	{"switch/unit=thread/placement=one", "ns/op", 2000},
	{"idle/unit=thread", "pss-bytes/unit", 17e3},
	{"idle/unit=goroutine", "pss-bytes/unit", 2700},
	{"submit/way=apply", "ns/op", 5e4},
	{"submit/way=async", "ns/op", 2000},
	{"isolation/unit=cpython-fork", "seen", 0},
	{"crash/unit=process", "survivors", 200},
	{"balance/model=goroutine/lock=none", "lost", 30},
	{"balance/model=gil/lock=none", "lost", 30},
	{"tally", "ns/op", 20},
	{"tally/way=shard", "ns/op", 1},
	{"counter/medium=file", "ns/op", 5e4},
	{"counter/medium=memory", "ns/op", 200},
	{"semaphore", "seen", 100},
	{"timer", "late-p50-ns", 1e5},
	{"terminate", "seen", 90},
	{"states/work=compute", "running-share", 0.9},
}

// toldOf is the textbook machine with these numbers.
func toldOf(v variant.Variant) map[string]float64 {
	values := textbook(v)
	for _, n := range taught {
		of, err := variant.Parse(card.Key + "=" + n.name)
		if err != nil {
			panic(err)
		}
		if !slices.ContainsFunc(of.Keys(), func(key string) bool { return v.Get(key) != of.Get(key) }) {
			values[n.unit] = n.value
		}
	}
	return values
}

// changed is that machine with another value of a unit in all variants
// whose names hold a text. Of it only the mechanism that the text begins with is
// measured, or all about the life of processes.
func changed(name, unit string, value float64) func(v variant.Variant) map[string]float64 {
	mechanism, _, _ := strings.Cut(name, "/")
	return func(v variant.Variant) map[string]float64 {
		of := v.Get("mechanism")
		const together = "zombie orphan daemon exits join" // in one table
		if of != mechanism && !(strings.Contains(together, mechanism) && strings.Contains(together, of)) || of == "" {
			return nil
		}
		values := toldOf(v)
		if unit != "" && strings.Contains(v.String(), name) {
			values[unit] = value
		}
		return values
	}
}

// drawing is the chart of a card's first section.
func drawing(v view, chapter, name string) *section.Figure {
	of := v.table.catalogue.find(name)
	return of.Sections()[0].Form.Show(v.samples(chapter, of)).Figure
}

func sections(t testing.TB, text string) map[string]part {
	all := map[string]part{}
	for _, c := range newPage(read(t, text)).chapters {
		for _, s := range c.parts {
			all[s.topic] = s
		}
	}
	return all
}

func TestEveryMechanismClaimHasAChartOrATable(t *testing.T) {
	p := newPage(read(t, everything(8, textbook)))
	topics, page := "", p.markdown()
	for _, c := range p.chapters {
		if !strings.Contains(page, "\n## "+c.title+"\n") {
			t.Errorf("the report lacks the chapter %s", c.title)
		}
		for _, s := range c.parts {
			topics += s.topic
			if !strings.Contains(page, "\n### "+s.topic+"\n") || !strings.Contains(page, s.finding) {
				t.Errorf("the report lacks %s: %s", s.topic, s.finding)
			}
			// Two lines of a chart's title hold no more letters.
			if s.figure.Figure != nil && len([]rune(s.finding)) > 135 {
				t.Errorf("%s has too long a title: %s", s.topic, s.finding)
			}
			if s.finding == s.topic || strings.Contains(s.finding, "–") {
				t.Errorf("%s has no finding: %s", s.topic, s.finding)
			}
			for _, row := range s.rows {
				if len(row) != len(s.head) {
					t.Errorf("%s: %q are not %q", s.topic, row, s.head)
				}
			}
		}
	}
	for _, id := range claimIDs {
		if id[0] != 'P' && !regexp.MustCompile(`\b`+id+`\b`).MatchString(topics) {
			t.Errorf("no section is about %s", id)
		}
	}
}

// What a heading says is what the samples say, also if no textbook would.
func TestFindingsFollowTheNumbers(t *testing.T) {
	const pages = 6
	tries := 0.0
	for line := range strings.Lines(everything(8, changed("balance", "", 0))) {
		single := strings.Contains(line, "workers=1 ") && !strings.Contains(line, "model=serial") // it has no row
		if strings.Contains(line, "lock=mutex") && !strings.Contains(line, "twin=") && !single {
			tries += 100
		}
	}
	locked := fmt.Sprintf("0 of %s", number.Grouped(tries))
	for _, c := range []struct {
		topic, words    string
		name, unit      string // what is changed: the variants, and their value
		value           float64
		before, changed string
	}{
		{"Creating a unit (U1)", "a process takes %s as long as a thread", "create/unit=process", "ns/op", 15e3, "33x", "0.50x"},
		{"Switching (U2)", "on one core a round trip between processes takes %s as", "switch/unit=thread/placement=one", "ns/op", 4800, "1.2x", "0.50x"},
		{"Memory of an idle unit (U3)", "thread %s that", "idle/unit=goroutine", "pss-bytes/unit", 34e3, "6.3x", "0.50x"},
		{"How many a pool lets in (U5)", "in %s tries", "flight/pool=pond", "seen", 99, "8,000 of 8,000", "7,984 of 8,000 (99.8 %)"},
		{"Handing in work (U6)", "without waiting does %s the", "submit/way=async", "ns/op", 1e5, "25x", "0.50x"},
		{"Who sees a write (S1)", "%s writes of processes", "isolation/unit=fork", "seen", 1, "0 of 2,400", "8 of 2,400 (0.33 %)"},
		{"Who survives a crash (S2)", "%s others lived on", "crash/unit=process/way=kill", "survivors", 199, "9,600 of 9,600", "9,592 of 9,600 (99.9 %)"},
		{"Lost updates without a lock (S3)", ", %s under an emulated gil", "balance/model=gil/lock=none", "lost", 0, "30 %", "none"},
		{"What a lock mends, and what it costs (S3, S5)", "with a lock %s updates", "balance/model=pool/lock=mutex", "lost", 1, locked, section.Total{Count: 8, Tries: tries}.String()},
		{"One ticket, many buyers (S4, S5)", "with a lock %s did", "tickets/unit=process/lock=flock", "seen", 2, "0 of 1,600", "16 of 1,600 (1 %)"},
		{"Torn lines (S6)", "torn in %s ways", "lines/medium=tty/size=64/parts=2/lock=none", "torn", 0, fmt.Sprintf("%d of %d", pages, pages), fmt.Sprintf("%d of %d", pages-1, pages)},
		{"A number of one's own (S7)", "own is %s as fast", "tally/way=shard", "ns/op", 40, "20x", "0.50x"},
		{"Where a shared number lies (S8)", "a file takes %s (", "counter/medium=file", "ns/op", 100, "250x", "0.50x"},
		{"A semaphore of n (L1)", "in %s tries", "semaphore/unit=process/size=3", "over", 1, "0 of 3,200", "8 of 3,200 (0.25 %)"},
		{"An event (L2)", "in %s tries", "event/unit=process", "seen", 99, "1,600 of 1,600", "1,592 of 1,600 (99.5 %)"},
		{"A condition (L3)", "in %s tries", "condition/unit=process/wake=1", "seen", 99, "3,200 of 3,200", "3,192 of 3,200 (99.8 %)"},
		{"Two locks in opposite order (L4)", "; %s left hanging", "deadlock/unit=process/order=opposite", "hanging", 1, "0", "8"},
		{"A lock that its holder takes again (L5)", "plain lock hung in %s tries", "relock/lock=plain/unit=process", "seen", 99, "1,600 of 1,600", "1,592 of 1,600 (99.5 %)"},
		{"How late a timer fires (L6)", ", after %s alone", "timer/load=idle", "late-p50-ns", 2e6, "1.1 ms or 5.1 ms", "3 ms or 7 ms"},
		{"What happens, and what does not (F1, F2, F3, F5, F7)", "textbooks say was seen in %s tries", "zombie", "seen", 99, "10,400 of 10,400", "10,392 of 10,400 (99.9 %)"},
		{"After the signal (F4)", "after SIGKILL %s were", "terminate/way=kill", "seen", 1, "720 of 800 (90 %)", "8 of 800 (1 %)"},
		{"Running, ready, blocked (F6)", "run %s of the time", "states/work=compute", "running-share", 0.5, "90 %", "50 %"},
	} {
		for want, unit := range map[string]string{c.before: "", c.changed: c.unit} {
			got := sections(t, everything(8, changed(c.name, unit, c.value)))[c.topic].finding
			if words := fmt.Sprintf(c.words, want); !strings.Contains(strings.ToLower(got), strings.ToLower(words)) {
				t.Errorf("%s: %q does not hold %q", c.topic, got, words)
			}
		}
	}
}

// Whatever part of a run is in the file, what is missing leaves no trace.
func TestChaptersOfAPartOfARun(t *testing.T) {
	var lines []string
	for line := range strings.Lines(everything(2, textbook)) {
		if strings.HasPrefix(line, "Benchmark") && (strings.Contains(line, "mechanism=") || strings.Contains(line, "length=")) {
			lines = append(lines, line)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		share := rapid.SampledFrom([]float64{0.003, 0.03, 0.3}).Draw(rt, "share")
		text := "cores: 2\n\n"
		for _, line := range lines {
			if random.Float64() < share {
				text += line
			}
		}
		table, err := Read(strings.NewReader(text), "part", catalogue())
		if err != nil {
			rt.Fatal(err)
		}
		p := newPage(table)
		page := p.markdown()
		for _, bad := range []string{"NaN", "Inf", "%!", "\n**.**", "; ;", "of 0 ", "map["} {
			if strings.Contains(page, bad) {
				rt.Fatalf("the report says %q:\n%s", bad, page)
			}
		}
		for _, c := range p.chapters {
			for _, s := range c.parts {
				if s.finding == "" {
					rt.Fatalf("%s has no heading", s.topic)
				}
			}
		}
	})
}

func TestRunOfOneExperimentAnswers(t *testing.T) {
	text := everything(8, toldOf)
	for name, want := range map[string][2]string{
		"Costs":   {"Creating a process takes ", "# What a unit costs: on 2 cores"},
		"Sharing": {"Without a lock 2 goroutines lose 30 % of their updates, 30 % under an emulated GIL, none as coroutines", "# Isolation and sharing: on 2 cores"},
		"Locks":   {"Two units that take two locks in opposite order were in a deadlock in 800 of 1,600 (50 %) tries", "# Locks and waiting: on 2 cores"},
		"Life":    {"What textbooks say was seen in ", "# Life of a process: on 2 cores"},
	} {
		p := newPage(read(t, only(text, "Benchmark"+name+"/")))
		if !strings.HasPrefix(p.answer, want[0]) || !strings.HasPrefix(p.markdown(), want[1]) || len(p.chapters) != 1 {
			t.Errorf("%s: the answer is %q of %d chapters", name, p.answer, len(p.chapters))
		}
	}
}

func TestRowsStandInTheOrderOfTheCatalogue(t *testing.T) {
	lines := strings.SplitAfter(everything(1, textbook), "\n")
	random := rand.New(rand.NewPCG(9, 9))
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	v := viewOf(read(t, "cores: 2\n\n"+only(strings.Join(lines, ""), "Benchmark")), testCores)
	for _, c := range []struct{ experiment, mechanism, key, want string }{
		{"costs", "create", "unit", "process empty fork thread goroutine coroutine cpython-fork cpython-spawn cpython-thread"},
		{"costs", "idle", "count", "10 100 1000 100000"},
		{"locks", "timer", "delay", "1ms 5ms 20ms"},
		{"costs", "submit", "chunk", "1 16 64"},
	} {
		if got := strings.Join(v.samples(c.experiment, v.table.catalogue.find(c.mechanism)).Values(c.key), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.mechanism, got, c.want)
		}
	}
}

// A rate that most trials do not show must not be drawn as none.
func TestWhatWasSeenOnceIsDrawn(t *testing.T) {
	trial := 0
	rarely := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if v.String() == "mechanism=balance/model=gil/lock=none/workers=2" {
			values["tries"], values["lost"] = 1e6, 0
			if trial++; trial == 3 {
				values["lost"] = 1
			}
		}
		return values
	}
	f := drawing(viewOf(read(t, world(8, 0.002, rarely)), testCores), "sharing", "balance")
	one := f.Panels[0].Values[slices.Index(f.Rows, "gil")]
	if math.Abs(one.Estimate-100/8e6) > 1e-12 || one.Low != 0 || math.Abs(one.High-100/1e6) > 1e-12 || number.Rare(one.Estimate) != "1e-05" {
		t.Errorf("%v is drawn, as %s", one, number.Rare(one.Estimate))
	}
	for rate, want := range map[float64]string{0: "none", 0.0004: "0.0004", 0.5: "0.50", 27414: "27,414"} {
		if got := number.Rare(rate); got != want {
			t.Errorf("%v: %s, want %s", rate, got, want)
		}
	}
}

func TestNumbersOfTitlesAndAxes(t *testing.T) {
	for got, want := range map[string]string{
		number.Fold(118.4):                           "118x",
		number.Fold(9.96):                            "10x",
		number.Fold(8.86):                            "8.9x",
		number.Fold(1.14):                            "1.1x",
		number.Fold(1.052):                           "1.05x",
		number.Fold(0.5):                             "0.50x",
		number.TickSpan(1):                           "1 ns",
		number.TickSpan(1e3):                         "1 µs",
		number.TickSpan(1e8):                         "100 ms",
		number.TickSpan(1e10):                        "10 s",
		number.RoundSpan(20.2e6):                     "20 ms",
		number.RoundSpan(999.6e3):                    "1 ms",
		number.RoundSpan(5.21e6):                     "5.2 ms",
		number.RoundSpan(0):                          "0 ns",
		number.Rate(999):                             "999",
		number.Rate(28300):                           "28.3k",
		number.Rate(999_600):                         "1.00M",
		section.Total{}.String():                     "–",
		section.Total{Count: 0, Tries: 7}.String():   "0 of 7",
		section.Total{Count: 7, Tries: 7}.String():   "7 of 7",
		section.Total{Count: 2, Tries: 5e3}.String(): "2 of 5,000 (0.040 %)",
		section.Total{Count: 1, Tries: 1e6}.String(): "1 of 1,000,000 (0.0001 %)",
		section.Total{Count: 0, Tries: 7}.Share():    "none",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Rows that say the same are one; what failed has a row of its own.
func TestTablesAreShortUntilSomethingFails(t *testing.T) {
	for _, c := range []struct {
		topic, name, unit string
		value             float64
		rows, more        int
		want              string
	}{
		{"How many a pool lets in (U5)", "flight/pool=pond/workers=8", "seen", 99, 5, 1, "792 of 800 (99 %)"},
		{"Who survives a crash (S2)", "crash/unit=process/way=kill", "seen", 99, 2, 5, "792 of 800 (99 %)"},
		{"A semaphore of n (L1)", "semaphore/unit=process/size=3", "seen", 99, 2, 1, "792 of 800 (99 %)"},
		{"A condition (L3)", "condition/unit=process/wake=1", "seen", 99, 2, 1, "792 of 800 (99 %)"},
		{"What happens, and what does not (F1, F2, F3, F5, F7)", "daemon/kind=plain/end=kill", "seen", 99, 5, 1, "792 of 800 (99 %)"},
	} {
		whole := sections(t, everything(8, changed(c.name, "", 0)))[c.topic]
		torn := sections(t, everything(8, changed(c.name, c.unit, c.value)))[c.topic]
		if len(whole.rows) != c.rows || len(torn.rows) != c.rows+c.more {
			t.Errorf("%s: %d rows, and %d where something failed: %q", c.topic, len(whole.rows), len(torn.rows), torn.rows)
		}
		if !slices.ContainsFunc(torn.rows, func(row []string) bool { return slices.Contains(row, c.want) }) {
			t.Errorf("%s: no row has %s: %q", c.topic, c.want, torn.rows)
		}
	}
}

// What is said of lines of 8192 bytes is said only if they were whole.
func TestTheNoteOnTornLinesFollowsTheNumbers(t *testing.T) {
	for torn, want := range map[float64]bool{0: true, 3: false} {
		note := sections(t, everything(8, changed("lines/medium=pipe/size=8192/parts=1/lock=none", "torn", torn)))["Torn lines (S6)"].note
		if strings.Contains(note, "8192") != want || !strings.Contains(note, "PIPE_BUF") {
			t.Errorf("%v torn: %s", torn, note)
		}
	}
}

// asking notes the units that a section asks for.
type asking struct {
	section.Source
	units map[string]bool
}

func (a asking) Center(v variant.Variant, unit string) number.Interval {
	a.units[unit] = true
	return a.Source.Center(v, unit)
}

func (a asking) Ratio(of variant.Variant, unit string, over variant.Variant, than string) number.Interval {
	a.units[unit], a.units[than] = true, true
	return a.Source.Ratio(of, unit, over, than)
}

func (a asking) Counts(v variant.Variant, unit string) (counted, tries []float64) {
	a.units[unit] = true
	return a.Source.Counts(v, unit)
}

func (a asking) Most(v variant.Variant, unit string) float64 {
	a.units[unit] = true
	return a.Source.Most(v, unit)
}

// A unit that a section shows, or a claim is about, is one that a report keeps.
func TestSectionsAskForWhatThereIs(t *testing.T) {
	v := viewOf(read(t, everything(1, textbook)), testCores)
	for _, c := range chapters.All {
		for _, of := range c.Cards {
			if of.Sections == nil {
				continue
			}
			for _, s := range of.Sections() {
				samples := v.samples(c.Name, of)
				asked := asking{samples.Source, map[string]bool{}}
				samples.Source = asked
				// A forecast of what is made up is far off, and none is given: it has tests of its own.
				if foretells := strings.HasPrefix(s.Topic, "More workers than"); s.Form.Show(samples).Empty() && !foretells {
					t.Errorf("%s is empty", s.Topic)
				}
				for unit := range asked.units {
					if v.table.unit(unit) < 0 {
						t.Errorf("%s asks for %q, which is none of the Counts and Units of its card", s.Topic, unit)
					}
				}
			}
		}
	}
}
