package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

// costs is the chapter on what a unit costs.
func (v view) costs() chapter {
	return chapter{v.title("costs"), []section{
		v.creating(), v.switching(), v.idling(), v.pooling(), v.flying(), v.submitting(),
	}}
}

func (v view) creating() section {
	m := v.mechanism("costs", "create")
	unit := func(name string) variant.Variant { return m.the("unit", name) }
	over := func(of, than, format string) string { return brief(m.ratio(unit(of), unit(than), "ns/op"), format) }
	s := section{topic: "Creating a unit (U1)", answer: true}
	s.finding = finding("the time to create and join a unit", joined(", ",
		over("process", "thread", "creating a process takes %s as long as a thread"),
		over("thread", "goroutine", "a thread %s as long as a goroutine")))
	var rows []string
	panel := chart.Panel{Title: "time to create and join one", Log: true, Format: span, Tick: tickSpan}
	for _, v := range m.variants {
		rows = append(rows, named(v.Get("unit")))
		panel.Values = append(panel.Values, drawn(m.center(v, "ns/op")))
	}
	s.dots("create", rows, []chart.Panel{panel}, chart.Text{
		Subtitle: "process: the worker program, which serves tasks to a process pool, with an empty one answered. empty: a Go program that does nothing. fork: a copy of a process, without a program." + m.words("unit"),
		Whiskers: v.ofMedians(),
		Note:     overRounds + " " + paired,
	})
	s.note = m.starting()
	return s
}

// starting compares the worker program with one that does nothing. m are the
// trials on creating units.
func (m trialsOf) starting() string {
	process, empty := m.the("unit", "process"), m.the("unit", "empty")
	answers := m.table.across(m.experiment, process, "answer-ns/op", empty, "ns/op").interval
	return strings.TrimSpace(strings.Join([]string{
		clause(answers, "The worker program has started and answered after %s the time that an empty Go program takes to start and end."),
		clause(m.ratio(process, empty, "ns/op"), "It has ended after %s the time of the empty one."),
	}, " "))
}

// dots draws the section's chart, if there is anything to draw.
func (s *section) dots(name string, rows []string, panels []chart.Panel, text chart.Text) {
	for _, p := range panels {
		if slices.ContainsFunc(p.Values, func(i chart.Interval) bool { return !math.IsNaN(i.Estimate) }) {
			text.Title = s.finding
			s.figure = figure{name, s.finding, chart.Dots(text, rows, panels)}
			return
		}
	}
}

func (v view) switching() section {
	m := v.mechanism("costs", "switch")
	over := func(of, than variant.Variant, format string) string {
		return brief(m.ratio(of, than, "ns/op"), format)
	}
	at := func(unit, placement string) variant.Variant { return m.the("unit", unit, "placement", placement) }
	s := section{topic: "Switching (U2)"}
	s.finding = finding("the time of a round trip between two units",
		lean(
			over(at("process", "one"), at("thread", "one"), "on one core a round trip between processes takes %s as long as between threads"),
			over(at("thread", "one"), at("goroutine", "one"), "between threads %s as long as between goroutines")))
	titles := map[string]string{"one": "on one core", "two": "across two cores"}
	rows, panels := m.grid("unit", "placement", func(p string) string { return titles[p] }, func(v variant.Variant) chart.Interval {
		return drawn(m.center(v, "ns/op"))
	}, span, tickSpan)
	s.dots("switch", rows, panels, chart.Text{
		Subtitle: "Time of a byte or a token there and back, between two units." + m.words("unit"),
		Whiskers: v.ofMedians(),
		Note:     overRounds + " " + paired,
	})
	return s
}

// grid makes a row for each value of one key and a panel for each of another, all
// on one log axis.
func (m trialsOf) grid(row, column string, title func(string) string, value func(variant.Variant) chart.Interval, format, tick func(float64) string) (rows []string, panels []chart.Panel) {
	for _, c := range m.values(column) {
		p := chart.Panel{Title: title(c), Log: true, Shared: true, Format: format, Tick: tick}
		for _, r := range m.values(row) {
			p.Values = append(p.Values, value(m.the(row, r, column, c)))
		}
		panels = append(panels, p)
	}
	for _, r := range m.values(row) {
		rows = append(rows, named(r))
	}
	return rows, panels
}

