package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"parcon/experiments/variant"
	"parcon/report/chart"
)

// sharing is the chapter on what units share.
func (v view) sharing() chapter {
	return chapter{v.title("sharing"), []section{
		v.isolating(), v.crashing(), v.losing(), v.locking(), v.selling(), v.tearing(), v.tallying(), v.counting(),
	}}
}

// apart says that a unit is a process of its own.
func apart(v variant.Variant) bool {
	unit := v.Get("unit")
	return unit == "process" || strings.HasSuffix(unit, "fork")
}

// split parts variants by whether their unit is a process.
func split(variants []variant.Variant) (processes, threads []variant.Variant) {
	for _, v := range variants {
		if apart(v) {
			processes = append(processes, v)
		} else {
			threads = append(threads, v)
		}
	}
	return processes, threads
}

func (v view) isolating() section {
	m := v.mechanism("sharing", "isolation")
	processes, threads := split(m.variants)
	s := section{topic: "Who sees a write (S1)", head: []string{"unit that writes", "its creator sees the write"}}
	s.finding = finding(s.topic,
		m.total("seen", processes).clause("a creator saw %s writes of processes"),
		m.total("seen", threads).clause("a creator saw %s writes of threads and goroutines"))
	for _, one := range m.variants {
		s.rows = append(s.rows, []string{named(one.Get("unit")), m.count(one, "seen").String()})
	}
	return s
}

// ways of crashing, in words.
var ways = map[string]string{
	"panic": "panic", "nil": "nil pointer", "segv": "SIGSEGV", "kill": "SIGKILL",
	"exit": "exit with status 3", "memory": "no memory left",
}

// others is how many are asked for a sign of life after a crash.
const others = 2

func (v view) crashing() section {
	m := v.mechanism("sharing", "crash")
	alive := func(variants []variant.Variant) total {
		t := m.total("survivors", variants)
		t.tries *= others
		return t
	}
	s := section{
		topic: "Who survives a crash (S2)",
		head:  []string{"who crashes", "ways to crash", "others that lived on", "all as said"},
		note:  "Two others of its kind are asked for a sign of life in each try. All as said: both other processes live on, or no other thread does, and the exit status tells the way.",
	}
	s.finding = finding(s.topic,
		alive(m.with("unit", "process")).clause("when a process crashed, %s others lived on"),
		alive(m.with("unit", "thread")).clause("when a thread crashed, %s others lived on"))
	for _, group := range m.alike("unit", func(v variant.Variant) bool { return m.count(v, "seen").all() }) {
		s.rows = append(s.rows, []string{
			group[0].Get("unit"), each(group, func(v variant.Variant) string { return ways[v.Get("way")] }),
			alive(group).String(), m.total("seen", group).String(),
		})
	}
	return s
}

func (v view) losing() section {
	m := v.mechanism("sharing", "balance")
	s := section{topic: "Lost updates without a lock (S3)", answer: true}
	said := func(model, format string) string {
		t := m.total("lost", m.with("model", model, "lock", "none"))
		if t.tries == 0 {
			return ""
		}
		return fmt.Sprintf(format, t.share())
	}
	s.finding = finding("updates lost without a lock",
		lean(
			said("goroutine", fmt.Sprintf("without a lock %s lose %%s of their updates", plural(max(2, v.cores), "goroutine"))),
			said("gil", "%s under a GIL"),
			said("coroutine", "%s as coroutines")))
	var rows []string
	shares := chart.Panel{
		Title:  "share of the updates lost",
		Format: func(v float64) string { return total{v, 100}.share() },
		Tick:   func(v float64) string { return percent(v / 100) },
	}
	var counts []string
	for _, one := range m.with("lock", "none") {
		rows = append(rows, named(one.Get("model")))
		shares.Values = append(shares.Values, m.often(one, "lost"))
		if t := m.count(one, "lost"); t.count > 0 {
			counts = append(counts, named(one.Get("model"))+" "+t.String())
		}
	}
	s.dots("lost", rows, []chart.Panel{shares}, chart.Text{
		Subtitle: fmt.Sprintf("Updates of a number that another one overwrote: read, change and write are three steps. %s update it, in serial code 1.", plural(max(2, v.cores), "worker")) + m.words("model"),
		Whiskers: "Whiskers: from the trial that lost least to the one that lost most.",
		Note:     "Dots: updates lost over updates made, in all trials together.",
	})
	if s.figure.Figure != nil && len(counts) > 0 {
		s.note = "Lost without a lock: " + strings.Join(counts, "; ") + "."
	}
	return s
}

