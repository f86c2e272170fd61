package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

// A chapter is what a report says of one experiment on mechanisms.
type chapter struct {
	title    string
	sections []section
}

// A section is the evidence on one or a few claims: a chart or a table. What was
// not measured is not in it, and one that holds nothing is left out.
type section struct {
	topic string // with the claims in brackets
	// finding is computed from the samples: a chart's title, which has no
	// intervals because the chart shows them, or the sentence above a table.
	finding string
	answer  bool // the finding is the answer of a run without the grid
	figure  figure
	head    []string
	rows    [][]string
	note    string
}

// mechanisms are the chapters on the experiments in the file.
func (v view) mechanisms() []chapter {
	var kept []chapter
	for _, c := range []chapter{v.costs(), v.sharing(), v.locks(), v.life()} {
		c.sections = slices.DeleteFunc(c.sections, func(s section) bool { return s.figure.Figure == nil && len(s.rows) == 0 })
		if len(c.sections) > 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// title is that of a chapter of the catalogue.
func (v view) title(name string) string {
	for _, c := range v.table.catalogue.Chapters {
		if c.Name == name {
			return c.Title
		}
	}
	return name
}

// complete adds a section for each claim that no section tells of: a card need not
// bring one.
func (v *view) complete(judged []Judged) {
	for _, j := range judged {
		title := v.title(j.Experiment)
		told := func(s section) bool { return slices.Contains(strings.FieldsFunc(s.topic, notInID), j.ID) }
		at := slices.IndexFunc(v.chapters, func(c chapter) bool { return c.title == title })
		if title == "" || j.Verdict == NotMeasured || at >= 0 && slices.ContainsFunc(v.chapters[at].sections, told) {
			continue
		}
		s := section{
			topic: fmt.Sprintf("%s (%s)", j.Text, j.ID), head: []string{"comparison", "found", "bound"},
			finding: fmt.Sprintf("%s: %s, %s", strings.ToUpper(string(j.Verdict[:1]))+string(j.Verdict[1:]), label(j.Decider.Comparison), j.Decider.found()),
		}
		for _, c := range j.Compared {
			s.rows = append(s.rows, []string{label(c.Comparison), c.found(), demand(c.Comparison)})
		}
		if at < 0 {
			v.chapters = append(v.chapters, chapter{title: title})
			at = len(v.chapters) - 1
		}
		v.chapters[at].sections = append(v.chapters[at].sections, s)
	}
}

// notInID tells what separates the IDs of claims in a topic.
func notInID(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// sentence is a chapter's answer.
func (c chapter) sentence() string {
	for _, s := range c.sections {
		if s.answer {
			return s.finding
		}
	}
	return c.sections[0].finding
}

// chapter writes one.
func (p page) chapter(w *strings.Builder, c chapter) {
	fmt.Fprintf(w, "## %s\n\n", c.title)
	for _, s := range c.sections {
		fmt.Fprintf(w, "### %s\n\n", s.topic)
		if s.figure.Figure != nil {
			p.picture(w, s.figure.name)
		} else {
			fmt.Fprintf(w, "**%s.**\n\n", s.finding)
		}
		if len(s.rows) > 0 {
			table(w, s.head, s.rows)
		}
		if s.note != "" {
			w.WriteString(s.note + "\n\n")
		}
	}
}

// trialsOf are the trials of one mechanism in one experiment.
type trialsOf struct {
	table      *Table
	experiment string
	choices    []card.Choice
	variants   []variant.Variant // in the order of the choices, without twins
}

func (v view) mechanism(experiment, name string) trialsOf {
	m := trialsOf{table: v.table, experiment: experiment, choices: v.table.catalogue.find(name).Keys}
	prefix := card.Title(experiment) + "/"
	for _, text := range v.table.names {
		rest, ok := strings.CutPrefix(text, prefix)
		if one, err := variant.Parse(rest); ok && err == nil && one.Get(card.Key) == name && one.Get(card.Twin) == "" {
			m.variants = append(m.variants, one)
		}
	}
	// A file holds them in the random order of its first round.
	slices.SortFunc(m.variants, func(a, b variant.Variant) int {
		for _, c := range m.choices {
			if order := byChoice(c, a.Get(c.Key), b.Get(c.Key)); order != 0 {
				return order
			}
		}
		return strings.Compare(a.String(), b.String())
	})
	return m
}

// byChoice compares two values of a key: numbers by size, words as the mechanism
// lists them.
func byChoice(c card.Choice, a, b string) int {
	if c.Values != nil {
		return cmp.Compare(slices.Index(c.Values, a), slices.Index(c.Values, b))
	}
	x, _ := strconv.Atoi(a) // "" where it is left out: it comes first
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}

// values lists those that a key has, in order.
func (m trialsOf) values(key string) []string {
	var values []string
	for _, v := range m.variants {
		if value := v.Get(key); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	for _, c := range m.choices {
		if c.Key == key {
			slices.SortStableFunc(values, func(a, b string) int { return byChoice(c, a, b) })
		}
	}
	return values
}

// with are the variants that have all these keys and values.
func (m trialsOf) with(pairs ...string) []variant.Variant {
	var found []variant.Variant
	for _, v := range m.variants {
		has := true
		for i := 0; i+1 < len(pairs); i += 2 {
			has = has && v.Get(pairs[i]) == pairs[i+1]
		}
		if has {
			found = append(found, v)
		}
	}
	return found
}

// the is the first variant with these keys and values. Where there is none it is
// one that has no trials.
func (m trialsOf) the(pairs ...string) variant.Variant {
	if found := m.with(pairs...); len(found) > 0 {
		return found[0]
	}
	return variant.Variant{}
}

func (m trialsOf) center(v variant.Variant, unit string) stat.Interval {
	return m.table.center(m.experiment, v, unit)
}

func (m trialsOf) ratio(of, over variant.Variant, unit string) stat.Interval {
	return m.table.ratio(m.experiment, of, over, unit)
}

// fact is how often something was counted in the tries of a variant.
func (m trialsOf) fact(v variant.Variant, unit string) Fact {
	return observe(m.table, m.experiment, card.Comparison{
		Measure: card.Measure{Unit: unit, How: card.Every}, Of: v, High: math.Inf(1),
	})
}

// total is a count of several variants together, of so many tries.
type total struct{ count, tries float64 }

func (m trialsOf) total(unit string, variants []variant.Variant) total {
	var t total
	for _, v := range variants {
		f := m.fact(v, unit)
		t.count, t.tries = t.count+f.Count, t.tries+f.Tries
	}
	return t
}

func (t total) plus(o total) total { return total{t.count + o.count, t.tries + o.tries} }

// String writes "3 of 1,400 (0.21 %)", and no share where it is none or all, "–" if
// nothing was tried.
func (t total) String() string {
	switch t.count {
	case 0, t.tries:
		return t.plain()
	}
	return fmt.Sprintf("%s (%s)", t.plain(), t.share())
}

// plain writes it without the share.
func (t total) plain() string {
	if t.tries == 0 {
		return "–"
	}
	return fmt.Sprintf("%s of %s", grouped(t.count), grouped(t.tries))
}

// share is the count over the tries: "none", "40 %".
func (t total) share() string {
	share := atMostAll(t.count / t.tries)
	switch text := percent(share); {
	case t.count == 0:
		return "none"
	case share < 0.001:
		return rare(100*share) + " %"
	case share < 1 && text == "100 %":
		return "over 99.9 %" // not all
	default:
		return text
	}
}

// all says that it was counted in every try.
func (t total) all() bool { return t.count == t.tries }

// count is the total of one variant.
func (m trialsOf) count(v variant.Variant, unit string) total {
	return m.total(unit, []variant.Variant{v})
}

// alike puts variants that have the same value of a key, and all their tries what
// every one should, into one group. Where a try failed each stands alone.
func (m trialsOf) alike(key string, good func(variant.Variant) bool) [][]variant.Variant {
	var groups [][]variant.Variant
	for _, value := range m.values(key) {
		group := m.with(key, value)
		if !slices.ContainsFunc(group, func(v variant.Variant) bool { return !good(v) }) {
			groups = append(groups, group)
			continue
		}
		for _, one := range group {
			groups = append(groups, []variant.Variant{one})
		}
	}
	return groups
}

// each lists what is said of every variant of a group.
func each(group []variant.Variant, say func(variant.Variant) string) string {
	var all []string
	for _, v := range group {
		all = append(all, say(v))
	}
	return strings.Join(all, ", ")
}

// get says the value of a key.
func get(key string) func(variant.Variant) string {
	return func(v variant.Variant) string { return v.Get(key) }
}

// clause puts a total into a sentence, "" if nothing was tried.
func (t total) clause(format string) string {
	if t.tries == 0 {
		return ""
	}
	return fmt.Sprintf(format, t)
}

// most is the largest value that any trial of a variant has.
func (m trialsOf) most(v variant.Variant, unit string) float64 {
	most := math.NaN()
	m.table.find(m.experiment, v).eachRound(unitIndex(unit), func(_ int, value float64) {
		if !(value <= most) {
			most = value
		}
	})
	return most
}

// brief puts a ratio into a title, without its interval, "" if it was not measured.
func brief(ratio stat.Interval, format string) string {
	if ratio.N == 0 {
		return ""
	}
	return fmt.Sprintf(format, fold(ratio.Estimate))
}

// fold writes a ratio with two digits: "38x", "1.1x", and with three near 1.
func fold(ratio float64) string {
	switch {
	case ratio >= 9.95:
		return grouped(ratio) + "x"
	case ratio >= 1.095:
		return strconv.FormatFloat(ratio, 'f', 1, 64) + "x"
	}
	return times(ratio)
}

// clause puts a ratio into a sentence, "" if it was not measured. That too few
// rounds for an interval were made is said elsewhere.
func clause(ratio stat.Interval, format string) string {
	switch {
	case ratio.N == 0:
		return ""
	case !ratio.Known():
		return fmt.Sprintf(format, times(ratio.Estimate))
	}
	return fmt.Sprintf(format, withInterval(ratio, times))
}

// join puts clauses together without those that are empty.
func join(clauses ...string) string { return joined("; ", clauses...) }

func joined(by string, clauses ...string) string {
	return strings.Join(slices.DeleteFunc(clauses, func(c string) bool { return c == "" }), by)
}

// lean joins clauses of which the further ones make no sense without the first.
func lean(first string, further ...string) string {
	if first == "" {
		return ""
	}
	return joined(", ", append([]string{first}, further...)...)
}

// finding makes a sentence of clauses. If all are empty, the topic has to do.
func finding(topic string, clauses ...string) string {
	text := cmp.Or(join(clauses...), topic)
	return strings.ToUpper(text[:1]) + text[1:]
}

// thousands writes a number of a variant with its thousands apart.
func thousands(number string) string {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	return grouped(n)
}

// tickSpan writes a time in ns at an axis, where numbers are round: "10 µs".
func tickSpan(ns float64) string {
	units := []string{" ns", " µs", " ms", " s"}
	for len(units) > 1 && ns >= 999.9 {
		ns, units = ns/1e3, units[1:]
	}
	return strconv.FormatFloat(ns, 'g', 3, 64) + units[0]
}

// round writes a time in ns with two digits: "20 ms".
func round(ns float64) string {
	if ns > 0 {
		digits := math.Pow(10, math.Floor(math.Log10(ns))-1)
		ns = math.Round(ns/digits) * digits
	}
	return tickSpan(ns)
}

// rate writes how many there are in a second: "3.73k".
func rate(perSecond float64) string {
	switch {
	case perSecond >= 999_500:
		return number(perSecond/1e6) + "M"
	case perSecond >= 999.5:
		return number(perSecond/1e3) + "k"
	}
	return number(perSecond)
}

// perSecond turns the time of an operation in ns into operations per second.
func perSecond(ns stat.Interval) chart.Interval {
	d := drawn(ns)
	return chart.Interval{Estimate: 1e9 / d.Estimate, Low: 1e9 / d.High, High: 1e9 / d.Low}
}

// named writes a value as a row's name.
func named(value string) string {
	if value == "cpython" {
		return "CPython"
	}
	if rest, ok := strings.CutPrefix(value, "cpython-"); ok {
		return "CPython " + rest
	}
	return value
}

// overRounds is what a note says of a chart of absolute values, ofMedians of its error
// bars.
const overRounds = "Dots: medians over rounds."

func (v view) ofMedians() string {
	return fmt.Sprintf("Whiskers: %ss of the medians.", v.table.interval())
}

// paired is said where ratios stand beside what they are of.
const paired = "Ratios are medians of the ratios in each round, so not exactly the quotients of the medians shown."

// modelWords say what the models of a chart are that are not plain words.
var modelWords = []struct{ model, words string }{
	{"pool", "pool: goroutines that take tasks from a channel"},
	{"gil", "gil: threads of which one runs at a time"},
	{"loop", "loop: goroutines on one core"},
	{"coroutine", "coroutine: gives up its turn only where it says so"},
}

// words explains those that a key of the variants has.
func (m trialsOf) words(key string) string {
	text := ""
	for _, w := range modelWords {
		if slices.Contains(m.values(key), w.model) {
			text += " " + w.words + "."
		}
	}
	return text
}