func (v view) idling() section {
	m := v.mechanism("costs", "idle")
	over := func(of, than, format string) string {
		counts := slices.Backward(m.values("count"))
		for _, n := range counts {
			r := m.ratio(m.the("unit", of, "count", n), m.the("unit", than, "count", n), "pss-bytes/unit")
			if r.N > 0 {
				return brief(r, format) + fmt.Sprintf(" (%s of each)", thousands(n))
			}
		}
		return ""
	}
	s := section{topic: "Memory of an idle unit (U3)"}
	s.finding = finding("the memory of an idle unit", joined(", ",
		over("process", "thread", "an idle process keeps %s the memory of a thread"),
		over("thread", "goroutine", "an idle thread %s that of a goroutine")))
	rows, panels := m.grid("unit", "count", func(n string) string { return thousands(n) + " of them, KiB each" }, func(v variant.Variant) chart.Interval {
		return scaled(m.center(v, "pss-bytes/unit"), 1<<10)
	}, func(kib float64) string { return number(kib) + " KiB" }, nil)
	s.dots("idle", rows, panels, chart.Text{
		Subtitle: "Resident memory of each unit; what processes share is shared out among them. Memory of the kernel is not in it." + m.words("unit"),
		Whiskers: v.ofMedians(),
		Note:     overRounds + " " + paired + " A few threads, goroutines or coroutines weigh less than the noise of the process that holds them.",
	})
	return s
}

// A lengthy ratio is the throughput of a pool over that of a process for each
// task, with tasks of some length.
type lengthy struct {
	text   string
	length time.Duration
	ratio  stat.Interval
}

// differs and same say that the two surely differ by more than the margin, or by
// less.
func (l lengthy) differs() bool {
	return l.ratio.Known() && (l.ratio.Low > card.Same || l.ratio.High < 1/card.Same)
}

func (l lengthy) same() bool {
	return l.ratio.Known() && l.ratio.Low >= 1/card.Same && l.ratio.High <= card.Same
}

func (v view) lengths() []lengthy {
	var all []lengthy
	for _, c := range gridOf(v.table, "costs").cells {
		length, err := time.ParseDuration(c.Get("length"))
		if c.Get("model") != "process-pool" || err != nil || length <= 0 {
			continue
		}
		r := v.table.ratio("costs", c.With("model", "process"), c, "ns/op")
		if r.N > 0 {
			all = append(all, lengthy{spaced(c.Get("length")), length, r})
		}
	}
	slices.SortFunc(all, func(a, b lengthy) int { return int(a.length - b.length) })
	return all
}

// spaced writes a duration such as "100us" for a reader.
func spaced(duration string) string {
	text := strings.TrimRight(duration, "munsh")
	return text + " " + strings.Replace(duration[len(text):], "us", "µs", 1)
}

func (v view) pooling() section {
	lengths := v.lengths()
	s := section{topic: "A pool or a process for every task (U4)"}
	if len(lengths) == 0 {
		return s
	}
	line := chart.Series{Name: "process-pool"}
	for _, l := range lengths {
		line.X, line.Y = append(line.X, l.length.Seconds()*1e3), append(line.Y, drawn(l.ratio))
	}
	s.finding = finding(s.topic, crossing(lengths))
	s.figure = figure{"pool", s.finding, chart.Curves(chart.Text{
		Title:    s.finding,
		Subtitle: fmt.Sprintf("Tasks per second of a process pool over those of a process for every task, %s (processes that take tasks), on %s", plural(v.cores, "worker"), v.perCores()),
		X:        "length of a task, ms", Y: "process-pool over process, ratio", Level: "no difference",
		Whiskers: v.ofMedians(), Note: "Dots: medians of the ratios in each round.",
	}, func(float64) float64 { return 1 }, []chart.Series{line})}
	return s
}

// crossing tells between which measured lengths the difference falls under the
// margin.
func crossing(lengths []lengthy) string {
	first, last := lengths[0], lengths[len(lengths)-1]
	text := brief(first.ratio, "a process pool is %s as fast as a process per task at "+first.text)
	if len(lengths) == 1 {
		return text
	}
	margin := percent(card.Same - 1)
	from := len(lengths) // from here on, all are the same
	for from > 0 && lengths[from-1].same() {
		from--
	}
	until := from - 1 // the last that differs
	for until >= 0 && !lengths[until].differs() {
		until--
	}
	switch {
	case from == len(lengths):
		still := "whether they are within " + margin + " there is open"
		if last.differs() {
			still = "they still differ by more than " + margin
		}
		return fmt.Sprintf("%s, %s; %s", text, brief(last.ratio, "%s at "+last.text), still)
	case until < 0:
		return fmt.Sprintf("%s; from %s on they are within %s", text, lengths[from].text, margin)
	}
	return fmt.Sprintf("%s, %s; it comes within %s between %s and %s", text, brief(last.ratio, "%s at "+last.text), margin, lengths[until].text, lengths[from].text)
}