// often is a count over the tries of all trials together, in percent, between the
// trials with the least and the most: rare things show too, which a median of
// trials would hide.
func (m trialsOf) often(v variant.Variant, unit string) chart.Interval {
	counted, tries := m.table.counts(m.experiment, v, unit)
	t := m.count(v, unit)
	i := chart.Interval{Estimate: 100 * atMostAll(t.count/t.tries), Low: math.NaN(), High: math.NaN()}
	for n := range counted {
		share := 100 * atMostAll(counted[n]/tries[n])
		if !(i.Low <= share) {
			i.Low = share
		}
		if !(i.High >= share) {
			i.High = share
		}
	}
	return i
}

// rare writes a rate that may be small: three digits, or none at all.
func rare(rate float64) string {
	switch {
	case rate == 0:
		return "none"
	case rate < 0.01:
		return strconv.FormatFloat(rate, 'g', 1, 64)
	case rate >= 100:
		return grouped(rate)
	}
	return number(rate)
}

// serially is the baseline of a model with the same lock, none for CPython.
func (m trialsOf) serially(one variant.Variant) variant.Variant {
	if strings.HasPrefix(one.Get("model"), "cpython") || one.Get("model") == "serial" {
		return variant.Variant{}
	}
	return m.the("model", "serial", "lock", one.Get("lock"))
}

// crowded is the variant with these keys and values that has the most workers.
func (m trialsOf) crowded(pairs ...string) variant.Variant {
	if found := m.with(pairs...); len(found) > 0 {
		return found[len(found)-1]
	}
	return variant.Variant{}
}

func (v view) locking() section {
	m := v.mechanism("sharing", "balance")
	locked := slices.DeleteFunc(m.with("lock", "mutex"), func(one variant.Variant) bool {
		// What the others are measured by has no row.
		return one.String() != m.crowded("model", one.Get("model"), "lock", "mutex").String()
	})
	s := section{
		topic: "What a lock mends, and what it costs (S3, S5)",
		head:  []string{"model", "workers", "lost with the lock", "updates per second over one worker of its kind", "over serial code", "time of an update, with the lock over without"},
		note:  fmt.Sprintf("Updates per second are with the lock. Ratios have %ss; they are medians of the ratios in each round.", v.table.interval()) + m.words("model") + " Serial code takes the lock too, though nobody else wants it.",
	}
	single := func(one variant.Variant) variant.Variant {
		if one.Get("workers") == "1" {
			return variant.Variant{}
		}
		return m.the("model", one.Get("model"), "lock", "mutex", "workers", "1")
	}
	speed := func(model, format string) string {
		one := m.crowded("model", model, "lock", "mutex")
		return clause(m.ratio(single(one), one, "ns/op"), format)
	}
	over := lean(
		speed("goroutine", "several goroutines make %s the updates per second of one"),
		speed("thread", "threads %s"),
		speed("process", "processes %s"))
	if over == "" { // no single one was measured
		one := m.crowded("model", "goroutine", "lock", "mutex")
		over = clause(m.ratio(m.serially(one), one, "ns/op"), "several goroutines make %s the updates per second of serial code with it")
	}
	s.finding = finding(s.topic,
		m.total("lost", locked).clause("with a lock %s updates were lost"),
		over)
	for _, one := range locked {
		s.rows = append(s.rows, []string{
			named(one.Get("model")), one.Get("workers"), m.count(one, "lost").String(),
			withInterval(m.ratio(single(one), one, "ns/op"), times),
			withInterval(m.ratio(m.serially(one), one, "ns/op"), times),
			withInterval(m.ratio(one, m.the("model", one.Get("model"), "lock", "none"), "ns/op"), times),
		})
	}
	return s
}

func (v view) selling() section {
	m := v.mechanism("sharing", "tickets")
	s := section{
		topic: "One ticket, many buyers (S4, S5)",
		head:  []string{"buyers", "lock", "sales of more tickets than there were", "tickets too many", "reads of a broken file"},
		note:  "Each sale has a tenth as many tickets as buyers, in a JSON file. Tickets too many: of all sales together. Broken: how often a buyer read a file that another one was writing.",
	}
	s.finding = finding(s.topic,
		m.total("seen", m.with("lock", "none")).clause("without a lock %s sales sold tickets that were not there"),
		m.total("seen", m.with("lock", "flock")).clause("with a lock %s did"))
	for _, one := range m.variants {
		s.rows = append(s.rows, []string{
			one.Get("buyers") + map[string]string{"thread": " threads", "process": " processes"}[one.Get("unit")], one.Get("lock"), m.count(one, "seen").String(),
			grouped(m.fact(one, "oversold").Count), grouped(m.fact(one, "broken-reads").Count),
		})
	}
	return s
}

