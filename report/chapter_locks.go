package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

// locks is the chapter on who waits for whom.
func (v view) locks() chapter {
	return chapter{v.title("locks"), []section{
		v.semaphores(), v.events(), v.conditions(), v.deadlocks(), v.relocks(), v.timers(),
	}}
}

func (v view) semaphores() section {
	m := v.mechanism("locks", "semaphore")
	s := section{
		topic: "A semaphore of n (L1)",
		head:  []string{"unit", "n", "never more than n inside, and n at some time", "too many inside", "most inside"},
	}
	s.finding = finding(s.topic, m.total("over", m.variants).clause("a semaphore let more units in than its n in %s tries"))
	for _, group := range m.alike("unit", func(v variant.Variant) bool { return m.count(v, "seen").all() }) {
		s.rows = append(s.rows, []string{
			group[0].Get("unit"), each(group, get("size")), m.total("seen", group).String(), m.total("over", group).String(),
			each(group, func(v variant.Variant) string { return whole(m.most(v, "most-inside")) }),
		})
	}
	return s
}

func (v view) events() section {
	m := v.mechanism("locks", "event")
	s := section{
		topic: "An event (L2)",
		head:  []string{"unit", "all 8 woken", "a wait of 2 ms timed out in time", "too early", "typically late by (p50)", "at most late by (p99)"},
		note:  fmt.Sprintf("p50 and p99: the median over trials, with its %s. Of fewer than 100 tries in a trial the p99 is the latest.", v.table.interval()),
	}
	s.finding = finding(s.topic,
		m.total("seen", m.variants).clause("an event woke all who waited in %s tries"),
		m.total("timeouts", m.variants).clause("a wait for one that never came timed out in time in %s"))
	for _, one := range m.variants {
		s.rows = append(s.rows, []string{
			one.Get("unit"), m.count(one, "seen").String(), m.count(one, "timeouts").String(), m.count(one, "early").String(),
			spans(m.center(one, "late-p50-ns")), spans(m.center(one, "late-p99-ns")),
		})
	}
	return s
}

func (v view) conditions() section {
	m := v.mechanism("locks", "condition")
	s := section{topic: "A condition (L3)", head: []string{"unit", "told to wake, of 8", "just so many woke", "more woke", "fewer woke"}}
	s.finding = finding(s.topic, m.total("seen", m.variants).clause("a condition woke just as many as it was told to in %s tries"))
	for _, group := range m.alike("unit", func(v variant.Variant) bool { return m.count(v, "seen").all() }) {
		s.rows = append(s.rows, []string{
			group[0].Get("unit"), each(group, get("wake")), m.total("seen", group).String(), m.total("more", group).String(), m.total("less", group).String(),
		})
	}
	return s
}

func (v view) deadlocks() section {
	m := v.mechanism("locks", "deadlock")
	s := section{
		topic: "Two locks in opposite order (L4)", answer: true,
		head: []string{"unit", "order of the locks", "deadlocks found", "both holders named", "left hanging"},
		note: "A watchdog looks who holds and who waits, and makes one of the two give up. Holders named: of the deadlocks found. Left hanging: units in all tries.",
	}
	in := func(order, unit string) total { return m.total(unit, m.with("order", order)) }
	left := in("opposite", "hanging").plus(in("fixed", "hanging"))
	s.finding = finding(s.topic,
		in("opposite", "seen").clause("two units that take two locks in opposite order were in a deadlock in %s tries"),
		in("fixed", "seen").clause("in one fixed order they were in %s"))
	if left.tries > 0 {
		s.finding += fmt.Sprintf("; %s left hanging", grouped(left.count))
	}
	for _, one := range m.variants {
		seen, named := m.fact(one, "seen"), m.fact(one, "named")
		s.rows = append(s.rows, []string{
			one.Get("unit"), one.Get("order"), seen.String(), total{named.Count, seen.Count}.String(), grouped(m.fact(one, "hanging").Count),
		})
	}
	return s
}