func (v view) flying() section {
	m := v.mechanism("costs", "flight")
	s := section{
		topic: "How many a pool lets in (U5)", head: []string{"pool", "workers", "never more inside than workers", "most inside at once"},
		note: "Each try hands in eight tasks at once for each worker, which runs one at a time. pool: goroutines that take tasks from a channel; process-pool: processes that take them over pipes; the others are packages of their names.",
	}
	s.finding = finding(s.topic, m.total("seen", m.variants).clause("in %s tries a pool had at most as many tasks inside as it has workers"))
	for _, group := range m.alike("pool", func(v variant.Variant) bool { return m.count(v, "seen").all() }) {
		s.rows = append(s.rows, []string{
			group[0].Get("pool"), each(group, get("workers")), m.total("seen", group).String(),
			each(group, func(v variant.Variant) string { return whole(m.most(v, "most-inside")) }),
		})
	}
	return s
}

func (v view) submitting() section {
	m := v.mechanism("costs", "submit")
	at := func(way, transport string) variant.Variant {
		if way == "map" {
			return m.the("way", way, "transport", transport, "chunk", "1")
		}
		return m.the("way", way, "transport", transport)
	}
	over := func(of, than variant.Variant, format string) string {
		return brief(m.ratio(than, of, "ns/op"), format)
	}
	s := section{topic: "Handing in work (U6)", head: []string{"tasks per second", fmt.Sprintf("ratio (%s)", v.table.interval())}}
	s.finding = finding("tasks per second of a pool, by how they are handed in",
		over(at("async", "pipe"), at("apply", "pipe"), "over pipes handing in without waiting does %s the tasks per second"),
		lean(
			over(at("map", "pipe"), at("map", "cpython"), "map over pipes does %s CPython's pool"),
			over(at("map", "ring"), at("map", "cpython"), "over the ring %s")))
	for _, r := range []struct {
		what     string
		of, than variant.Variant
	}{
		{"async over apply, over pipes", at("async", "pipe"), at("apply", "pipe")},
		{"async over apply, over the ring", at("async", "ring"), at("apply", "ring")},
		{"map, chunk 1: pipes over CPython's pool", at("map", "pipe"), at("map", "cpython")},
		{"map, chunk 1: ring over CPython's pool", at("map", "ring"), at("map", "cpython")},
		{"map, chunk 1: ring over pipes", at("map", "ring"), at("map", "pipe")},
	} {
		if i := m.ratio(r.than, r.of, "ns/op"); i.N > 0 {
			s.rows = append(s.rows, []string{r.what, withInterval(i, times)})
		}
	}
	rows, panels := m.throughputs()
	s.dots("submit", rows, panels, chart.Text{
		Subtitle: "Empty tasks per second of a pool of 2 workers, each a process. apply: wait for each answer. async: hand in without waiting. map: all at once, in chunks of so many tasks. ring: shared memory. CPython's pool uses pipes.",
		Whiskers: v.ofMedians(),
		Note:     overRounds + " The title has chunk 1. " + paired,
	})
	if s.figure.Figure != nil {
		s.note = v.mechanism("costs", "create").starting()
	}
	return s
}

// throughputs are the rows and panels of the chart on handing in work: ways across,
// transports beside each other. m are its trials.
func (m trialsOf) throughputs() (rows []string, panels []chart.Panel) {
	type row struct{ way, chunk string }
	var ways []row
	for _, way := range m.values("way") {
		if way != "map" {
			ways = append(ways, row{way, ""})
			continue
		}
		for _, chunk := range m.values("chunk") {
			if len(m.with("way", way, "chunk", chunk)) > 0 {
				ways = append(ways, row{way, chunk})
			}
		}
	}
	for _, w := range ways {
		rows = append(rows, strings.TrimSuffix(w.way+", chunk "+w.chunk, ", chunk "))
	}
	titles := map[string]string{"pipe": "over pipes", "ring": "over a ring", "cpython": "CPython's pool"}
	for _, transport := range m.values("transport") {
		p := chart.Panel{Title: titles[transport] + ", tasks/s", Log: true, Shared: true, Format: rate}
		for _, w := range ways {
			one := m.the("way", w.way, "transport", transport)
			if w.chunk != "" {
				one = m.the("way", w.way, "transport", transport, "chunk", w.chunk)
			}
			p.Values = append(p.Values, perSecond(m.center(one, "ns/op")))
		}
		panels = append(panels, p)
	}
	return rows, panels
}