func (v view) tearing() section {
	m := v.mechanism("sharing", "lines")
	s := section{
		topic: "Torn lines (S6)",
		head:  []string{"written to", "bytes of a line", "written in", "torn without a lock", "torn with a lock"},
		note:  "Four processes write lines at once. Torn: another line's bytes stand in it. Up to 4096 bytes (PIPE_BUF) that one write gives to a pipe are never torn: Linux writes them in one piece.",
	}
	torn := func(format, lock string) string {
		variants, some := m.with("lock", lock), 0
		for _, one := range variants {
			if m.fact(one, "torn").Count > 0 {
				some++
			}
		}
		if len(variants) == 0 {
			return ""
		}
		return fmt.Sprintf(format, total{float64(some), float64(len(variants))}.plain())
	}
	s.finding = finding(s.topic,
		torn("without a lock lines were torn in %s ways to write them", "none"),
		torn("with a lock they were in %s", "flock"))
	if t := m.total("torn", m.with("medium", "pipe", "size", "8192", "parts", "1", "lock", "none")); t.tries > 0 && t.count == 0 {
		s.note += " That lines of 8192 bytes were not torn either is only what was seen here."
	}
	for _, one := range m.variants {
		pair := []string{"medium", one.Get("medium"), "size", one.Get("size"), "parts", one.Get("parts"), "lock"}
		open, shut := m.the(append(pair, "none")...), m.the(append(pair, "flock")...)
		if one.Get("lock") == "flock" && open.String() != "" {
			continue // it stands in the other's row
		}
		s.rows = append(s.rows, []string{
			one.Get("medium"), one.Get("size"), strings.TrimPrefix(word("parts", one.Get("parts")), "in "),
			m.count(open, "torn").String(), m.count(shut, "torn").String(),
		})
	}
	return s
}

// keeping are the ways to keep a tally, in words.
var keeping = map[string]string{"shard": "one's own", "atomic": "one atomic", "mutex-map": "locked map", "sync-map": "sync.Map"}

func (v view) tallying() section {
	m := v.mechanism("sharing", "tally")
	s := section{topic: "A number of one's own (S7)"}
	counts := m.values("workers")
	if len(counts) == 0 {
		return s
	}
	workers := counts[0]
	for _, n := range counts {
		if n == strconv.Itoa(max(2, v.cores)) {
			workers = n
		}
	}
	over := func(way, format string) string {
		return brief(m.ratio(m.the("way", way, "workers", workers), m.the("way", "shard", "workers", workers), "ns/op"), format)
	}
	s.finding = finding("increments per second, by how the number is kept",
		lean(
			over("atomic", "with "+workers+" workers a counter of one's own is %s as fast as one atomic counter"),
			over("mutex-map", "%s as a locked map"),
			over("sync-map", "%s as a sync.Map")))
	var cores []string
	for _, one := range m.with("way", "shard") {
		if i := m.table.busy(m.experiment, one); i.N > 0 {
			cores = append(cores, fmt.Sprintf("%s with %s", number(i.Estimate), one.Get("workers")))
		}
	}
	busy := ""
	if len(cores) > 0 {
		busy = fmt.Sprintf("Cores busy, by the number of workers that count on their own: %s.", strings.Join(cores, ", "))
	}
	var lines []chart.Series
	for _, way := range m.values("way") {
		line := chart.Series{Name: keeping[way]}
		for _, one := range m.with("way", way) {
			n, err := strconv.ParseFloat(one.Get("workers"), 64)
			if i := m.center(one, "ns/op"); err == nil && i.N > 0 {
				y := perSecond(i)
				line.X, line.Y = append(line.X, n), append(line.Y, chart.Interval{Estimate: y.Estimate / 1e6, Low: y.Low / 1e6, High: y.High / 1e6})
			}
		}
		lines = append(lines, line)
	}
	s.figure = figure{"tally", s.finding, chart.Curves(chart.Text{
		Title:    s.finding,
		Subtitle: "A worker is a goroutine that counts. Maps have a counter for each worker; the atomic one is one for all.",
		X:        "workers", Y: "million increments per second", Whiskers: v.ofMedians(), Note: joined(" ", overRounds, paired, busy),
	}, nil, lines)}
	return s
}

func (v view) counting() section {
	m := v.mechanism("sharing", "counter")
	s := section{
		topic: "Where a shared number lies (S8)", head: []string{"medium", fmt.Sprintf("time of an increment (%s)", v.table.interval()), fmt.Sprintf("over shared memory (%s)", v.table.interval())},
		note: "Two processes count together: in a locked JSON file, through a pipe to a third one that has the number, in shared memory under a lock. " + paired,
	}
	memory := m.the("medium", "memory")
	over := func(medium, format string) string {
		return clause(m.ratio(m.the("medium", medium), memory, "ns/op"), format)
	}
	s.finding = finding(s.topic, lean(
		over("file", "counting through a file takes %s the time of counting in shared memory"),
		over("pipe", "through a pipe %s")))
	for _, one := range m.variants {
		row := []string{one.Get("medium"), spans(m.center(one, "ns/op")), "1"}
		if one.Get("medium") != "memory" {
			row[2] = withInterval(m.ratio(one, memory, "ns/op"), times)
		}
		s.rows = append(s.rows, row)
	}
	return s
}