func (v view) relocks() section {
	m, costs := v.mechanism("locks", "relock"), v.mechanism("locks", "lockcost")
	s := section{
		topic: "A lock that its holder takes again (L5)",
		head:  []string{"unit", "plain lock hangs", "reentrant lock hangs", "plain: time of a lock", "reentrant: time of a lock", "reentrant over plain"},
		note:  fmt.Sprintf("Time to take a lock that nobody else wants and let it go, with %ss. %s", v.table.interval(), paired),
	}
	hung := func(lock, format string) string { return m.total("seen", m.with("lock", lock)).clause(format) }
	price := func(unit, format string) string {
		return clause(costs.ratio(costs.the("lock", "reentrant", "unit", unit), costs.the("lock", "plain", "unit", unit), "ns/op"), format)
	}
	s.finding = finding(s.topic,
		hung("plain", "taken again by its holder, a plain lock hung in %s tries"),
		hung("reentrant", "a reentrant one hung in %s"),
		lean(
			price("goroutine", "for goroutines a reentrant lock costs %s the time of a plain one"),
			price("process", "for processes %s")))
	units := m.values("unit")
	for _, unit := range costs.values("unit") {
		if !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	for _, unit := range units {
		plain, again := costs.the("lock", "plain", "unit", unit), costs.the("lock", "reentrant", "unit", unit)
		s.rows = append(s.rows, []string{
			unit, m.count(m.the("lock", "plain", "unit", unit), "seen").String(), m.count(m.the("lock", "reentrant", "unit", unit), "seen").String(),
			spans(costs.center(plain, "ns/op")), spans(costs.center(again, "ns/op")), withInterval(costs.ratio(again, plain, "ns/op"), times),
		})
	}
	return s
}

func (v view) timers() section {
	m := v.mechanism("locks", "timer")
	s := section{topic: "How late a timer fires (L6)"}
	delays := m.values("delay")
	if len(delays) == 0 {
		return s
	}
	after := func(load, delay string) stat.Interval { return later(m, m.the("load", load, "delay", delay)) }
	set := delays[:min(2, len(delays))]
	said := func(load, format string) string {
		var fires []string
		for _, delay := range set {
			if i := after(load, delay); i.N > 0 {
				fires = append(fires, round(i.Estimate))
			}
		}
		if len(fires) < len(set) {
			return ""
		}
		return fmt.Sprintf(format, strings.Join(slices.Compact(fires), " or "))
	}
	if text := joined(", ", said("full", "after %s beside computing goroutines"), said("idle", "after %s alone")); text != "" {
		s.finding = fmt.Sprintf("A timer set to %s typically fires %s", strings.Join(spacedAll(set), " or "), text)
	} else {
		s.finding = finding("how late timers fire")
	}
	var rows []string
	fires := chart.Panel{Title: "from start to firing, p50", Log: true, Format: span, Tick: tickSpan}
	half := chart.Panel{Title: "late, p50", Log: true, Shared: true, Format: span, Tick: tickSpan}
	most := chart.Panel{Title: "late, p99", Log: true, Shared: true, Format: span, Tick: tickSpan}
	for _, load := range m.values("load") {
		for _, one := range m.with("load", load) {
			rows = append(rows, named(load)+", "+spaced(one.Get("delay")))
			fires.Values = append(fires.Values, drawn(later(m, one)))
			half.Values = append(half.Values, drawn(m.center(one, "late-p50-ns")))
			most.Values = append(most.Values, drawn(m.center(one, "late-p99-ns")))
		}
	}
	loads := "Rows: load, and what the timer is set to. idle: nothing else runs. full: as many goroutines compute as there are cores. gil: one computes, and one core runs Go code at a time (GOMAXPROCS=1)."
	if len(m.with("load", "cpython")) > 0 {
		loads += " CPython: a threading.Timer beside a thread that computes."
	}
	s.dots("timer", rows, []chart.Panel{fires, half, most}, chart.Text{
		Subtitle: loads,
		Whiskers: v.ofMedians(),
		Note:     overRounds + " p50: half of the timers are not later; p99: nearly all. Of fewer than 100 timers in a trial the p99 is the latest.",
	})
	if s.figure.Figure != nil {
		s.note = m.total("early", m.variants).clause("Timers that fired before their time: %s.")
	}
	return s
}

// later is the time from the start of a timer to its typical firing.
func later(m trialsOf, v variant.Variant) stat.Interval {
	i := m.center(v, "late-p50-ns")
	delay, err := time.ParseDuration(v.Get("delay"))
	if err != nil {
		return stat.Interval{}
	}
	set := float64(delay.Nanoseconds())
	i.Estimate, i.Low, i.High = i.Estimate+set, i.Low+set, i.High+set
	return i
}

func spacedAll(durations []string) []string {
	var all []string
	for _, d := range durations {
		all = append(all, spaced(d))
	}
	return all
}
