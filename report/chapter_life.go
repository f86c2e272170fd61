package report

import (
	"fmt"
	"slices"

	"parcon/experiments/variant"
	"parcon/report/chart"
)

// life is the chapter on how processes live and end.
func (v view) life() chapter {
	return chapter{v.title("life"), []section{v.lives(), v.ends(), v.statesOf()}}
}

// A sight is something that is looked for in a life experiment: what is counted
// by a unit in the trials of a variant.
type sight struct {
	id, mechanism, unit string
	pairs               []string
	what                string
}

var sights = []sight{
	{"F1", "zombie", "seen", nil, "a child that ended is a zombie and holds its number until its parent waits for it"},
	{"F2", "orphan", "seen", []string{"adopter", "init"}, "an orphan gets another parent, as the kernel finds one, and works on"},
	{"F2", "orphan", "reaped", []string{"adopter", "init"}, "that parent reaps it when it ends"},
	{"F2", "orphan", "seen", []string{"adopter", "subreaper"}, "an orphan gets the process as its parent that asked for orphans, and works on"},
	{"F2", "orphan", "reaped", []string{"adopter", "subreaper"}, "that parent reaps it when it ends"},
	{"F3", "daemon", "seen", []string{"kind", "daemon", "end", "exit"}, "a daemon ends when its parent exits"},
	{"F3", "daemon", "seen", []string{"kind", "daemon", "end", "kill"}, "a daemon ends when its parent is killed"},
	{"F3", "daemon", "seen", []string{"kind", "plain", "end", "exit"}, "a plain child lives on when its parent exits"},
	{"F3", "daemon", "seen", []string{"kind", "plain", "end", "kill"}, "a plain child lives on when its parent is killed"},
	{"F5", "exits", "seen", []string{"way", "done"}, "the exit status tells that the work was done"},
	{"F5", "exits", "seen", []string{"way", "error"}, "the exit status tells an error"},
	{"F5", "exits", "seen", []string{"way", "fault"}, "the exit status tells a fatal fault (SIGSEGV)"},
	{"F5", "exits", "seen", []string{"way", "killed"}, "the exit status tells that it was killed (SIGKILL)"},
	{"F7", "join", "seen", nil, "a join with a time-out gives up, and the child works on"},
}

func (v view) lives() section {
	s := section{topic: "Zombies, orphans, daemons, exits and joins (F1, F2, F3, F5, F7)", answer: true, head: []string{"claim", "what was looked for", "seen"}}
	var seen total
	for i, id := range claimsOf(sights) {
		of, failed := total{}, [][]string(nil)
		for _, look := range sights {
			if look.id != id {
				continue
			}
			m := v.mechanism("life", look.mechanism)
			t := m.count(m.the(look.pairs...), look.unit)
			if of = of.plus(t); !t.all() {
				failed = append(failed, []string{"", "of these: " + look.what, t.String()})
			}
		}
		if of.tries > 0 {
			s.rows = append(append(s.rows, []string{id, lifeClaims[i], of.String()}), failed...)
		}
		seen = seen.plus(of)
	}
	s.finding = finding(s.topic, seen.clause("zombies, orphans, daemons, exits and joins did what textbooks say in %s tries"))
	return s
}

// claimsOf are the claims that sights are about, in order.
func claimsOf(sights []sight) []string {
	var ids []string
	for _, look := range sights {
		if !slices.Contains(ids, look.id) {
			ids = append(ids, look.id)
		}
	}
	return ids
}

// lifeClaims are these claims in words.
var lifeClaims = []string{
	"a child that ended is a zombie until its parent waits for it",
	"an orphan gets another parent (init, or a process that asked for orphans), works on, and is reaped when it ends",
	"a daemon ends when its parent exits or is killed, a plain child lives on",
	"the exit status tells done, error, fatal fault (SIGSEGV) and killed (SIGKILL) apart",
	"a join with a time-out gives up, and the child works on",
}

var signalNames = map[string]string{"term": "SIGTERM, ended by a handler", "kill": "SIGKILL"}

func (v view) ends() section {
	m := v.mechanism("life", "terminate")
	s := section{
		topic: "After the signal (F4)", head: []string{"signal", "still there a moment later", "typically gone after (p50)", "at most (p99)"},
		note: fmt.Sprintf("A moment: as long as it takes to look. Gone: its parent knows of the end. Medians over trials with %ss; of fewer than 100 tries in a trial the p99 is the slowest.", v.table.interval()),
	}
	s.finding = finding(s.topic,
		m.total("seen", m.with("way", "term")).clause("after SIGTERM %s processes were still there a moment later"),
		m.total("seen", m.with("way", "kill")).clause("after SIGKILL %s were"))
	for _, one := range m.variants {
		s.rows = append(s.rows, []string{
			signalNames[one.Get("way")], m.count(one, "seen").String(), spans(m.center(one, "gone-p50-ns")), spans(m.center(one, "gone-p99-ns")),
		})
	}
	return s
}

func (v view) statesOf() section {
	m := v.mechanism("life", "states")
	s := section{topic: "Running, ready, blocked (F6)"}
	in := func(work, state, format string) string {
		i := m.center(m.the("work", work), state+"-share")
		if i.N == 0 {
			return ""
		}
		return fmt.Sprintf(format, percent(atMostAll(i.Estimate)))
	}
	s.finding = finding("share of time that processes are running, ready and blocked", lean(
		in("compute", "running", "processes that compute run %s of the time"),
		in("wait", "blocked", "those that wait are blocked %s"),
		in("oversubscribed", "ready", "with four per core they are ready %s")))
	var rows []string
	var panels []chart.Panel
	for _, state := range []string{"running", "ready", "blocked"} {
		p := chart.Panel{Title: state, Shared: true, Format: func(v float64) string { return percent(v / 100) }, Tick: func(v float64) string { return percent(v / 100) }}
		for _, one := range m.variants {
			p.Values = append(p.Values, shareOf(m, one, state))
		}
		panels = append(panels, p)
	}
	for _, one := range m.variants {
		rows = append(rows, one.Get("work"))
	}
	s.dots("states", rows, panels, chart.Text{
		Subtitle: "Share of the time that processes are in a state. compute: a process for each core. wait: as many, which sleep. oversubscribed: four for each core compute.",
		Whiskers: v.ofMedians(),
		Note:     overRounds + " Ready: it could run, but has no core.",
	})
	return s
}

func shareOf(m trialsOf, v variant.Variant, state string) chart.Interval {
	i := m.center(v, state+"-share")
	i.Estimate, i.Low, i.High = atMostAll(i.Estimate), atMostAll(i.Low), atMostAll(i.High)
	return scaled(i, 0.01)
}
